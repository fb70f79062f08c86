"""Scores of what `imagenet` made: each side's, and a line of them in OUT/scores.jsonl."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.arguments import device_of
from benchmarks.fid import Network, read_reference, score
from benchmarks.imagenet import pack, parts_of
from benchmarks.inception import open_inception
from benchmarks.runner import SIDES
from sprites.lines import add_line
from vpg.serving.folder import json_of


def measure_sides(out: Path, reference: Path, inception: Path, device: str | None, npz: bool) -> None:
    """Prints and keeps the scores of the sides that are whole."""
    place = device_of(device)
    score_sides(out, reference, open_inception(inception, place), place)
    if npz:
        for side in SIDES:
            if (folder := out / side / "media").exists():
                print(f"{out / side}.npz: {pack(folder, out / f'{side}.npz')} pictures")


def score_sides(out: Path, reference: Path, network: Network, device: torch.device) -> None:
    """Raises ValueError where a side's classes are not all there."""
    statistics = read_reference(reference)
    for side in SIDES:
        if not (out / side / "manifest.json").exists():
            continue
        manifest, files = json_of(out / side / "manifest.json"), parts_of(out / side / "media")
        if len(files) != manifest["jobs"]:
            raise ValueError(f"{out / side}: {len(files)} of {manifest['jobs']} classes are there")
        found = score(network, loaded(files), statistics, device)
        settings = manifest["settings"]
        print(f"{side:>5}: FID {found.fid:.3f}, IS {found.inception_score:.2f}, {found.pictures} pictures, {settings}")
        line = {"side": side, "fid": found.fid, "inception_score": found.inception_score, "pictures": found.pictures}
        add_line(out / "scores.jsonl", line | {"revision": manifest["revision"], "settings": settings})


def loaded(files: list[Path]) -> Iterator[np.ndarray]:
    yield from (np.load(path) for path in files)
