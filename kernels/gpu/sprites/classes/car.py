"""A car on a road: a saloon or a van, perhaps with a stripe or a load on its roof."""

import numpy as np

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, INK, WHITE, shade
from sprites.scene import Scene, paint_sky

SALOON = [(-0.56, 0.08), (0.50, 0.08), (0.26, -0.48), (-0.36, -0.48)]
SALOON_GLASS = [(-0.42, 0.02), (0.37, 0.02), (0.20, -0.36), (-0.30, -0.36)]
VAN = [(-0.86, 0.10), (0.56, 0.10), (0.40, -0.56), (-0.86, -0.56)]
VAN_GLASS = [(-0.72, 0.0), (0.44, 0.0), (0.32, -0.42), (-0.72, -0.42)]


def paint_car(scene: Scene) -> None:
    plane, ground, dice = scene.object, scene.ground, scene.dice
    paint_sky(scene)
    road = dice.colour("grey grey grass sand")
    scene.paint(0.40 - ground.y, road)
    scene.paint(np.maximum(0.40 - ground.y, ground.y - 0.50), shade(road, 0.2))
    for x in (-0.8, 0.0, 0.8):
        scene.paint(ground.box(x, 0.92, 0.22, 0.05), WHITE)

    colour, van = dice.colour("red yellow blue teal pink"), dice.yes(0.4)
    scene.paint(plane.ellipse(0, 0.66, 0.95, 0.10), INK)
    loaded = dice.yes(0.3)
    for shape, glass, roof, shown in ((SALOON, SALOON_GLASS, -0.56, 1 - van), (VAN, VAN_GLASS, -0.64, van)):
        scene.paint(plane.box(-0.10, roof - 0.06, 0.26, 0.13, 0.04), COLOURS["brown"], loaded * shown)
        scene.paint(plane.polygon(shape, 0.06), colour, shown)
        scene.paint(plane.polygon(glass, 0.04), COLOURS["sky"], shown)
        scene.paint(plane.box(-0.06, -0.20, 0.055, 0.30), colour, shown)
    body = plane.box(0, 0.26, 0.96, 0.28, 0.14)
    scene.paint(body, colour)
    scene.paint(np.maximum(body, 0.40 - plane.y), shade(colour, 0.22))
    scene.paint(np.maximum(body, np.abs(plane.y - 0.20) - 0.075), WHITE, dice.yes(0.4))
    scene.paint(plane.box(0.88, 0.20, 0.10, 0.10, 0.05), COLOURS["butter"])
    scene.paint(plane.box(-0.90, 0.20, 0.07, 0.10, 0.04), COLOURS["red"])
    for x in (-0.50, 0.50):
        scene.paint(plane.circle(x, 0.50, 0.27), INK)
        scene.paint(plane.circle(x, 0.50, 0.145), COLOURS["snow"])
        scene.paint(plane.circle(x, 0.50, 0.06), COLOURS["grey"])


CAR = Kind("car", paint_car, "day peach mint lilac rose")
