"""Figures on disk, a line a measurement: what was measured, its seed, its command."""

import json
import sys
from pathlib import Path

from sprites.lines import add_line, read_lines
from sprites.options import without


def command(arguments: list[str] | None = None) -> str:
    """As it was typed, from kernels/gpu, without the folder of this machine; by default this process's own."""
    module, *words = arguments or [Path(sys.argv[0]).stem, *sys.argv[1:]]
    return " ".join(["python -m", f"scenes.{module}", *without(words, ("--folder",))])


class Records:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lines = read_lines(path)
        self.done = {key(line): line["figures"] for line in self.lines}

    def has(self, cell: dict) -> bool:
        return key(cell) in self.done

    def find(self, cell: dict) -> dict | None:
        """The figures of what was measured already."""
        return self.done.get(key(cell))

    def add(self, cell: dict, figures: dict) -> None:
        """The cell says what was measured; it must hold `seed`."""
        line = {**cell, "figures": rounded(figures)}
        add_line(self.path, line)
        self.lines.append(line)
        self.done[key(line)] = line["figures"]


def key(line: dict) -> str:
    return json.dumps({name: line[name] for name in sorted(line) if name not in ("figures", "command")})


def rounded(figures: dict) -> dict:
    def short(value: float | list[float]) -> float | list[float]:
        return [short(each) for each in value] if isinstance(value, list) else float(f"{value:.5g}")

    return {name: short(value) for name, value in figures.items()}
