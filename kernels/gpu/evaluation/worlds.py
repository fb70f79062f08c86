"""The worlds that built-in models were trained on, by the model's id: real pictures, and measures against them.

A measure takes pictures uint8 [n, 3, H, W] and the labels [n] that were asked for, and gives named numbers; whatever
real side it needs, it has made before. A new one is added to its world's `measures`; a new model is a line in WORLDS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch.nn as nn

Measure = Callable[[np.ndarray, np.ndarray], dict[str, float]]
Pictures = tuple[np.ndarray, np.ndarray]  # uint8 [n, 3, H, W], and labels [n]

FLOOR = ("real", "reconstructions")  # what there is to measure of each set
FLOORS, FLOOR_SEED = 5, 720_000  # sets of each; never trained on, nor measured against elsewhere


@dataclass(frozen=True)
class World:
    classes: list[str]
    side: int  # of a picture, in pixels
    real: Callable[[int, int], Pictures]  # count and seed to fresh ones, as many of each class, classes by turns
    reconstruct: Callable[[np.ndarray], np.ndarray]  # what the model's tokenizer keeps of real pictures
    judge: Callable[[Path], nn.Module]  # a folder to keep it in, to a network as `reference.Looking` takes it
    measures: Callable[[Path], list[Measure]]  # a folder to keep their real sides in


def sprites(weights: Path) -> World:
    """Of var-sprites."""
    from sprites.classes import NAMES
    from sprites.evaluate import prepare, real_pictures, reconstruct
    from sprites.judge import load_judge
    from sprites.pair import load_pair
    from sprites.run import Run

    pair = load_pair(weights)
    return World(
        classes=NAMES,
        side=64,
        real=real_pictures,
        reconstruct=lambda pictures: reconstruct(pair, pictures),
        judge=lambda folder: load_judge(Run(folder, seed=0), 0),
        measures=lambda folder: [prepare(Run(folder, seed=0), pair).measure],
    )


def scenes(weights: Path) -> World:
    """Of var-scenes."""
    import torch

    from scenes.kinds import NAMES
    from scenes.measures import Yardstick
    from scenes.shown import WORLD, load_judge, real_pictures
    from sprites.evaluate import reconstruct
    from sprites.pair import load_pair
    from sprites.run import Run

    pair = load_pair(weights)

    def measures(folder: Path) -> list[Measure]:
        yardstick = Yardstick.made(Run(folder, seed=0), WORLD)
        return [lambda *made: yardstick.measure(*map(torch.from_numpy, made), seed=0, critic=False)]

    return World(
        classes=NAMES,
        side=WORLD.side,
        real=real_pictures,
        reconstruct=lambda pictures: reconstruct(pair, pictures),
        judge=lambda folder: load_judge(Run(folder, seed=0)),
        measures=measures,
    )


def floor_of(world: World, size: int, i: int) -> dict[str, Pictures]:
    """The i-th set of other real pictures, and their reconstructions: what no model gets below."""
    pictures, labels = world.real(size, FLOOR_SEED + 1000 * i)
    return {"real": (pictures, labels), "reconstructions": (world.reconstruct(pictures), labels)}


WORLDS: dict[str, Callable[[Path], World]] = {"var-sprites": sprites, "var-scenes": scenes}
WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


def open_world(model: str) -> World:
    """Raises KeyError where the model has none."""
    return WORLDS[model](WEIGHTS / model)
