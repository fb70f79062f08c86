"""A house on a hill: a pointed or a broad roof, a big window lit or not, perhaps a chimney and a bush."""

from sprites.classes.kind import Kind
from sprites.palette import COLOURS, WHITE, shade
from sprites.scene import Scene, choose, paint_hill, paint_sky


def paint_house(scene: Scene) -> None:
    plane, dice = scene.object, scene.dice
    paint_sky(scene)
    paint_hill(scene, 0.60, "grass grass snow sand")
    wall = dice.colour("cream white pink")
    roof = dice.colour("red teal purple blue")
    broad, chimney, bush = dice.yes(0.35), dice.yes(0.55), dice.yes(0.4)

    scene.paint(plane.circle(0.80, 0.60, 0.24), COLOURS["leaf"], bush)
    scene.paint(plane.box(0.40, -0.50, 0.13, 0.32), shade(roof, 0.4), chimney)
    scene.paint(plane.box(0, 0.38, 0.64, 0.46, 0.03), wall)
    scene.paint(plane.box(0, 0.01, 0.64, 0.10), shade(wall, 0.18))
    pointed = plane.polygon([(-0.90, -0.04), (0.90, -0.04), (0, -0.86)], 0.06)
    flat = plane.polygon([(-0.88, -0.04), (0.88, -0.04), (0.50, -0.62), (-0.50, -0.62)], 0.06)
    scene.paint(pointed, roof, 1 - broad)
    scene.paint(flat, roof, broad)
    scene.paint(plane.box(0, -0.075, 0.80, 0.05, 0.05), shade(roof, 0.25))
    attic = (1 - broad) * dice.yes(0.6)
    scene.paint(plane.circle(0, -0.36, 0.16), WHITE, attic)
    scene.paint(plane.circle(0, -0.36, 0.10), COLOURS["yellow"], attic)

    scene.paint(plane.box(-0.31, 0.53, 0.20, 0.31, 0.06), shade(roof, 0.4))
    scene.paint(plane.box(-0.31, 0.55, 0.15, 0.29, 0.05), shade(roof, 0.1))
    scene.paint(plane.circle(-0.23, 0.56, 0.05), COLOURS["yellow"])
    pane = choose(COLOURS["yellow"], COLOURS["sky"], dice.yes(0.5))
    scene.paint(plane.box(0.29, 0.42, 0.26, 0.22, 0.03), shade(wall, 0.35))
    scene.paint(plane.box(0.29, 0.42, 0.21, 0.17, 0.02), pane)
    scene.paint(plane.box(0.29, 0.42, 0.03, 0.18), WHITE)
    scene.paint(plane.box(0.29, 0.42, 0.22, 0.03), WHITE)


HOUSE = Kind("house", paint_house, "day peach lilac dusk")
