"""`python -m parity --official FOLDER [--family F] [--seed S] [--save]`: record fresh figures, compare, print."""

import argparse
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from parity import FAMILIES, TOLERANCE, compare_line, fixture, save


def checkout(folder: Path, name: str, asked: bool) -> Path | None:
    """The family's own checkout: the one of that name in the folder, or the folder itself."""
    if (folder / name).is_dir():
        return folder / name
    return folder if asked or folder.resolve().name == name else None


def main() -> int:
    parser = argparse.ArgumentParser(prog="parity", description="Ours against the official code, with random weights.")
    parser.add_argument("--official", type=Path, required=True, help="a checkout, or a folder of them by their names")
    parser.add_argument("--family", choices=FAMILIES, help="default: every family whose checkout is there")
    parser.add_argument("--seed", type=int, default=0, help="of the weights, the conditions and the draws")
    parser.add_argument("--save", action="store_true", help="keep the record as the fixture of the tests")
    asked = parser.parse_args()

    met, compared = True, 0
    for family in [asked.family] if asked.family else FAMILIES:
        if find_spec(f"parity.{family}") is None:
            continue
        module = import_module(f"parity.{family}")
        folder = checkout(asked.official, module.CHECKOUT, asked.family is not None)
        if folder is None:
            print(f"{family}: no checkout {module.CHECKOUT} in {asked.official}")
            continue
        record = module.record(folder, asked.seed)
        if asked.save:
            save(record, fixture(family))
        for quantity, error in module.compare(record).items():
            print(compare_line(family, quantity, error))
            met = met and error <= TOLERANCE
        compared += 1
    return 0 if met and compared else 1


if __name__ == "__main__":
    sys.exit(main())
