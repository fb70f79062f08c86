"""The 32 kinds of the scenes world: outlines as signed distances, in families whose members can be confused.

A kind is a function from a plane to its layers, back to front. The first eight are unlike each other; a plain world has
only those.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sprites.shapes import Plane, smooth_min


@dataclass(frozen=True)
class Layer:
    distance: np.ndarray
    colour: str = "first"  # or "second", "ink", "white"
    rim: bool = True  # whether it has a dark outline
    body: bool = False  # whether the pattern lies on it


Paint = Callable[[Plane], list[Layer]]


@dataclass(frozen=True)
class Kind:
    name: str
    layers: Paint
    face: tuple[float, float] | None  # where a face goes: its height, and its size


def whole(distance: np.ndarray) -> list[Layer]:
    return [Layer(distance, body=True)]


def regular(plane: Plane, sides: int, radius: float) -> np.ndarray:
    angles = [2 * np.pi * i / sides + (np.pi / 4 if sides == 4 else 0) for i in range(sides)]
    return plane.polygon([(radius * np.sin(a), -radius * np.cos(a)) for a in angles], 0.10)


def pointed(plane: Plane, points: int, inner: float, outer: float = 0.98) -> np.ndarray:
    """A star: the distance to the nearest edge of one sector, folded."""
    sector = np.pi / points
    angle = np.abs((np.arctan2(plane.x, -plane.y) + sector) % (2 * sector) - sector)
    rho = np.hypot(plane.x, plane.y)
    u, v = rho * np.cos(angle) - outer, rho * np.sin(angle)
    ex, ey = outer * inner * np.cos(sector) - outer, outer * inner * np.sin(sector)
    along = np.clip((u * ex + v * ey) / (ex * ex + ey * ey), 0, 1)
    return np.hypot(u - along * ex, v - along * ey) * np.sign(u * ey - v * ex)


def star(points: int, inner: float) -> Paint:
    return lambda plane: whole(pointed(plane, points, inner) - 0.02)


def polygon(sides: int, radius: float) -> Paint:
    return lambda plane: whole(regular(plane, sides, radius))


def flower(count: int) -> Paint:
    def layers(plane: Plane) -> list[Layer]:
        petals = plane.petals(0, 0, count, 0.56, 0.42, 0.92 / count + 0.14)
        return [Layer(petals, body=True), Layer(plane.circle(0, 0, 0.34), "second")]

    return layers


def ball(plane: Plane) -> list[Layer]:
    return whole(plane.circle(0, 0, 0.86))


def donut(plane: Plane) -> list[Layer]:
    return [Layer(np.abs(plane.circle(0, 0, 0.58)) - 0.30, body=True)]


def moon(plane: Plane) -> list[Layer]:
    return whole(np.maximum(plane.circle(0, 0, 0.92), -plane.circle(0.46, -0.16, 0.70)))


def planet(plane: Plane) -> list[Layer]:
    ring = np.maximum(plane.ellipse(0, 0, 1.0, 0.32), -plane.ellipse(0, 0, 0.76, 0.16))
    front = np.maximum(ring, -plane.y)
    return [Layer(ring, "second"), Layer(plane.circle(0, 0, 0.62), body=True), Layer(front, "second")]


def heart(plane: Plane) -> list[Layer]:
    folded = Plane(np.abs(plane.x), plane.y)
    lobes = folded.circle(0.40, -0.28, 0.46)
    point = folded.polygon([(-0.5, -0.30), (0.50, -0.25), (0.76, 0.0), (0.0, 0.86), (-0.6, 0.3)], 0.06)
    return whole(smooth_min(lobes, point, 0.1))


def drop(plane: Plane) -> list[Layer]:
    return whole(smooth_min(plane.circle(0, 0.28, 0.60), plane.polygon([(-0.5, 0.05), (0, -0.98), (0.5, 0.05)]), 0.2))


def leaf(plane: Plane) -> list[Layer]:
    blade = np.maximum(plane.circle(-0.62, 0, 1.10), plane.circle(0.62, 0, 1.10))
    vein = plane.segment(0, -0.5, 0, 0.98, 0.06)
    return [Layer(blade, body=True), Layer(vein, "second", rim=False)]


def egg(plane: Plane) -> list[Layer]:
    return whole(smooth_min(plane.ellipse(0, 0.2, 0.68, 0.70), plane.ellipse(0, -0.2, 0.50, 0.72), 0.3))


def cross(plane: Plane) -> list[Layer]:
    return whole(np.minimum(plane.box(0, 0, 0.90, 0.30, 0.08), plane.box(0, 0, 0.30, 0.90, 0.08)))


def arrow(plane: Plane) -> list[Layer]:
    head = plane.polygon([(-0.78, -0.02), (0, -0.95), (0.78, -0.02)], 0.06)
    return whole(np.minimum(head, plane.box(0, 0.42, 0.28, 0.52, 0.06)))


def bolt(plane: Plane) -> list[Layer]:
    upper = plane.polygon([(0.14, -0.98), (-0.58, 0.18), (0.18, 0.18), (0.5, -0.98)], 0.04)
    lower = plane.polygon([(0.58, -0.16), (-0.12, -0.16), (-0.30, 0.98)], 0.04)
    return whole(np.minimum(upper, lower))


def gear(plane: Plane) -> list[Layer]:
    teeth = plane.petals(0, 0, 8, 0.72, 0.24, 0.15)
    return [Layer(np.minimum(plane.circle(0, 0, 0.70), teeth), body=True), Layer(plane.circle(0, 0, 0.26), "second")]


def fish(plane: Plane) -> list[Layer]:
    tail = plane.polygon([(-0.40, 0.0), (-0.98, -0.52), (-0.98, 0.52)], 0.06)
    eye = plane.circle(0.46, -0.12, 0.17)
    body = Layer(plane.ellipse(0.12, 0, 0.76, 0.54), body=True)
    return [Layer(tail, "second"), body, Layer(eye, "white"), Layer(plane.circle(0.49, -0.11, 0.09), "ink", rim=False)]


def cat(plane: Plane) -> list[Layer]:
    folded = Plane(np.abs(plane.x), plane.y)
    ear = folded.polygon([(0.18, -0.50), (0.66, -0.98), (0.74, -0.10)], 0.04)
    return [Layer(smooth_min(plane.ellipse(0, 0.14, 0.86, 0.70), ear, 0.06), body=True)]


def bear(plane: Plane) -> list[Layer]:
    folded = Plane(np.abs(plane.x), plane.y)
    ear, snout = folded.circle(0.58, -0.60, 0.32), plane.ellipse(0, 0.34, 0.38, 0.28)
    head = np.minimum(ear, plane.ellipse(0, 0.08, 0.82, 0.76))
    return [Layer(head, body=True), Layer(snout, "second", rim=False)]


def rabbit(plane: Plane) -> list[Layer]:
    folded = Plane(np.abs(plane.x), plane.y)
    ear, inner = folded.ellipse(0.30, -0.58, 0.22, 0.48), folded.ellipse(0.30, -0.58, 0.09, 0.32)
    head = smooth_min(plane.ellipse(0, 0.36, 0.74, 0.58), ear, 0.08)
    return [Layer(head, body=True), Layer(inner, "second", rim=False)]


def mushroom(plane: Plane) -> list[Layer]:
    cap = np.maximum(plane.ellipse(0, 0.08, 0.94, 0.96), plane.y - 0.12)
    return [Layer(plane.box(0, 0.48, 0.34, 0.46, 0.14), "white"), Layer(cap, body=True)]


def house(plane: Plane) -> list[Layer]:
    roof = plane.polygon([(-0.95, -0.06), (0, -0.92), (0.95, -0.06)], 0.05)
    walls, door = plane.box(0, 0.38, 0.70, 0.54, 0.03), plane.box(0, 0.60, 0.20, 0.30, 0.03)
    return [Layer(walls, body=True), Layer(roof, "second"), Layer(door, "ink", rim=False)]


def boat(plane: Plane) -> list[Layer]:
    hull = plane.polygon([(-0.92, 0.28), (0.92, 0.28), (0.58, 0.84), (-0.58, 0.84)], 0.05)
    sail = plane.polygon([(0.06, -0.95), (0.06, 0.16), (0.78, 0.16)], 0.03)
    jib = plane.polygon([(-0.10, -0.66), (-0.10, 0.16), (-0.62, 0.16)], 0.03)
    return [Layer(sail, "second"), Layer(jib, "white"), Layer(hull, body=True)]


def rocket(plane: Plane) -> list[Layer]:
    folded = Plane(np.abs(plane.x), plane.y)
    fins = folded.polygon([(0.18, 0.10), (0.20, 0.66), (0.74, 0.92), (0.62, 0.40)], 0.04)
    body = np.maximum(plane.ellipse(0, -0.02, 0.42, 0.96), plane.y - 0.68)
    return [Layer(fins, "second"), Layer(body, body=True), Layer(plane.circle(0, -0.22, 0.20), "white")]


KINDS: list[Kind] = [
    Kind("five-pointed star", star(5, 0.54), (0.02, 0.75)),
    Kind("house", house, None),
    Kind("heart", heart, (-0.10, 0.95)),
    Kind("fish", fish, None),
    Kind("mushroom", mushroom, (0.42, 0.60)),
    Kind("five-petalled flower", flower(5), None),
    Kind("moon", moon, None),
    Kind("cat", cat, (0.12, 1.1)),
    Kind("four-pointed star", star(4, 0.48), (0.0, 0.6)),
    Kind("six-pointed star", star(6, 0.60), (0.0, 0.75)),
    Kind("eight-pointed star", star(8, 0.68), (0.0, 0.8)),
    Kind("triangle", polygon(3, 1.10), (0.22, 0.8)),
    Kind("square", polygon(4, 1.10), (0.0, 1.0)),
    Kind("pentagon", polygon(5, 0.98), (0.04, 0.95)),
    Kind("hexagon", polygon(6, 0.96), (0.0, 1.0)),
    Kind("four-petalled flower", flower(4), None),
    Kind("six-petalled flower", flower(6), None),
    Kind("eight-petalled flower", flower(8), None),
    Kind("ball", ball, (0.0, 1.1)),
    Kind("doughnut", donut, None),
    Kind("planet", planet, None),
    Kind("drop", drop, (0.26, 0.85)),
    Kind("leaf", leaf, None),
    Kind("egg", egg, (0.16, 0.9)),
    Kind("cross", cross, (0.0, 0.7)),
    Kind("arrow", arrow, None),
    Kind("bolt", bolt, None),
    Kind("gear", gear, None),
    Kind("bear", bear, (0.06, 0.95)),
    Kind("rabbit", rabbit, (0.34, 0.95)),
    Kind("boat", boat, None),
    Kind("rocket", rocket, None),
]
NAMES = [kind.name for kind in KINDS]
PLAIN_KINDS = 8  # of the plain world
