"""A tree on a hill: a pine of three tiers, perhaps with snow, or a round crown, perhaps with fruit."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, WHITE, shade, tint
from sprites.scene import Scene, choose, paint_hill, paint_sky
from sprites.shapes import smooth_min

TIERS = [(0.46, 0.72, -0.20), (0.08, 0.59, -0.54), (-0.30, 0.45, -0.98)]  # base, half width, tip
FRUIT = [(-0.34, -0.26), (0.02, -0.56), (0.34, -0.20), (-0.04, -0.04)]


def paint_tree(scene: Scene) -> None:
    plane, dice = scene.object, scene.dice
    paint_sky(scene)
    paint_hill(scene, 0.62, "grass grass snow sand")
    pine = dice.yes(0.45)
    leaves = choose(dice.colour("green leaf teal"), dice.colour("green leaf orange pink"), pine)
    scene.paint(plane.polygon([(-0.15, 0.86), (0.15, 0.86), (0.10, 0.0), (-0.10, 0.0)]), COLOURS["brown"])
    scene.paint(plane.polygon([(0.03, 0.86), (0.15, 0.86), (0.10, 0.0), (0.03, 0.0)]), shade(COLOURS["brown"], 0.3))

    snowy = pine * dice.yes(0.35)
    for base, half, tip in TIERS:
        tier = plane.polygon([(-half, base), (half, base), (0, tip)], 0.06)
        scene.paint(tier, leaves, pine)
        scene.paint(np.maximum(tier, base - 0.12 - plane.y), shade(leaves, 0.22), pine)
    scene.paint(
        np.maximum(plane.polygon([(-0.45, -0.30), (0.45, -0.30), (0, -0.98)], 0.06), plane.y + 0.62), WHITE, snowy
    )

    crown = smooth_min(plane.circle(0, -0.34, 0.56), plane.circle(-0.34, -0.08, 0.38), 0.08)
    crown = smooth_min(crown, plane.circle(0.34, -0.08, 0.38), 0.08)
    scene.paint(crown, shade(leaves, 0.2), 1 - pine)
    scene.paint(np.maximum(crown, plane.circle(-0.16, -0.34, 0.70)), leaves, 1 - pine)
    scene.paint(plane.ellipse(-0.22, -0.62, 0.18, 0.11), tint(leaves, 0.4), 1 - pine)
    fruit = choose(COLOURS["yellow"], COLOURS["red"], np.abs(leaves - COLOURS["orange"]).sum(1) < 0.01)
    fruitful = (1 - pine) * dice.yes(0.5)
    for x, y in FRUIT:
        scene.paint(plane.circle(x, y, 0.105), fruit, fruitful)


TREE = Kind("tree", paint_tree, "day peach lilac dusk")
