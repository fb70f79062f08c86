"""Tables in Markdown, and what their cells say, for the reports of scenes."""

import statistics

from scenes.setting import Setting, read_setting
from scenes.statistics import deviation, grouped

Sets = dict[int, dict]  # figures by seed


def number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def spread(values: list[float]) -> str:
    return f"{number(statistics.fmean(values))} ± {number(deviation(values))}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def setting_of(line: dict) -> Setting:
    return read_setting(**line["setting"])


def label_of(line: dict) -> str:
    return setting_of(line).label


def by_label(lines: list[dict], member: str) -> dict[str, Sets]:
    """A member's, by setting."""
    return grouped((line for line in lines if line["member"] == member), label_of)
