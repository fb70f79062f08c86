"""What a benchmark asks for, piece by piece, and how each piece lies on disk where its scorer looks."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Media = list[np.ndarray]  # uint8 [F, H, W, 3] each; F = 1: a picture


@dataclass(frozen=True)
class Job:
    """Pictures `first` to `first + count - 1` of one request, kept together, made again together after a kill."""

    path: str  # of its file or folder in the benchmark's own folder
    wanted: int | str  # a class, or the prompt as the model gets it
    seed: int  # the request's; its pictures' seeds are made of it as the API makes them
    first: int
    count: int
    save: Callable[[Path, Media], None]  # writes the pictures to a path; what lies there then is complete

    def is_done(self, folder: Path) -> bool:
        return (folder / self.path).exists()

    def keep(self, folder: Path, unfinished: Path, media: Media) -> None:
        """Whole or not at all: written beside, then put in its place."""
        beside = unfinished / self.path
        beside.parent.mkdir(parents=True, exist_ok=True)
        self.save(beside, media)
        (folder / self.path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(beside, folder / self.path)


def shard_of(jobs: list[Job], shard: tuple[int, int]) -> list[Job]:
    """Every n-th job from the i-th on; (0, 1) is all. Raises ValueError where there is no such shard."""
    i, n = shard
    if not 0 <= i < n:
        raise ValueError(f"shard {i}/{n}: not from 0/{n} to {n - 1}/{n}")
    return jobs[i::n]
