"""The sprites world: labelled pictures of ten classes, decided by (count, seed, size) alone.

All variety comes from discrete choices that one sees from afar: colours, kinds, companions, tilts. A small model draws
those cleanly; sizes and places that differ by a pixel or two it only smudges, so an object keeps its size and place.
There are 16,798 different pictures, from 108 stars to 10,368 houses.
"""

import numpy as np

from sprites.classes import KINDS
from sprites.palette import BACKGROUNDS
from sprites.scene import Dice, Scene
from sprites.shapes import Plane, spread

CHUNK = 250
SIZE = 0.88  # of the object, in half pictures


def make(count: int, seed: int, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 [count, 3, size, size] and labels int64 [count]."""
    pictures, labels = np.empty((count, 3, size, size), np.uint8), np.empty(count, np.int64)
    for chunk, start in enumerate(range(0, count, CHUNK)):
        random = np.random.RandomState([seed, chunk])
        part = slice(start, min(start + CHUNK, count))
        labels[part] = random.randint(0, len(KINDS), part.stop - part.start)
        pictures[part] = paint_all(labels[part], random, size)
    return pictures, labels


def paint_all(labels: np.ndarray, random: np.random.RandomState, size: int) -> np.ndarray:
    pictures = np.empty((len(labels), 3, size, size), np.uint8)
    for label in range(len(KINDS)):
        where = np.flatnonzero(labels == label)
        if len(where):
            pixels = paint_class(label, Dice(random, len(where)), size)
            pictures[where] = (np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8).transpose(0, 3, 1, 2)
    return pictures


def paint_class(label: int, dice: Dice, size: int) -> np.ndarray:
    """[m, size, size, 3] in 0 to 1."""
    kind = KINDS[label]
    turn = dice.pick(list(kind.turns))
    mirror = dice.pick([-1, 1]) if kind.mirrors else np.ones(dice.m, np.float32)
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis, axis)

    top, bottom = background(kind.backgrounds.split(), dice)
    pixels = top[:, None, None] + (bottom - top)[:, None, None] * ((y[:, :, None] + 1) / 2)
    ground = Plane(*(np.broadcast_to(axis / 0.9, (dice.m, size, size)) for axis in (x, y)))
    dx, dy = x / SIZE, y / SIZE
    cosine, sine = np.cos(spread(turn)), np.sin(spread(turn))
    own = Plane((dx * cosine + dy * sine) * spread(mirror), dy * cosine - dx * sine)
    scene = Scene(pixels.astype(np.float32), own, ground, 2 / size / SIZE, dice)
    kind.paint(scene)
    return scene.pixels


def background(names: list[str], dice: Dice) -> tuple[np.ndarray, np.ndarray]:
    chosen = dice.random.randint(0, len(names), dice.m)
    pairs = [BACKGROUNDS[name] for name in names]
    return np.stack([pair[0] for pair in pairs])[chosen], np.stack([pair[1] for pair in pairs])[chosen]
