"""What a set of samples measures against fresh real pictures: python -m sprites.evaluate RUN_FOLDER [--count N].

Printed: other real pictures (the floor), reconstructions, and samples at a few settings. Class accuracy is blind here
(a model of three minutes gets 99.6%); Fréchet distances are by the features of two judges, of another scale each.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from sprites.classes import KINDS
from sprites.data import PART, parts, to_range
from sprites.distances import frechet, manifold
from sprites.guided import pictures_of, sample_set
from sprites.judge import Judge, Seen, load_judges
from sprites.oddness import Bank, make_bank
from sprites.pair import Pair, load_pair
from sprites.run import Run
from sprites.setting import Setting

REAL_SEED, FLOOR_SEED, BANK_SEED, HELD_OUT_SEED = 600_000, 620_000, 640_000, 660_000  # never trained on
REALS, BANK, FLOORS = 4000, 20_000, 3
HELD_OUT = 0.15  # as many more beside the bank, to set its units
ENCODE_BATCH = 100


def real_pictures(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fresh ones, picture i of class i mod classes, as samples are: the shares of the classes add no distance."""
    drawn = list(parts(-(-int(count * 1.3 + 200) // PART) * PART, seed))
    pictures, labels = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
    chosen = class_by_class(labels, len(KINDS), count)
    return pictures[chosen], labels[chosen]


def class_by_class(labels: np.ndarray, classes: int, count: int) -> np.ndarray:
    """Places of so many labels, the i-th of class i mod classes; there must be enough of each."""
    by_class = [np.flatnonzero(labels == label)[: -(-count // classes)] for label in range(classes)]
    return np.stack(by_class, axis=1).flatten()[:count]


@torch.no_grad()
def reconstruct(pair: Pair, pictures: np.ndarray) -> np.ndarray:
    batches = torch.from_numpy(pictures).split(ENCODE_BATCH)
    return np.concatenate([pictures_of(pair, pair.tokenizer.encode(to_range(batch, "cpu"))) for batch in batches])


def load_bank(run: Run, pair: Pair, size: int) -> Bank:
    """The bank of this tokenizer, from the folder, or made now."""
    name = f"bank-{pair.tokenizer_digest}-{size}.pt"
    if (state := run.load(name)) is None:
        run.log(f"bank: {size} reconstructions")
        pictures, labels = real_pictures(size, BANK_SEED)
        others, other_labels = real_pictures(int(size * HELD_OUT), HELD_OUT_SEED)
        bank = make_bank(reconstruct(pair, pictures), labels, reconstruct(pair, others), other_labels)
        state = {"pictures": torch.from_numpy(bank.pictures), "labels": torch.from_numpy(bank.labels)}
        run.save(name, state | {"usual": bank.usual_KP, "limit": bank.limit_K})
        return bank
    pictures, labels = state["pictures"].numpy(), state["labels"].numpy()
    return Bank(pictures, labels, state["usual"], state["limit"])


@dataclass
class Evaluation:
    """The real side of every measure, looked at once."""

    judges: list[Judge]
    real: list[Seen]
    bank: Bank

    def measure(self, pictures: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Every figure of a set of pictures uint8 [n, 3, H, W] that were asked to be of these classes."""
        figures: dict[str, float] = {}
        for i, (judge, real) in enumerate(zip(self.judges, self.real, strict=True)):
            made = judge.look(pictures)
            figures[f"fd{i}"] = frechet(real.features_BF, made.features_BF)
            figures[f"low_fd{i}"] = frechet(real.low_BC, made.low_BC)
            figures[f"accuracy{i}"] = (made.label_B.numpy() == labels).mean().item()
            if i == 0:
                figures |= manifold(real.features_BF[: len(labels)], made.features_BF)
        score_B = self.bank.scores(pictures, labels)
        figures["oddness"] = score_B.mean().item()
        figures["outliers"] = self.bank.outliers(score_B, labels).float().mean().item()
        return figures


def prepare(run: Run, pair: Pair, bank: int = BANK, reals: int = REALS) -> Evaluation:
    """Judges and bank come from the folder where they can."""
    judges = load_judges(run)
    pictures, _ = real_pictures(reals, REAL_SEED)
    return Evaluation(judges, [judge.look(pictures) for judge in judges], load_bank(run, pair, bank))


def floor(evaluation: Evaluation, pair: Pair, name: str, i: int, count: int) -> dict[str, float]:
    """Figures of the i-th other set of `real` pictures, or of its `reconstructions`."""
    pictures, labels = real_pictures(count, FLOOR_SEED + 1000 * i)
    return evaluation.measure(pictures if name == "real" else reconstruct(pair, pictures), labels)


def show(name: str, figures: dict[str, float]) -> None:
    print(f"{name:>16}", *(f"{key} {value:.3f}" for key, value in figures.items()), flush=True)


def measuring_parser(description: str | None) -> argparse.ArgumentParser:
    """The arguments of every command that measures a finished run."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("--count", type=int, default=1000, help="pictures a set")
    parser.add_argument("--bank", type=int, default=BANK, help="reconstructions that oddness is measured against")
    parser.add_argument("--cache", type=Path, help="where all of it is kept; default RUN_FOLDER/evaluation")
    parser.add_argument("--threads", type=int, default=2)
    return parser


def open_run(arguments: argparse.Namespace) -> tuple[Pair, Run]:
    """The pair to measure, and the folder in which what is found is kept."""
    torch.set_num_threads(arguments.threads)
    pair = load_pair(arguments.run_folder)
    run = Run(arguments.cache or arguments.run_folder / "evaluation", seed=0)
    run.log(f"{pair.source}, {pair.digest}")
    return pair, run


def main() -> None:
    parser = measuring_parser(__doc__)
    arguments = parser.parse_args()
    pair, run = open_run(arguments)
    evaluation = prepare(run, pair, arguments.bank)
    for name in ("real", "reconstructions"):
        show(name, floor(evaluation, pair, name, 0, arguments.count))
    for setting in (Setting(), Setting(top_p=0.95), Setting(1.5, top_p=0.95)):
        show(setting.label, evaluation.measure(*sample_set(pair, setting, 0, arguments.count)))


if __name__ == "__main__":
    main()
