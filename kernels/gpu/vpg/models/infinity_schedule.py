"""Infinity's step schedules: the maps' sides for every area and aspect ratio, as the official code tabulates them."""

from dataclasses import dataclass

Side = tuple[int, int]  # rows, columns of tokens

STEPS = {"0.06M": 7, "0.25M": 10, "0.60M": 12, "1M": 13}

# By height over width; wider pictures use the same sides turned.
TALL: dict[float, tuple[Side, ...]] = {
    1.0: tuple((n, n) for n in (1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64)),
    1.25: (
        *((1, 1), (2, 2), (3, 3), (5, 4), (10, 8), (15, 12), (20, 16)),
        *((25, 20), (30, 24), (35, 28), (45, 36), (55, 44), (70, 56)),
    ),
    1.333: (
        *((1, 1), (2, 2), (4, 3), (8, 6), (12, 9), (16, 12), (20, 15)),
        *((24, 18), (28, 21), (36, 27), (48, 36), (60, 45), (72, 54)),
    ),
    1.5: (
        *((1, 1), (2, 2), (3, 2), (6, 4), (9, 6), (15, 10), (21, 14)),
        *((27, 18), (33, 22), (39, 26), (48, 32), (63, 42), (78, 52)),
    ),
    1.75: (
        *((1, 1), (2, 2), (3, 3), (7, 4), (11, 6), (14, 8), (21, 12)),
        *((28, 16), (35, 20), (42, 24), (56, 32), (70, 40), (84, 48)),
    ),
    2.0: (
        *((1, 1), (2, 2), (4, 2), (6, 3), (10, 5), (16, 8), (22, 11)),
        *((30, 15), (38, 19), (46, 23), (60, 30), (74, 37), (90, 45)),
    ),
    2.5: (
        *((1, 1), (2, 2), (5, 2), (10, 4), (15, 6), (20, 8), (25, 10)),
        *((30, 12), (40, 16), (50, 20), (65, 26), (80, 32), (100, 40)),
    ),
    3.0: (
        *((1, 1), (2, 2), (6, 2), (9, 3), (15, 5), (21, 7), (27, 9)),
        *((36, 12), (45, 15), (54, 18), (72, 24), (90, 30), (111, 37)),
    ),
}


@dataclass(frozen=True)
class InfinitySchedule:
    sides: tuple[Side, ...]  # of the steps
    full: Side  # the last side of the ratio's schedule for 1M pixels: places are counted in it

    @property
    def lengths(self) -> list[int]:
        return [rows * columns for rows, columns in self.sides]


def ratios() -> dict[float, tuple[Side, ...]]:
    """Every height over width that has a table, the inverse ones cut to three digits, with its sides for 1M pixels."""
    tables = {}
    for ratio, sides in TALL.items():
        tables[ratio] = sides
        if ratio != 1:
            tables[int(1 / ratio * 1000) / 1000] = tuple((columns, rows) for rows, columns in sides)
    return tables


def schedule(name: str) -> InfinitySchedule:
    """By name, `1M/16:9`: the area, then width to height, of which the nearest tabulated one is taken."""
    area, _, ratio = name.partition("/")
    width, _, height = ratio.partition(":")
    if area not in STEPS or not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ValueError(f"{name!r} is not a schedule of Infinity: {' '.join(STEPS)}, then /width:height")
    tables = ratios()
    sides = tables[min(tables, key=lambda each: abs(int(height) / int(width) - each))]
    return InfinitySchedule(sides[: STEPS[area]], sides[-1])
