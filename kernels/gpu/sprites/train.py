"""The whole training: python -m sprites.train [--out FOLDER] [--seed N]; run it again to go on after a kill."""

import argparse
from pathlib import Path

import torch

from sprites.codes import make_codes
from sprites.data import make_pictures
from sprites.publish import publish
from sprites.recipe import choose
from sprites.run import Run
from sprites.train_features import train_features
from sprites.train_tokenizer import train_tokenizer
from sprites.train_transformer import train_transformer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[3] / ".train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    run, recipe = Run(arguments.out, arguments.seed), choose()
    run.log(f"recipe: {recipe}")
    make_pictures(run, recipe.pictures)
    train_features(run, recipe)
    train_tokenizer(run, recipe)
    make_codes(run, recipe)
    train_transformer(run, recipe)
    publish(run, recipe)


if __name__ == "__main__":
    main()
