"""A plump star, plain, with a lighter star inside or with a face; perhaps with a moon or little lights around it."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, shade, tint
from sprites.scene import Scene, paint_face, paint_moon


def paint_star(scene: Scene) -> None:
    plane, dice = scene.object, scene.dice
    sky = dice.pick([0, 1, 2], [0.4, 0.3, 0.3])  # empty, moon, lights
    paint_moon(scene, 0.10, sky == 1)
    for x, y, radius in ((-0.86, -0.82, 0.07), (0.88, -0.70, 0.09), (-0.92, 0.72, 0.08), (0.86, 0.90, 0.06)):
        scene.paint(scene.ground.circle(x, y, radius), COLOURS["butter"], sky == 2)
    colour = dice.colour("yellow yellow orange pink red")
    body = plane.star(0, 0.05, 1.06, 0.56, 0.14)
    scene.paint(body, shade(colour, 0.22))
    scene.paint(np.maximum(body, plane.circle(-0.22, -0.20, 0.94)), colour)
    kind = dice.pick([0, 1, 2], [0.6, 0.25, 0.15])
    scene.paint(plane.star(0, 0.05, 0.60, 0.56, 0.06), tint(colour, 0.6), kind == 1)
    paint_face(scene, 0.0, 1.05, kind == 0)


STAR = Kind("star", paint_star, "night violet deep", turns=(-0.12,))
