"""Painting the scenes world: pictures from their parameters, so that any picture can be made again from what it shows.

Run it to see the world: python -m scenes.world plain.png 0; python -m scenes.world rich.png 1 64 32 (side, kinds).
"""

import sys
from pathlib import Path

import numpy as np

from scenes.kinds import KINDS
from scenes.parameters import COLOURS, GROUNDS, NONE, PATTERNS, SLOTS, TEXTURES, Scenes, draw_scenes
from sprites.contact_sheet import save_sheet
from sprites.palette import BACKGROUNDS, INK, WHITE, shade
from sprites.palette import COLOURS as PALETTE
from sprites.shapes import Plane, spread

CHUNK = 500
RIM, RIM_SHADE = 0.10, 0.62  # of an outline: its width in object sizes, and how dark
TEXTURE_DEPTH = 0.17
TOP, BOTTOM = (np.stack([BACKGROUNDS[name][i] for name in GROUNDS]) for i in (0, 1))
FILL = np.stack([PALETTE[name] for name in COLOURS])
CHEEK = PALETTE["coral"]


def make(count: int, seed: int, size: int, richness: float, kinds: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 [count, 3, size, size] and labels int64 [count], decided by these numbers."""
    scenes = draw_scenes(count, seed, richness, kinds)
    return render(scenes, size), scenes.labels.astype(np.int64)


def render(scenes: Scenes, size: int) -> np.ndarray:
    """uint8 [n, 3, size, size]."""
    pictures = np.empty((len(scenes), 3, size, size), np.uint8)
    for start in range(0, len(scenes), CHUNK):
        part = slice(start, start + CHUNK)
        pixels = paint(scenes.rows(part), size)
        pictures[part] = (np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8).transpose(0, 3, 1, 2)
    return pictures


def paint(scenes: Scenes, size: int) -> np.ndarray:
    """[n, size, size, 3] in 0 to 1."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis, axis)
    pixels = paint_ground(scenes, x, y)
    for slot in reversed(range(SLOTS)):
        for kind in np.unique(scenes.kind[:, slot]):
            if kind != NONE:
                rows = np.flatnonzero(scenes.kind[:, slot] == kind)
                pixels[rows] = paint_object(pixels[rows], scenes.rows(rows), slot, int(kind), x, y)
    return pixels


def turned(x: np.ndarray, y: np.ndarray, turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cosine, sine = np.cos(spread(turn)), np.sin(spread(turn))
    return x * cosine + y * sine, y * cosine - x * sine


def paint_ground(scenes: Scenes, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    _, down = turned(x, y, scenes.ground_turn)
    share = np.clip((down + 1) / 2, 0, 1)[..., None]
    top, bottom = TOP[scenes.ground][:, None, None], BOTTOM[scenes.ground][:, None, None]
    pixels = top + (bottom - top) * share
    depth = texture_cover(scenes, x, y)[..., None] * np.float32(TEXTURE_DEPTH)
    dark = (pixels.mean((1, 2, 3)) < 0.55)[:, None, None, None]
    return (pixels + (np.where(dark, WHITE, INK) - pixels) * depth).astype(np.float32)


def texture_cover(scenes: Scenes, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[n, H, W], 0 to 1: where the texture lies; edges are soft over about a pixel."""
    u, v = turned(x, y, scenes.texture_turn)
    rate = spread(np.pi * scenes.texture_pitch)
    u, v = u * rate + spread(scenes.texture_phase[:, 0]), v * rate + spread(scenes.texture_phase[:, 1])
    texture = spread(scenes.texture.astype(np.float32))
    waves = np.sin(v + 0.9 * np.sin(u))
    wave = np.select(
        [texture == TEXTURES.index(name) for name in ("stripes", "checks", "dots", "waves")],
        [np.sin(u) + 0 * v, np.sin(u) * np.sin(v) * 2, np.sin(u) + np.sin(v) - 0.7, waves],
        default=-9.0,
    )
    return np.clip(0.5 + wave * (x.shape[0] / 32) * 1.2, 0, 1)


def paint_object(pixels: np.ndarray, scenes: Scenes, slot: int, kind: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The pixels [m, H, W, 3] with an object of one kind on each."""
    size = scenes.size[:, slot]
    u, v = turned(x - spread(scenes.x[:, slot]), y - spread(scenes.y[:, slot]), scenes.turn[:, slot])
    plane = Plane(u / spread(size), v / spread(size))
    pixel = spread(2 / x.shape[0] / size)
    first, second = FILL[scenes.first[:, slot]], FILL[scenes.second[:, slot]]
    fills = {"first": first, "second": second, "ink": np.broadcast_to(INK, first.shape)}
    fills["white"] = np.broadcast_to(WHITE, first.shape)

    def cover(distance: np.ndarray) -> np.ndarray:
        return np.clip(0.5 - distance / pixel, 0, 1)

    def put(pixels: np.ndarray, distance: np.ndarray, colour: np.ndarray, shown: np.ndarray | float = 1.0):
        where = (cover(distance) * spread(shown))[..., None]
        return pixels + ((colour if colour.ndim == 1 else colour[:, None, None]) - pixels) * where

    for layer in KINDS[kind].layers(plane):
        fill = fills[layer.colour]
        if layer.rim:
            pixels = put(pixels, layer.distance, shade(fill, RIM_SHADE))
        inside = layer.distance + (RIM if layer.rim else 0.0)
        pixels = put(pixels, inside, fill)
        if layer.body:
            pattern = scenes.pattern[:, slot]
            stripes = np.abs((plane.x + 0.25) % 0.5 - 0.25) - 0.11
            spots = np.hypot((plane.x + 0.3) % 0.6 - 0.3, (plane.y + 0.3) % 0.6 - 0.3) - 0.16
            for name, distance in (("stripes", stripes), ("spots", spots)):
                shown = (pattern == PATTERNS.index(name)).astype(np.float32)
                pixels = put(pixels, np.maximum(distance, inside), second, shown)
    if KINDS[kind].face is not None:
        pixels = paint_face(pixels, plane, KINDS[kind].face, scenes.face[:, slot].astype(np.float32), put)
    return pixels


def paint_face(pixels: np.ndarray, plane: Plane, place: tuple[float, float], shown: np.ndarray, put) -> np.ndarray:
    """Two eyes, two cheeks, a smile."""
    height, size = place
    folded = Plane(np.abs(plane.x), plane.y)
    pixels = put(pixels, folded.ellipse(0.24 * size, height, 0.09 * size, 0.12 * size), INK, shown)
    pixels = put(pixels, folded.circle(0.48 * size, height + 0.17 * size, 0.10 * size), CHEEK, shown)
    return put(pixels, plane.arc(0, height + 0.02 * size, 0.20 * size, 0.95, 0.05 * size), INK, shown)


def main() -> None:
    path, richness, size = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 64
    pictures, _ = make(120, 1, size, richness, int(sys.argv[4]) if len(sys.argv) > 4 else None)
    save_sheet(path, pictures, 15, zoom=128 // size)


if __name__ == "__main__":
    main()
