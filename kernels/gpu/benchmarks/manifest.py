"""What lies in a benchmark's folder: by which weights and settings, under which seeds; another run does not mix in."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

Manifest = dict[str, Any]


class Mixed(ValueError):
    """The folder holds another run's pictures."""


def sha256_of(path: Path) -> str:
    """Of a file, or of the files of a folder by name."""
    made = hashlib.sha256()
    for each in sorted(path.iterdir()) if path.is_dir() else [path]:
        made.update(each.name.encode() if path.is_dir() else b"")
        made.update(each.read_bytes())
    return made.hexdigest()


def commit() -> str | None:
    """This code's, where it is a checkout."""
    here = Path(__file__).parent
    said = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True)
    return said.stdout.strip() or None


def begin(folder: Path, manifest: Manifest) -> None:
    """Writes manifest.json, or compares with the one that is there; raises Mixed naming what differs.

    The commit may differ: it is the first one's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, given = folder / "manifest.json", json.loads(json.dumps(manifest))
    if not path.exists():
        beside = folder / f"unfinished-manifest-{os.getpid()}"  # other shards may write the same at the same time
        beside.write_text(json.dumps(given | {"commit": commit()}, indent=2) + "\n")
        os.replace(beside, path)
        return
    there = json.loads(path.read_text())
    if other := [key for key in given if there.get(key) != given[key]]:
        said = "; ".join(f"{key} is {there.get(key)}, not {given[key]}" for key in other)
        raise Mixed(f"{folder} holds another run: {said}")
