"""The table of drift step by step, for scenes.report: inputs, and what a judge pays."""

import statistics

from scenes.recipe import SCALES
from scenes.statistics import deviation, grouped
from scenes.tables import label_of, table

JUDGED = {"nats": "nats of the judge", "entropy": "its entropy"}
INPUTS = {"input_fd": "distance of inputs, first components", "input_fd_fine": "the same, fine components"}


def drift_table(lines: list[dict], member: str) -> str:
    """A row a measure and setting, a column a step; of what was judged the excess over real pictures."""
    own = [line for line in lines if line["member"] == member and line["judge"] and "nats_real" in line["figures"]]
    if not own:
        return ""
    rows = []
    for name, what in (JUDGED | INPUTS).items():
        for label, by_seed in grouped(own, label_of).items():
            seeds = list(by_seed.values())
            steps = [excess(figures, name) for figures in seeds]
            rows.append([what, label, str(len(seeds)), *(told(list(step)) for step in zip(*steps, strict=True))])
    judge = own[0]["judge"]
    head = ["measure", "setting", "seeds", *(f"step {k + 1}" for k in range(len(SCALES)))]
    return f"Judge: `{judge}`.\n\n{table(head, rows)}"


def excess(figures: dict, name: str) -> list[float]:
    """Of each step; the first one reads no picture, so its input has no distance."""
    if name in JUDGED:
        return [made - real for made, real in zip(figures[name], figures[f"{name}_real"], strict=True)]
    return [float("nan"), *figures[name]]


def told(values: list[float]) -> str:
    mean = statistics.fmean(values)
    return "" if mean != mean else f"{mean:+.3f} ± {deviation(values):.3f}"
