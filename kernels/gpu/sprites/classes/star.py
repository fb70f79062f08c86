"""A plump star: plain, with a lighter star inside, or with a face."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import shade, tint
from sprites.scene import Scene, paint_face


def paint_star(scene: Scene) -> None:
    plane, dice = scene.object, scene.dice
    colour = dice.colour("yellow yellow pink teal red")
    body = plane.star(0, 0.05, 1.06, 0.56, 0.14)
    scene.paint(body, shade(colour, 0.22))
    scene.paint(np.maximum(body, plane.circle(-0.22, -0.20, 0.94)), colour)
    kind = dice.pick([0, 1, 2], [0.6, 0.25, 0.15])
    scene.paint(plane.star(0, 0.05, 0.60, 0.56, 0.06), tint(colour, 0.6), kind == 1)
    paint_face(scene, 0.0, 1.05, kind == 0)


STAR = Kind("star", paint_star, "night dusk violet deep", turns=(-0.2, 0.2))
