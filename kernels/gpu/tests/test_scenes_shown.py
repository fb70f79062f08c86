"""The real side of var-scenes: fresh pictures shared out over the classes, a judge of its own, and its measures."""

from pathlib import Path

import numpy as np
import pytest
import torch

from evaluation.reference import Looking, halve
from evaluation.worlds import open_world
from scenes import measures
from scenes.kinds import NAMES
from scenes.recover import train_recoverer
from scenes.shown import load_judge, real_pictures
from sprites.run import Run


def test_real_pictures_have_every_class_in_turn_and_are_those_of_their_seed() -> None:
    pictures, labels = real_pictures(70, 5)
    assert pictures.shape == (70, 3, 64, 64) and pictures.dtype == np.uint8
    assert labels.tolist() == [i % len(NAMES) for i in range(70)]
    again, other = real_pictures(32, 5)[0], real_pictures(32, 6)[0]
    assert np.array_equal(again, pictures[:32]) and not np.array_equal(other, again)


def test_a_judge_is_trained_once_and_looks_at_every_class(tmp_path: Path) -> None:
    first, again = (load_judge(Run(tmp_path, 0), pictures=64, steps=2) for _ in range(2))
    pictures = torch.from_numpy(real_pictures(4, 7)[0])
    (features, places, labels), seen = Looking(halve(first))(pictures), Looking(halve(again))(pictures)
    assert (features.shape, places.shape, labels.shape) == ((4, 64), (4, 64, 8, 8), (4, len(NAMES)))
    assert all(torch.equal(x, y) for x, y in zip((features, places, labels), seen, strict=True))


def test_its_measures_tell_noise_from_real_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = measures.Yardstick.made
    monkeypatch.setattr(measures.Yardstick, "made", lambda run, world: made(run, world, reals=300))

    def barely(run: Run, side: int) -> torch.nn.Module:
        return train_recoverer(run, side, pictures=128, steps=2).eval()

    monkeypatch.setattr(measures, "load_recoverer", barely)
    world = open_world("var-scenes")
    assert (world.classes, world.side) == (NAMES, 64)
    [measure] = world.measures(tmp_path)
    pictures, labels = real_pictures(64, 8)
    noise = np.random.RandomState(0).randint(0, 256, pictures.shape).astype(np.uint8)
    real, spoilt = measure(pictures, labels), measure(noise, labels)
    assert real["fd_embedding"] < spoilt["fd_embedding"] and real.keys() == spoilt.keys()
    assert measure(pictures, labels) == real
