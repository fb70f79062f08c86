"""Signed distance functions over a batch of pictures; a number may be a scalar or one a picture, [m]."""

from dataclasses import dataclass

import numpy as np

Number = float | np.ndarray
TINY = 1e-6


def spread(value: Number) -> np.ndarray:
    """One a picture -> [m, 1, 1], so that it broadcasts over the pixels."""
    array = np.asarray(value, np.float32)
    return array[:, None, None] if array.ndim == 1 else array


def smooth_max(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    overlap = np.maximum(width - np.abs(a - b), 0) / width
    return np.maximum(a, b) + overlap * overlap * width * 0.25


def smooth_min(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    return -smooth_max(-a, -b, width)


@dataclass(frozen=True)
class Plane:
    """Where each pixel lies in the object's own coordinates, about -1 to 1, y downwards: [m, H, W]."""

    x: np.ndarray
    y: np.ndarray

    def circle(self, cx: Number, cy: Number, radius: Number) -> np.ndarray:
        return np.hypot(self.x - spread(cx), self.y - spread(cy)) - spread(radius)

    def ellipse(self, cx: Number, cy: Number, a: Number, b: Number) -> np.ndarray:
        """A first-order estimate, exact on the outline."""
        u, v = (self.x - spread(cx)) / spread(a), (self.y - spread(cy)) / spread(b)
        k = np.hypot(u, v) + TINY
        return k * (k - 1) / (np.hypot(u / spread(a), v / spread(b)) + TINY)

    def box(self, cx: Number, cy: Number, a: Number, b: Number, rounding: float = 0.0) -> np.ndarray:
        qx = np.abs(self.x - spread(cx)) - spread(a) + rounding
        qy = np.abs(self.y - spread(cy)) - spread(b) + rounding
        outside = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0))
        return outside + np.minimum(np.maximum(qx, qy), 0) - rounding

    def segment(self, x0: Number, y0: Number, x1: Number, y1: Number, radius: Number) -> np.ndarray:
        x0, y0 = spread(x0), spread(y0)
        ex, ey = spread(x1) - x0, spread(y1) - y0
        along = np.clip(((self.x - x0) * ex + (self.y - y0) * ey) / (ex * ex + ey * ey + TINY), 0, 1)
        return np.hypot(self.x - x0 - along * ex, self.y - y0 - along * ey) - spread(radius)

    def polygon(self, points: list[tuple[Number, Number]], rounding: float = 0.0) -> np.ndarray:
        """Convex; its edges move inwards by the rounding and are rounded outwards again."""
        corners = [(spread(px), spread(py)) for px, py in points]
        edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
        turn = np.sign(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in edges))
        distance = None
        for (x0, y0), (x1, y1) in edges:
            ex, ey = x1 - x0, y1 - y0
            edge = turn * ((self.x - x0) * ey - (self.y - y0) * ex) / (np.hypot(ex, ey) + TINY) + rounding
            if distance is None:
                distance = edge
            else:
                distance = smooth_max(distance, edge, rounding) if rounding else np.maximum(distance, edge)
        return distance - rounding

    def arc(self, cx: Number, cy: Number, radius: Number, half_angle: float, width: float, up: bool = False):
        """A round-ended arc about straight down, or straight up."""
        u, v = np.abs(self.x - spread(cx)), (self.y - spread(cy)) * (-1 if up else 1)
        sine, cosine = np.sin(half_angle), np.cos(half_angle)
        ends = np.hypot(u - sine * spread(radius), v - cosine * spread(radius))
        return np.where(cosine * u > sine * v, ends, np.abs(np.hypot(u, v) - spread(radius))) - width

    def star(self, cx: Number, cy: Number, radius: float, ratio: float, rounding: float) -> np.ndarray:
        """Five points, one of them up; ratio is the inner radius over the outer."""
        px, py = self.x - spread(cx), self.y - spread(cy)
        sector = np.pi / 5
        angle = np.abs((np.arctan2(px, -py) + sector) % (2 * sector) - sector)
        rho, outer = np.hypot(px, py), radius - rounding
        u, v = rho * np.cos(angle), rho * np.sin(angle)
        ex, ey = outer * (ratio * np.cos(sector) - 1), outer * ratio * np.sin(sector)
        along = np.clip(((u - outer) * ex + v * ey) / (ex * ex + ey * ey), 0, 1)
        distance = np.hypot(u - outer - along * ex, v - along * ey)
        return distance * np.sign((u - outer) * ey - v * ex) - rounding

    def petals(self, cx: Number, cy: Number, count: Number, ring: float, a: float, b: Number) -> np.ndarray:
        """Ellipses, long axis outwards, on a ring; the first points up."""
        px, py = self.x - spread(cx), self.y - spread(cy)
        sector = np.pi / spread(count)
        angle = (np.arctan2(px, -py) + sector) % (2 * sector) - sector
        rho = np.hypot(px, py)
        u, v = (rho * np.cos(angle) - ring) / a, rho * np.sin(angle) / spread(b)
        k = np.hypot(u, v) + TINY
        return k * (k - 1) / (np.hypot(u / a, v / spread(b)) + TINY)
