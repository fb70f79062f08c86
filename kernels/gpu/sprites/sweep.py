"""Sampling settings against each other: python -m sprites.sweep RUN_FOLDER [--minutes N] [--count N].

Writes a line a (setting, seed) to RUN_FOLDER/evaluation/sweep.jsonl, the most informative first; stop it at any time,
run it again and it goes on. Picture i of a seed has the same random numbers under every setting.
"""

import time
from itertools import product, zip_longest

from sprites.evaluate import FLOORS, Evaluation, floor, measuring_parser, open_run, prepare
from sprites.figures import Cell, Figures
from sprites.guided import sample_set
from sprites.pair import Pair
from sprites.recipe import SCALES
from sprites.run import Run
from sprites.setting import Setting, falling

GUIDANCE = (0.0, 1.0, 1.5, 2.0, 2.5)
TOP_P = (1.0, 0.98, 0.95, 0.9)
TEMPERATURE = (1.0, 0.9)
STRENGTHS, RATIOS, SCHEDULES = (0.5, 1.0, 0.25, 1.5), (0.3, 0.1, 0.5), ("constant", "ramp", falling(len(SCALES)))
VPG_GUIDANCE, VPG_TOP_P = (0.0, 1.5), 0.95  # VPG is swept beside these settings without it
FIRST_SEED, REPEATS, MORE_REPEATS = 1000, 3, 5


def important() -> list[Setting]:
    """Those that need a deviation over seeds: candidates for the defaults, and VPG beside what it must beat."""
    plain = [Setting(top_p=0.95), Setting(), Setting(1.5, top_p=0.95), Setting(1.5)]
    guided = [
        Setting(cfg, top_p=VPG_TOP_P, vpg_scale=strength, corruption_ratio=ratio)
        for strength, ratio, cfg in product((0.5, 1.0), (0.1, 0.3), VPG_GUIDANCE)
    ]
    sharp = [Setting(1.5, top_p=0.9), Setting(3.0, top_p=0.95)]
    sharp += [Setting(cfg, 0.8, top_p=0.9) for cfg in (1.5, 3.0)]
    return plain + sharp + guided + [Setting(top_p=0.9), Setting(2.0, top_p=0.95), Setting(temperature=0.9)]


def everything() -> list[Setting]:
    """The whole grid, VPG and the rest by turns."""
    plain = [Setting(cfg, temperature, 0, p) for temperature, p, cfg in product(TEMPERATURE, TOP_P, GUIDANCE)]
    guided = [
        Setting(cfg, top_p=VPG_TOP_P, vpg_scale=strength, vpg_schedule=schedule, corruption_ratio=ratio)
        for strength, ratio, schedule, cfg in product(STRENGTHS, RATIOS, SCHEDULES, VPG_GUIDANCE)
    ]
    return [setting for pair in zip_longest(plain, guided) for setting in pair if setting]


def order() -> list[Cell]:
    """All there is to measure, once each, by what it tells."""
    cells = [Cell(name, None, i) for i in range(FLOORS) for name in ("real", "reconstructions")]
    cells += [Cell("samples", setting, FIRST_SEED + i) for i in range(REPEATS) for setting in important()]
    cells += [Cell("samples", setting, FIRST_SEED) for setting in everything()]
    cells += [Cell("samples", setting, FIRST_SEED + i) for i in range(REPEATS, MORE_REPEATS) for setting in important()]
    return list(dict.fromkeys(cells))


def measure(evaluation: Evaluation, pair: Pair, cell: Cell, count: int) -> dict[str, float]:
    if cell.setting:
        return evaluation.measure(*sample_set(pair, cell.setting, cell.seed, count))
    return floor(evaluation, pair, cell.name, cell.seed, count)


def sweep(run: Run, evaluation: Evaluation, pair: Pair, figures: Figures, count: int, minutes: float) -> None:
    """Measure what is not there yet, until the time is up."""
    began, cells = time.monotonic(), order()
    for i, cell in enumerate(cells):
        if cell in figures.lines:
            continue
        if time.monotonic() - began > minutes * 60:
            run.log(f"{minutes:g} minutes are up at {i} of {len(cells)}")
            return
        start = time.monotonic()
        found = measure(evaluation, pair, cell, count)
        figures.add(cell, found | {"seconds": time.monotonic() - start})
        shown = " ".join(f"{key} {found[key]:.3f}" for key in ("fd0", "fd1", "outliers", "recall"))
        label = cell.setting.label if cell.setting else cell.name
        run.log(f"{i + 1}/{len(cells)} seed {cell.seed} {shown} {time.monotonic() - start:.0f} s  {label}")


def main() -> None:
    parser = measuring_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    arguments = parser.parse_args()
    pair, run = open_run(arguments)
    figures = Figures(run.path("sweep.jsonl"), pair.digest, arguments.count, arguments.bank)
    evaluation = prepare(run, pair, arguments.bank)
    sweep(run, evaluation, pair, figures, arguments.count, arguments.minutes)


if __name__ == "__main__":
    main()
