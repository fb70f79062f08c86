"""Records on disk, a JSON object a line, so that a kill loses one at most."""

import json
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def read_lines(path: Path) -> list[Line]:
    """All of a file that may not be there yet; what a kill cut off is passed over."""
    found = []
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(text))
        except json.JSONDecodeError:
            continue
    return found


def add_line(path: Path, line: Line) -> None:
    """At the end, and below what a kill cut off there."""
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a") as file:
        file.write(("\n" if torn else "") + json.dumps(line) + "\n")
