"""A batch of pictures of one class being painted, the dice behind it, and what several classes share."""

from dataclasses import dataclass

import numpy as np

from sprites.palette import COLOURS, INK, WHITE, shade
from sprites.shapes import Number, Plane, smooth_min, spread


@dataclass(frozen=True)
class Dice:
    """One choice a picture, for m pictures; every choice is from a short list."""

    random: np.random.RandomState
    m: int

    def pick(self, values: list[float], chances: list[float] | None = None) -> np.ndarray:
        return np.array(values, np.float32)[self.random.choice(len(values), self.m, p=chances)]

    def yes(self, chance: float) -> np.ndarray:
        return (self.random.rand(self.m) < chance).astype(np.float32)

    def colour(self, names: str) -> np.ndarray:
        """[m, 3], from names with spaces between them."""
        choices = np.stack([COLOURS[name] for name in names.split()])
        return choices[self.random.randint(0, len(choices), self.m)]


@dataclass(frozen=True)
class Scene:
    """pixels [m, H, W, 3], painted back to front; `ground` is the plane that is not turned or mirrored."""

    pixels: np.ndarray
    object: Plane
    ground: Plane
    pixel: float  # a pixel's side in those coordinates
    dice: Dice

    def paint(self, distance: np.ndarray, colour: np.ndarray, shown: Number = 1.0) -> None:
        """Fill where distance < 0, anti-aliased over one pixel; colour is [3] or [m, 3], shown 0 or 1."""
        cover = np.clip(0.5 - distance / self.pixel, 0, 1) * spread(shown)
        colour = np.asarray(colour, np.float32)
        self.pixels[...] += ((colour if colour.ndim == 1 else colour[:, None, None]) - self.pixels) * cover[..., None]


def choose(first: np.ndarray, second: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """[m, 3] colours: the first where the condition holds."""
    return np.where(np.asarray(condition, bool)[:, None], first, second)


def paint_hill(scene: Scene, y: float, colours: str) -> None:
    colour = scene.dice.colour(colours)
    depth = scene.ground.y - y - 0.08 * scene.ground.x**2
    scene.paint(-depth, colour)
    scene.paint(0.16 - depth, shade(colour, 0.09))


def paint_sky(scene: Scene) -> None:
    """Nothing, a sun in the left corner, or a cloud in the right one."""
    kind = scene.dice.pick([0, 1, 2], [0.4, 0.3, 0.3])
    plane = scene.ground
    scene.paint(plane.circle(-0.80, -0.80, 0.21), COLOURS["yellow"], kind == 1)
    cloud = smooth_min(plane.circle(0.56, -0.76, 0.12), plane.circle(0.75, -0.82, 0.18), 0.06)
    cloud = smooth_min(cloud, plane.circle(0.95, -0.76, 0.13), 0.06)
    scene.paint(cloud, WHITE, kind == 2)


def paint_moon(scene: Scene, out: float, shown: Number) -> None:
    """A crescent in the left corner, or further out."""
    x, y = -0.68 - out, -0.66 - out
    plane = scene.ground
    moon = np.maximum(plane.circle(x, y, 0.22), -plane.circle(x + 0.12, y - 0.08, 0.19))
    scene.paint(moon, COLOURS["butter"], shown)


def paint_face(scene: Scene, y: float, size: float, shown: Number = 1.0) -> None:
    """Two eyes, two cheeks, a smile."""
    plane = scene.object
    for side in (-1, 1):
        scene.paint(plane.ellipse(side * 0.23 * size, y, 0.075 * size, 0.105 * size), INK, shown)
        scene.paint(
            plane.ellipse(side * 0.46 * size, y + 0.15 * size, 0.10 * size, 0.075 * size), COLOURS["coral"], shown
        )
    scene.paint(plane.arc(0, y + 0.02 * size, 0.17 * size, 0.95, 0.045 * size), INK, shown)
