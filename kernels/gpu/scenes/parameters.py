"""Everything that decides a picture of the scenes world, as numbers: drawn from (count, seed, richness), all known.

Richness 0 is plain (one upright, centred object of eight kinds before two quiet colours), 1 is rich (up to three that
overlap, freely turned, of 32 kinds, patterned, before a textured ground that lies any way).
Shapes in comments: n pictures, s slots.
"""

from dataclasses import dataclass, fields

import numpy as np

from scenes.kinds import KINDS, PLAIN_KINDS
from sprites.palette import BACKGROUNDS

SLOTS = 3  # of objects; slot 0 lies in front and is what the label names
COLOURS = "coral red orange yellow pink purple blue teal green white".split()
GROUNDS = list(BACKGROUNDS)
TEXTURES = ("none", "stripes", "checks", "dots", "waves")
PATTERNS = ("plain", "stripes", "spots")
NONE = -1  # the kind of an empty slot
CHUNK = 500


@dataclass(frozen=True)
class Scenes:
    """One row a picture; angles in radians, lengths in half pictures."""

    ground: np.ndarray  # int [n], of GROUNDS
    ground_turn: np.ndarray  # [n]
    texture: np.ndarray  # int [n], of TEXTURES
    texture_turn: np.ndarray  # [n]
    texture_pitch: np.ndarray  # [n], periods a half picture
    texture_phase: np.ndarray  # [n, 2]
    kind: np.ndarray  # int [n, s], of KINDS, or NONE
    x: np.ndarray  # [n, s]
    y: np.ndarray  # [n, s]
    size: np.ndarray  # [n, s]
    turn: np.ndarray  # [n, s]
    first: np.ndarray  # int [n, s], of COLOURS
    second: np.ndarray  # int [n, s], of COLOURS
    pattern: np.ndarray  # int [n, s], of PATTERNS
    face: np.ndarray  # int [n, s], 0 or 1

    def __len__(self) -> int:
        return len(self.ground)

    @property
    def labels(self) -> np.ndarray:
        return self.kind[:, 0]

    def rows(self, chosen: np.ndarray | slice) -> "Scenes":
        return Scenes(*(getattr(self, field.name)[chosen] for field in fields(self)))


def join(parts: list[Scenes]) -> Scenes:
    return Scenes(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Scenes)))


def kinds_of(richness: float) -> int:
    """How many kinds, the first ones, a world of this richness has."""
    return PLAIN_KINDS + round((len(KINDS) - PLAIN_KINDS) * richness)


def draw_scenes(count: int, seed: int, richness: float, kinds: int | None = None) -> Scenes:
    """Of the first `kinds` kinds, or of as many as the richness has.

    The first pictures do not depend on how many follow.
    """
    kinds = kinds or kinds_of(richness)
    starts = range(0, count, CHUNK)
    drawn = [draw_chunk(np.random.RandomState([seed, i]), richness, kinds) for i in range(len(starts))]
    return join(drawn).rows(slice(count))


def draw_chunk(random: np.random.RandomState, richness: float, kinds: int) -> Scenes:
    n, each = CHUNK, (CHUNK, SLOTS)

    def between(low: float, high: float, shape: int | tuple[int, ...] = n) -> np.ndarray:
        return random.uniform(low, high, shape).astype(np.float32)

    def yes(chance: float, shape: int | tuple[int, ...] = n) -> np.ndarray:
        return random.rand(*np.atleast_1d(shape)) < chance

    main = np.arange(SLOTS) == 0
    kind = random.randint(0, kinds, each)
    kind[:, 1:][~yes(0.75 * richness, (n, SLOTS - 1))] = NONE
    place = np.where(main, 0.30, 0.75) * np.where(main, richness, 1.0)
    first = random.randint(0, len(COLOURS), each)
    pattern = np.where(yes(0.55 * richness, each), random.randint(1, len(PATTERNS), each), 0)
    texture = np.where(yes(0.8 * richness), random.randint(1, len(TEXTURES), n), 0)
    return Scenes(
        ground=random.randint(0, len(GROUNDS), n),
        ground_turn=between(-np.pi, np.pi) * np.float32(richness),
        texture=texture,
        texture_turn=between(0, np.pi),
        texture_pitch=between(1.5, 2.5),
        texture_phase=between(0, 2 * np.pi, (n, 2)),
        kind=kind,
        x=(between(-1, 1, each) * place).astype(np.float32),
        y=(between(-1, 1, each) * place).astype(np.float32),
        size=(np.where(main, 0.64, 0.46) + between(-1, 1, each) * 0.12 * richness).astype(np.float32),
        turn=between(-np.pi, np.pi, each) * np.float32(richness),
        first=first,
        second=(first + random.randint(1, len(COLOURS), each)) % len(COLOURS),
        pattern=pattern,
        face=yes(0.5, each).astype(np.int64),
    )
