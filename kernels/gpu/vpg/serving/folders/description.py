"""model.json, and the revision in it: SHA-256 of the weights' bytes, then of the schedule table."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Schedules = list[dict[str, Any]]  # name, size, of a video frames and fps, steps of t, h, w and bits
CHUNK = 2**24
SETTINGS = (".json", ".model")  # beside the weights in a folder: of a tokenizer, an index of shards


def files_of(path: Path) -> Iterator[Path]:
    """The file; of a folder those that its model is read from, by name."""
    if not path.is_dir():
        yield path
        return
    found = sorted(path.iterdir())
    weights = ".safetensors" if any(each.suffix == ".safetensors" for each in found) else ".bin"
    yield from (each for each in found if each.suffix in (*SETTINGS, weights))


def digest(weights: Iterable[Path], schedules: Schedules) -> str:
    """The weights' bytes in their order, then the table of steps as JSON with sorted keys and no spaces."""
    made = hashlib.sha256()
    for path in (each for given in weights for each in files_of(given)):
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                made.update(chunk)
    table = {schedule["name"]: schedule["steps"] for schedule in schedules}
    made.update(json.dumps(table, sort_keys=True, separators=(",", ":")).encode())
    return made.hexdigest()
