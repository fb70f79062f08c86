"""InfinityStar's pyramid over space and time as a list of steps: clips, scales, repetitions, sizes, frames, bits.

A schedule is named `480p/16:9/5s`: resolution, width to height, seconds (0: one picture). Times are latent frames,
four a second after the first one, each of four frames. Sources: infinity/schedules/dynamic_resolution.py and
infinity_elegant.py.
"""

import math
import re
from dataclasses import dataclass

Side = tuple[int, int]  # height, width in tokens

CLIP_FRAMES = 20
FRAMES_PER_SECOND = 4
FRAMES_EACH = 4  # but the first latent frame, which is one
FPS = FRAMES_PER_SECOND * FRAMES_EACH
SIDES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 40, 60)  # a scale has about as many positions as such a square
LANDSCAPES = (1.0, 100 / 116, 3 / 4, 2 / 3, 9 / 16, 1 / 2, 2 / 5, 1 / 3)  # height over width


@dataclass(frozen=True)
class Pyramid:
    """What the two published models differ in: how many scales, which of them are semantic, how often each is run."""

    scales: int
    semantic_scales: int
    detail_from: int  # positions of a frame from which a scale is a detail scale; agrees with semantic_scales
    image_repetitions: tuple[int, ...]
    clip_repetitions: tuple[int, ...]
    semantic_bits: int = 16
    detail_bits: int = 64


PYRAMIDS = {
    "480p": Pyramid(14, 11, 350, (3,) * 14, (3,) * 12 + (2, 1)),
    "720p": Pyramid(15, 12, 750, (3,) * 15, (3,) * 12 + (2, 1, 1)),
}


@dataclass(frozen=True)
class Step:
    """One forward pass; every repetition of a scale is a step of its own."""

    clip: int
    scale: int  # within its clip
    frames: int
    height: int
    width: int
    bits: int
    first_frame: int  # where its clip begins
    semantic: bool
    ends_clip: bool

    @property
    def size(self) -> tuple[int, int, int]:
        return self.frames, self.height, self.width

    @property
    def length(self) -> int:
        """Tokens, ordered frame, row, column."""
        return self.frames * self.height * self.width


@dataclass(frozen=True)
class Schedule:
    steps: tuple[Step, ...]
    height: int  # of the latent, at the last scale of every clip
    width: int

    @property
    def video_frames(self) -> int:
        """As they are decoded."""
        last = self.steps[-1]
        return 1 + FRAMES_EACH * (last.first_frame + last.frames - 1)

    def clip_start(self, k: int) -> int:
        """The first step of step k's clip: codes are summed from there."""
        return next(j for j, step in enumerate(self.steps) if step.clip == self.steps[k].clip)

    def reference(self, k: int) -> int | None:
        """The one earlier step that step k sees: the last one of the clip before, in its last repetition."""
        return self.clip_start(k) - 1 if self.steps[k].clip else None

    def is_reference(self, k: int) -> bool:
        """Whether a later clip sees step k: its keys and values are worth keeping."""
        return self.steps[k].ends_clip and k + 1 < len(self.steps)


def ratios() -> dict[float, list[Side]]:
    """Height over width, of the largest scale and cut to three digits, with all scales; portraits are transposed."""
    tables: dict[float, list[Side]] = {}
    for ratio in LANDSCAPES:
        widths = [math.sqrt(side * side / ratio) for side in SIDES]
        sides = [(round(width * ratio), round(width)) for width in widths]  # half to even, as numpy
        real = sides[-1][0] / sides[-1][1]
        tables[int(real * 1000) / 1000] = sides
        if ratio != 1:
            tables[int(1 / real * 1000) / 1000] = [(width, height) for height, width in sides]
    return tables


def clip_frames(latents: int) -> list[int]:
    """The first frame alone, then full clips, then what remains."""
    full, rest = divmod(latents - 1, CLIP_FRAMES)
    return [1] + [CLIP_FRAMES] * full + ([rest] if rest else [])


def unroll(pyramid: Pyramid, scales: list[Side], clips: list[int]) -> Schedule:
    """The steps of clips of so many latent frames over such scales."""
    steps: list[Step] = []
    for clip, frames in enumerate(clips):
        repetitions = pyramid.clip_repetitions if clip else pyramid.image_repetitions
        runs = [scale for scale, times in enumerate(repetitions) for _ in range(times)]
        for run, scale in enumerate(runs):
            height, width = scales[scale]
            semantic = scale < pyramid.semantic_scales
            if semantic == (height * width >= pyramid.detail_from):
                raise ValueError(f"scale {height}x{width}: its place and its size disagree about its kind")
            bits = pyramid.semantic_bits if semantic else pyramid.detail_bits
            ends_clip = run + 1 == len(runs)
            steps.append(Step(clip, scale, frames, height, width, bits, sum(clips[:clip]), semantic, ends_clip))
    return Schedule(tuple(steps), *scales[-1])


def plan(name: str) -> tuple[Pyramid, list[Side], list[int]]:
    """What is unrolled under a name such as `720p/9:16/5s`; of the tabulated ratios the nearest is taken."""
    parts = re.fullmatch(r"(\w+)/([1-9]\d*):([1-9]\d*)/(\d+)s", name)
    if parts is None or parts[1] not in PYRAMIDS:
        raise ValueError(
            f"{name!r} is not a schedule of InfinityStar: {' '.join(PYRAMIDS)}, /width:height, /seconds and s"
        )
    pyramid, ratio, tables = PYRAMIDS[parts[1]], int(parts[3]) / int(parts[2]), ratios()
    scales = tables[min(tables, key=lambda each: abs(ratio - each))]
    return pyramid, scales[: pyramid.scales], clip_frames(FRAMES_PER_SECOND * int(parts[4]) + 1)


def named(name: str) -> Schedule:
    """The published schedule of a name."""
    return unroll(*plan(name))
