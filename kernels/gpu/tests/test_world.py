"""The sprites world is decided by count, seed and size, and its first pictures do not depend on how many follow."""

import numpy as np

from sprites.classes import NAMES
from sprites.world import make, paint_all


def test_the_same_seed_gives_the_same_pictures() -> None:
    (first, labels), (second, again) = make(40, 3), make(40, 3)
    assert (first == second).all() and (labels == again).all()
    assert (make(40, 4)[0] != first).any()


def test_a_class_has_few_pictures_and_all_are_drawn() -> None:
    """As the module says: 108 stars."""
    stars = paint_all(np.full(3000, NAMES.index("star")), np.random.RandomState(0), 16)
    assert len({star.tobytes() for star in stars}) == 108


def test_pictures_have_their_type_size_and_classes() -> None:
    pictures, labels = make(300, 5, size=32)
    assert pictures.shape == (300, 3, 32, 32) and pictures.dtype == np.uint8
    assert sorted(set(labels)) == list(range(len(NAMES))) and len(NAMES) == 10
