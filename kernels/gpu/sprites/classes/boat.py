"""A sailing boat on waves: two sails, perhaps a stripe, a flag, portholes."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, shade, tint
from sprites.scene import Scene, paint_sky


def paint_boat(scene: Scene) -> None:
    plane, ground, dice = scene.object, scene.ground, scene.dice
    paint_sky(scene)
    hull_colour = dice.colour("red brown white")
    sail, accent = dice.colour("white butter"), dice.colour("red orange purple")
    striped, flagged, ported = dice.yes(0.4), dice.yes(0.5), dice.yes(0.5)

    scene.paint(plane.polygon([(0.02, -1.04), (0.02, -0.78), (0.36, -0.91)]), accent, flagged)
    scene.paint(plane.segment(0, -0.96, 0, 0.3, 0.05), COLOURS["brown"])
    main = plane.polygon([(0.09, -0.78), (0.09, 0.18), (0.74, 0.18)], 0.04)
    scene.paint(main, sail)
    scene.paint(np.maximum(main, np.abs(plane.y + 0.12) - 0.10), accent, striped)
    jib = plane.polygon([(-0.09, -0.62), (-0.09, 0.18), (-0.62, 0.18)], 0.04)
    scene.paint(jib, accent, striped)
    scene.paint(jib, shade(sail, 0.12), 1 - striped)

    hull = plane.polygon([(-0.92, 0.24), (0.94, 0.24), (0.62, 0.86), (-0.60, 0.86)], 0.08)
    scene.paint(hull, hull_colour)
    scene.paint(np.maximum(hull, plane.y - 0.34), shade(hull_colour, 0.3))
    for x in (-0.38, 0.0, 0.38):
        scene.paint(plane.circle(x, 0.48, 0.095), COLOURS["sky"], ported)

    sea = dice.colour("blue teal")
    front = 0.58 + 0.05 * np.cos(ground.x * 3 * np.pi) - ground.y
    scene.paint(front, tint(sea, 0.5))
    scene.paint(front + 0.10, sea)
    scene.paint(0.86 - 0.04 * np.cos(ground.x * 3 * np.pi) - ground.y, shade(sea, 0.2))


BOAT = Kind("boat", paint_boat, "day peach lilac dusk", turns=(-0.07,))
