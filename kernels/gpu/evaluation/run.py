"""A run of `npm run eval` on disk: whole sets of pictures out, lines of figures in (scripts/eval/run-folder.ts)."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from sprites.lines import Line, add_line, read_lines


@dataclass(frozen=True)
class Drawn:
    """One set of a setting."""

    stamp: Line  # what a line of figures says of it
    files: list[str]
    labels: list[int]


def sets_of(folder: Path, model: str) -> list[Drawn]:
    """All of a model that are whole: as many pictures as its largest set."""
    groups: dict[tuple, list[Line]] = defaultdict(list)
    for line in read_lines(folder / "pictures.jsonl"):
        if line["model"] == model:
            groups[line["revision"], line["setting"], line["set"]].append(line)
    made = []
    for (revision, setting, which), lines in groups.items():
        files = [file for line in lines for file in line["files"]]
        labels = [line["label"] for line in lines for _ in line["files"]]
        stamp = {"model": model, "revision": revision, "setting": setting, "set": which, "pictures": len(files)}
        made.append(Drawn(stamp | {"request": lines[0]["request"]}, files, labels))
    whole = max((len(each.files) for each in made), default=0)
    return [each for each in made if len(each.files) == whole]


def pictures_of(folder: Path, drawn: Drawn) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [n, 3, H, W], and labels [n]."""
    planes = [np.asarray(Image.open(folder / file).convert("RGB")).transpose(2, 0, 1) for file in drawn.files]
    return np.stack(planes), np.array(drawn.labels)


def is_measured(lines: list[Line], stamp: Line) -> bool:
    """Whether there is a line of it by Python's measures."""
    keys = ("model", "revision", "setting", "name", "set", "pictures")
    return any(line.get("by") == "python" and all(line.get(key) == stamp.get(key) for key in keys) for line in lines)


def add_figures(folder: Path, stamp: Line, figures: dict[str, float]) -> None:
    add_line(folder / "figures.jsonl", stamp | {"by": "python", "figures": figures})
