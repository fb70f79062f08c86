"""A flower of six petals with one leaf or two."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, shade
from sprites.scene import Scene, choose, paint_hill


def paint_flower(scene: Scene) -> None:
    plane, dice = scene.object, scene.dice
    paint_hill(scene, 0.68, "grass grass sand")
    scene.paint(plane.segment(0, -0.2, 0, 0.95, 0.06), COLOURS["leaf"])
    both = dice.yes(0.6)
    for side, shown in ((-1, 1.0), (1, both)):
        leaf = np.maximum(plane.circle(side * 0.30, 0.80, 0.40), plane.circle(side * 0.26, 0.24, 0.40))
        scene.paint(leaf, COLOURS["green"], shown)

    colour = dice.colour("red pink purple blue orange white yellow")
    middle = choose(COLOURS["brown"], COLOURS["yellow"], np.abs(colour - COLOURS["yellow"]).sum(1) < 0.3)
    scene.paint(plane.petals(0, -0.34, 6, 0.40, 0.27, 0.24), shade(colour, 0.25))
    scene.paint(plane.petals(0, -0.34, 6, 0.38, 0.23, 0.18), colour)
    scene.paint(plane.circle(0, -0.34, 0.28), colour)
    scene.paint(plane.circle(0, -0.34, 0.22), shade(middle, 0.25))
    scene.paint(plane.circle(-0.02, -0.36, 0.17), middle)


FLOWER = Kind("flower", paint_flower, "day peach mint lilac butter")
