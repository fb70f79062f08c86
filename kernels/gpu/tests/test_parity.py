"""Ours against the figures of the official code, and figures that are off are seen."""

from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest

from parity import FAMILIES, TOLERANCE, errors, fixture, largest_error, load

HERE = [family for family in FAMILIES if find_spec(f"parity.{family}")]


@pytest.mark.parametrize("family", HERE)
def test_every_quantity_is_that_of_the_official_code(family: str) -> None:
    measured = import_module(f"parity.{family}").compare(load(fixture(family)))
    assert measured and not {name: error for name, error in measured.items() if error > TOLERANCE}


@pytest.mark.parametrize("family", HERE)
def test_fixtures_are_small(family: str) -> None:
    assert fixture(family).stat().st_size < 300_000


def test_errors_are_the_largest_of_all_steps() -> None:
    record = {"seed": np.array(1), "codes.0": np.zeros(2), "codes.1": np.zeros(2), "pixels.0": np.zeros(1)}
    ours = {"codes.0": np.array([0, -0.5]), "codes.1": np.array([0.25, 0]), "pixels.0": np.zeros(1)}
    assert errors(record, ours) == {"codes": 0.5, "pixels": 0.0}


def test_what_is_missing_or_of_another_shape_or_not_a_number_is_infinitely_wrong() -> None:
    assert errors({"codes.0": np.zeros(2)}, {}) == {"codes": np.inf}
    assert largest_error(np.zeros(2), np.zeros((2, 1))) == np.inf
    assert largest_error(np.zeros(2), np.array([0, np.nan])) == np.inf
