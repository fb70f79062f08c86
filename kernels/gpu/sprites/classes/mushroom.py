"""A spotted mushroom, with or without a face and a little one beside it."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, shade
from sprites.scene import Scene, paint_face, paint_hill
from sprites.shapes import smooth_max

SPOTS = [(-0.46, -0.16, 0.15), (0.46, -0.16, 0.15), (0.0, -0.44, 0.18), (0.0, 0.0, 0.10)]


def paint_mushroom(scene: Scene) -> None:
    plane, dice = scene.object, scene.dice
    paint_hill(scene, 0.62, "grass grass sand")
    colour, spot = dice.colour("red orange purple blue teal"), dice.colour("white butter")
    little = dice.yes(0.35)
    scene.paint(plane.box(-0.74, 0.72, 0.09, 0.18, 0.06), COLOURS["cream"], little)
    scene.paint(np.maximum(plane.ellipse(-0.74, 0.62, 0.28, 0.30), plane.y - 0.64), colour, little)

    stem = plane.polygon([(-0.38, 0.90), (0.38, 0.90), (0.28, -0.1), (-0.28, -0.1)], 0.12)
    scene.paint(stem, shade(COLOURS["cream"], 0.16))
    scene.paint(np.maximum(stem, plane.x - 0.17), COLOURS["cream"])
    scene.paint(np.maximum(stem, plane.y - 0.24), shade(COLOURS["cream"], 0.3))
    cap = smooth_max(plane.ellipse(0, 0.12, 0.90, 0.94), plane.y - 0.16, 0.12)
    scene.paint(cap, shade(colour, 0.2))
    scene.paint(np.maximum(cap, plane.ellipse(-0.10, 0.0, 0.88, 0.92)), colour)
    for x, y, radius in SPOTS:
        scene.paint(plane.ellipse(x, y, radius, radius * 0.9), spot)
    paint_face(scene, 0.47, 0.66, dice.yes(0.6))


MUSHROOM = Kind("mushroom", paint_mushroom, "day peach mint dusk")
