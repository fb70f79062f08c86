"""Parity with the official code: golden figures from the official classes, and how far ours are from them.

A family is one module here with

    CHECKOUT: str                                the official repository's name, `VAR`
    record(folder: Path, seed: int) -> Record    builds the official classes small, with the weights of `seed`
    compare(record: Record) -> Errors            builds ours with the same weights, without the official code

A record is a flat dict of arrays, saved as tests/fixtures/parity-{family}.npz. `quantity.3` is the quantity at step 3;
`seed` and whatever else the comparison needs stand beside the figures.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

Record = dict[str, np.ndarray]
Errors = dict[str, float]

TOLERANCE = 1e-4
FAMILIES = ("var", "infinity", "infinitystar")
FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures"


def fixture(family: str) -> Path:
    return FIXTURES / f"parity-{family}.npz"


def save(record: Record, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **record)


def load(path: Path) -> Record:
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays}


def largest_error(wanted: np.ndarray, made: np.ndarray) -> float:
    """The largest absolute difference; infinite for another shape or anything that is not a number."""
    if wanted.shape != made.shape:
        return float("inf")
    error = np.abs(wanted.astype(np.float64) - made.astype(np.float64)).max(initial=0.0)
    return float("inf") if np.isnan(error) else float(error)


def errors(record: Record, ours: Record, apart: Iterable[str] = ("seed",)) -> Errors:
    """The largest error a quantity, over its steps; every figure of the record but those apart must be there."""
    worst: Errors = {}
    for name, wanted in record.items():
        if name in apart:
            continue
        quantity = name.rsplit(".", 1)[0]
        error = largest_error(wanted, ours[name]) if name in ours else float("inf")
        worst[quantity] = max(worst.get(quantity, 0.0), error)
    return worst


def compare_line(family: str, quantity: str, error: float) -> str:
    return f"{family:<13} {quantity:<32} {error:.2e}{'' if error <= TOLERANCE else '  beyond ' + str(TOLERANCE)}"
