"""DPG-Bench (github.com/TencentQQGYLab/ELLA, dpg_bench): a picture a prompt, four samples in a square.

IMAGES/{item id}.png    first and second above, third and fourth below; --resolution is one sample's side
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.jobs import Job, Media
from vpg.serving.still import still

SAMPLES = 4


def jobs_of(prompts: Path, seed: int, rewritten: Mapping[str, str]) -> list[Job]:
    """Of the folder dpg_bench/prompts: one text file an item, named by its id; items by name."""
    made = []
    for index, path in enumerate(sorted(prompts.glob("*.txt"))):
        prompt = path.read_text().strip()
        made.append(Job(f"{path.stem}.png", rewritten.get(prompt, prompt), seed + index, 0, SAMPLES, save))
    return made


def save(path: Path, media: Media) -> None:
    """The scorer crops square samples, so others are refused."""
    one, two, three, four = (frames_1HW3[0] for frames_1HW3 in media)
    if one.shape[0] != one.shape[1]:
        raise ValueError(f"DPG-Bench takes square pictures, not {one.shape[1]} x {one.shape[0]}: choose a 1:1 schedule")
    path.write_bytes(still(np.vstack([np.hstack([one, two]), np.hstack([three, four])]), "png"))
