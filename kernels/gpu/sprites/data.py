"""The pictures that the stages learn from, drawn once and kept, and their passage into the model's range."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch

from sprites.run import Run
from sprites.world import make

PART = 2000
TRAIN_SEED, TEST_SEED, CODES_SEED = 1000, 500_000, 100_000  # of the first part each
TEST_PICTURES = 2000


def parts(count: int, seed: int, workers: int = 2):
    """Pictures in parts of PART with seeds of their own, drawn in other processes."""
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        yield from pool.map(partial(make, PART), range(seed, seed + count // PART))


def draw(run: Run, name: str, count: int, seed: int) -> None:
    drawn = list(parts(count, seed))
    pictures, labels = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
    run.save(name, {"pictures": torch.from_numpy(pictures), "labels": torch.from_numpy(labels)})


def load_pictures(run: Run, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    stored = run.load(name)
    return stored["pictures"], stored["labels"]


def make_pictures(run: Run, count: int) -> None:
    for name, size, first_seed in (("pictures.pt", count, TRAIN_SEED), ("test.pt", TEST_PICTURES, TEST_SEED)):
        if not run.path(name).exists():
            draw(run, name, size, first_seed)
            run.log(f"{size} pictures drawn: {name}")


def to_range(pictures: torch.Tensor, device: str) -> torch.Tensor:
    """uint8 to [-1, 1], channels last."""
    return (pictures.to(device).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def to_bytes(pictures: torch.Tensor) -> np.ndarray:
    return ((pictures.clamp(-1, 1) + 1) * 127.5 + 0.5).to(torch.uint8).cpu().numpy()
