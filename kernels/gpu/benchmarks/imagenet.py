"""ImageNet: as many pictures of each class, a NumPy file a class; `pack` makes ADM's npz of them."""

from pathlib import Path

import numpy as np

from benchmarks.jobs import Job, Media

PER_CLASS = 50  # with 1,000 classes: FID-50K


def jobs_of(classes: int, per_class: int, seed: int) -> list[Job]:
    """Class c is the request of seed `seed + c`."""
    return [Job(f"{label:04}.npy", label, seed + label, 0, per_class, save) for label in range(classes)]


def save(path: Path, media: Media) -> None:
    """uint8 [n, H, W, 3]."""
    with path.open("wb") as file:
        np.save(file, np.concatenate(media))


def parts_of(folder: Path) -> list[Path]:
    """One a class that is done."""
    return sorted(folder.glob("[0-9]*.npy"))


def pack(folder: Path, out: Path) -> int:
    """All pictures as `arr_0` uint8 [N, H, W, 3], which ADM's evaluator.py takes as a sample batch; returns N."""
    pictures = np.concatenate([np.load(path) for path in parts_of(folder)])
    np.savez(out, arr_0=pictures)
    return len(pictures)
