"""A round face: open, winking or laughing eyes; a smile, a grin or an astonished mouth."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, INK, WHITE, shade, tint
from sprites.scene import Scene


def paint_smiley(scene: Scene) -> None:
    plane, dice = scene.object, scene.dice
    colour = dice.colour("yellow yellow yellow orange pink")
    body = plane.circle(0, 0, 0.92)
    scene.paint(body, shade(colour, 0.2))
    scene.paint(np.maximum(body, plane.circle(-0.10, -0.10, 0.90)), colour)
    scene.paint(plane.ellipse(-0.44, -0.58, 0.17, 0.10), tint(colour, 0.6))

    eyes = dice.pick([0, 1, 2], [0.5, 0.25, 0.25])  # open, wink, laughing
    for side in (-1, 1):
        opened = (eyes == 0) | ((eyes == 1) & (side < 0))
        scene.paint(plane.ellipse(side * 0.32, -0.18, 0.13, 0.19), INK, opened)
        scene.paint(plane.circle(side * 0.32 + 0.04, -0.26, 0.06), WHITE, opened)
        scene.paint(plane.arc(side * 0.32, -0.08, 0.18, 1.15, 0.06, up=True), INK, ~opened)

    cheeks = dice.yes(0.6)
    for side in (-1, 1):
        scene.paint(plane.ellipse(side * 0.62, 0.17, 0.16, 0.11), COLOURS["coral"], cheeks)

    mouth = dice.pick([0, 1, 2], [0.4, 0.45, 0.15])  # smile, grin, astonished
    scene.paint(plane.arc(0, 0.02, 0.45, 1.0, 0.065), INK, mouth == 0)
    bowl = np.maximum(plane.circle(0, 0.17, 0.46), 0.17 - plane.y)
    scene.paint(bowl - 0.04, INK, mouth == 1)
    scene.paint(np.maximum(bowl, plane.ellipse(0, 0.66, 0.30, 0.27)), COLOURS["red"], mouth == 1)
    scene.paint(np.maximum(bowl, plane.y - 0.28), WHITE, mouth == 1)
    scene.paint(plane.ellipse(0, 0.42, 0.17, 0.22), INK, mouth == 2)
    scene.paint(np.maximum(plane.ellipse(0, 0.42, 0.12, 0.17), 0.48 - plane.y), COLOURS["red"], mouth == 2)


SMILEY = Kind("smiley", paint_smiley, "day peach lilac rose night", turns=(-0.12,))
