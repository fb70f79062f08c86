"""A fish with a big eye: plain, with two stripes or with three spots, perhaps with bubbles."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, INK, WHITE, shade, tint
from sprites.scene import Scene, choose


def paint_fish(scene: Scene) -> None:
    plane, dice = scene.object, scene.dice
    bubbles = dice.yes(0.6)
    for x, y, radius in ((0.84, -0.58, 0.15), (0.60, -0.86, 0.11)):
        scene.paint(plane.circle(x, y, radius), COLOURS["sky"], bubbles)
    weed = dice.yes(0.5)
    for x, height in ((-0.70, 0.50), (-0.84, 0.62), (0.78, 0.58)):
        scene.paint(scene.ground.segment(x, 1.1, x, height, 0.075), COLOURS["leaf"], weed)

    colour = dice.colour("orange yellow pink purple")
    other = choose(COLOURS["yellow"], WHITE, np.abs(colour - COLOURS["purple"]).sum(1) < 0.01)
    tail_up = plane.polygon([(-0.38, 0.06), (-1.0, -0.48), (-0.82, 0.06)], 0.06)
    tail_down = plane.polygon([(-0.38, -0.06), (-1.0, 0.48), (-0.82, -0.06)], 0.06)
    scene.paint(np.minimum(tail_up, tail_down), other)
    scene.paint(plane.ellipse(-0.02, -0.46, 0.34, 0.26), other)
    scene.paint(plane.ellipse(-0.08, 0.46, 0.22, 0.20), other)
    body = plane.ellipse(0.08, 0, 0.74, 0.54)
    scene.paint(body, shade(colour, 0.18))
    scene.paint(np.maximum(body, plane.ellipse(0.08, -0.28, 0.98, 0.62)), colour)

    pattern = dice.pick([0, 1, 2], [0.3, 0.4, 0.3])  # plain, stripes, spots
    for x in (-0.36, 0.0):
        scene.paint(np.maximum(np.abs(plane.x - x) - 0.10, body), other, pattern == 1)
    for x, y in ((-0.36, -0.06), (-0.08, 0.20), (-0.06, -0.24)):
        scene.paint(plane.circle(x, y, 0.12), other, pattern == 2)
    scene.paint(plane.circle(0.44, -0.12, 0.20), WHITE)
    scene.paint(plane.circle(0.49, -0.11, 0.12), INK)
    scene.paint(plane.arc(0.62, 0.14, 0.13, 0.9, 0.04), shade(colour, 0.7))
    scene.paint(plane.ellipse(0.36, 0.20, 0.10, 0.07), tint(colour, 0.45), pattern == 0)


FISH = Kind("fish", paint_fish, "aqua deep", turns=(-0.1,), mirrors=True)
