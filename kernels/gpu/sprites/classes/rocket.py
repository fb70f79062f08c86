"""A rocket with a big porthole and a flame, perhaps with a band and a ringed planet or a moon behind it."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, WHITE, shade
from sprites.scene import Scene, paint_moon


def paint_rocket(scene: Scene) -> None:
    plane, ground, dice = scene.object, scene.ground, scene.dice
    sky = dice.pick([0, 1, 2], [0.4, 0.3, 0.3])  # empty, moon, planet
    paint_moon(scene, 0.0, sky == 1)
    scene.paint(ground.circle(-0.62, -0.64, 0.20), COLOURS["orange"], sky == 2)
    scene.paint(np.abs(ground.ellipse(-0.62, -0.62, 0.36, 0.11)) - 0.04, COLOURS["butter"], sky == 2)

    colour, accent = dice.colour("white yellow mint"), dice.colour("red orange pink")
    scene.paint(plane.ellipse(0, 0.68, 0.24, 0.40), COLOURS["orange"])
    scene.paint(plane.ellipse(0, 0.64, 0.14, 0.26), COLOURS["yellow"])
    for side in (-1, 1):
        fin = [(side * 0.18, 0.0), (side * 0.18, 0.60), (side * 0.74, 0.84), (side * 0.66, 0.36)]
        scene.paint(plane.polygon(fin, 0.06), shade(accent, 0.0 if side < 0 else 0.15))
    scene.paint(plane.box(0, 0.60, 0.22, 0.09, 0.03), COLOURS["grey"])
    body = np.maximum(plane.ellipse(0, 0.0, 0.42, 1.0), plane.y - 0.56)
    scene.paint(body, shade(colour, 0.18))
    scene.paint(np.maximum(body, plane.ellipse(-0.16, 0.0, 0.42, 1.1)), colour)
    scene.paint(np.maximum(body, plane.y + 0.48), accent)
    scene.paint(np.maximum(body, np.abs(plane.y - 0.36) - 0.09), accent, dice.yes(0.5))
    scene.paint(plane.circle(0, -0.12, 0.25), shade(accent, 0.3))
    scene.paint(plane.circle(0, -0.12, 0.17), COLOURS["sky"])
    scene.paint(plane.circle(-0.05, -0.17, 0.07), WHITE)


ROCKET = Kind("rocket", paint_rocket, "night violet dusk deep", turns=(0.3,))
