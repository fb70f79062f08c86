"""Where a series and its figures are kept, and the arguments that every command of it shares."""

import argparse
from pathlib import Path

import torch

from scenes.recipe import SMALL
from sprites.run import Run

ROOT = Path(__file__).parents[3]
FOLDER, FIGURES = ROOT / ".train-scenes", ROOT / "docs" / "evaluation" / "scenes"


def parser_of(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the series")
    parser.add_argument("--seed", type=int, default=0, help="of the training")
    parser.add_argument("--threads", type=int, default=1)
    return parser


def open_run(arguments: argparse.Namespace, side: int = SMALL) -> Run:
    """A side of 64 has a folder in the folder: its own tokenizer, its own codes."""
    torch.set_num_threads(arguments.threads)
    return Run(arguments.folder if side == SMALL else arguments.folder / str(side), arguments.seed)
