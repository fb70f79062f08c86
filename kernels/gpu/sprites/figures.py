"""The figures of a sweep on disk, a line a measurement."""

import statistics
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from sprites.lines import add_line, read_lines
from sprites.setting import Setting


@dataclass(frozen=True)
class Cell:
    """One set of pictures: samples of a setting under a seed, or (no setting) the real side's."""

    name: str  # samples, real, reconstructions
    setting: Setting | None
    seed: int


@dataclass
class Line:
    cell: Cell
    figures: dict[str, float]


class Figures:
    """Those of one pair of weights, one count of pictures and one size of bank; others in the file are left alone."""

    def __init__(self, path: Path, weights: str, count: int, bank: int) -> None:
        self.path, self.stamp = path, {"weights": weights, "count": count, "bank": bank}
        self.lines = {line.cell: line for line in read(path, self.stamp)}

    def add(self, cell: Cell, figures: dict[str, float]) -> None:
        setting = asdict(cell.setting) if cell.setting else None
        record = self.stamp | {"name": cell.name, "setting": setting, "seed": cell.seed, "figures": figures}
        add_line(self.path, record)
        self.lines[cell] = Line(cell, figures)

    def by_setting(self) -> dict[Setting, list[Line]]:
        """Samples only."""
        found: dict[Setting, list[Line]] = defaultdict(list)
        for line in self.lines.values():
            if line.cell.setting:
                found[line.cell.setting].append(line)
        return dict(found)

    def named(self, name: str) -> list[Line]:
        return [line for line in self.lines.values() if line.cell.name == name]


def read(path: Path, stamp: dict) -> list[Line]:
    """Lines that carry the stamp."""
    found = []
    for record in read_lines(path):
        if stamp.items() <= record.items():
            setting = Setting(**record["setting"]) if record["setting"] else None
            found.append(Line(Cell(record["name"], setting, record["seed"]), record["figures"]))
    return found


def mean(lines: list[Line], key: str) -> float:
    return statistics.fmean(line.figures[key] for line in lines)


def deviation(lines: list[Line], key: str) -> float | None:
    """Over the seeds; None where there is only one."""
    return statistics.stdev(line.figures[key] for line in lines) if len(lines) > 1 else None
