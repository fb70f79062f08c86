"""The sweep as Markdown tables, and what follows from it: the ranking, and VPG beside the same settings without it."""

import statistics
from dataclasses import replace

from sprites.figures import Figures, Line, deviation, mean
from sprites.setting import Setting

COLUMNS = {
    "fd0": "FD 1",
    "fd1": "FD 2",
    "low_fd0": "low FD 1",
    "low_fd1": "low FD 2",
    "outliers": "outliers",
    "oddness": "oddness",
    "precision": "P",
    "recall": "R",
    "density": "D",
    "coverage": "C",
    "accuracy0": "acc. 1",
    "accuracy1": "acc. 2",
}
SHARES = {"outliers": 1, "accuracy0": 2, "accuracy1": 2}  # shown as per cent, with so many decimals
ENOUGH_SEEDS, NEAR = 3, 1.25
STUDENT = {3: 4.30, 4: 3.18, 5: 2.78}  # t at 95 per cent, by the number of seeds


def show(lines: list[Line], key: str) -> str:
    """The mean, and ± the deviation over seeds where there are several."""
    factor, decimals = (100, SHARES[key]) if key in SHARES else (1, 2 if key[:2] != "lo" else 3)
    spread = deviation(lines, key)
    text = f"{mean(lines, key) * factor:.{decimals}f}"
    return text if spread is None else f"{text} ± {spread * factor:.{decimals}f}"


def table(rows: list[tuple[str, list[Line]]]) -> str:
    head = ["", "seeds", *(f"{name} (%)" if key in SHARES else name for key, name in COLUMNS.items())]
    text = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for label, lines in rows:
        text.append("| " + " | ".join([label, str(len(lines)), *(show(lines, key) for key in COLUMNS)]) + " |")
    return "\n".join(text)


def floor_rows(figures: Figures) -> list[tuple[str, list[Line]]]:
    named = (("other real pictures (floor)", "real"), ("reconstructions", "reconstructions"))
    return [(label, lines) for label, name in named if (lines := figures.named(name))]


def setting_rows(figures: Figures) -> list[tuple[str, list[Line]]]:
    """Those of several seeds first, then by outliers."""
    rows = [(setting.label, lines) for setting, lines in figures.by_setting().items()]
    return sorted(rows, key=lambda row: (len(row[1]) < ENOUGH_SEEDS, mean(row[1], "outliers")))


def suggested(figures: Figures) -> Setting | None:
    """The rule: under enough seeds, and near the least FD of such by both judges, the least share of outliers."""
    found = {s: lines for s, lines in figures.by_setting().items() if len(lines) >= ENOUGH_SEEDS}
    if not found:
        return None
    least = {key: min(mean(lines, key) for lines in found.values()) for key in ("fd0", "fd1")}
    near = [s for s, lines in found.items() if all(mean(lines, key) <= NEAR * least[key] for key in least)]
    return min(near or found, key=lambda setting: mean(found[setting], "outliers"))


def differences(figures: Figures, key: str) -> list[tuple[Setting, list[float]]]:
    """Of each VPG setting from the same one without it, seed by seed (the same random numbers in both)."""
    found = figures.by_setting()
    result = []
    for setting, lines in found.items():
        base = {line.cell.seed: line.figures[key] for line in found.get(replace(setting, vpg_scale=0.0), [])}
        paired = [line.figures[key] - base[line.cell.seed] for line in lines if line.cell.seed in base]
        if setting.vpg_scale and paired:
            result.append((setting, paired))
    return result


def vpg_table(figures: Figures) -> str:
    """Mean difference ± standard error; bold where it is told apart from nothing."""
    keys = ("fd0", "fd1", "low_fd0", "low_fd1", "outliers", "oddness", "precision", "recall")
    text = ["| " + " | ".join(["VPG against the same without", "seeds", *(COLUMNS[key] for key in keys)]) + " |"]
    text.append("| --- " * (len(keys) + 2) + "|")
    by_key = {key: dict(differences(figures, key)) for key in keys}
    for setting, paired in sorted(by_key["fd0"].items(), key=lambda item: (-len(item[1]), item[0].label)):
        cells = [difference(by_key[key][setting], 100 if key in SHARES else 1) for key in keys]
        text.append("| " + " | ".join([setting.label, str(len(paired)), *cells]) + " |")
    return "\n".join(text)


def told_apart(paired: list[float]) -> bool:
    """Whether the mean difference is beyond what chance gives one time in twenty."""
    if len(paired) < ENOUGH_SEEDS:
        return False
    error = statistics.stdev(paired) / len(paired) ** 0.5
    return abs(statistics.fmean(paired)) > STUDENT.get(len(paired), 2.57) * error


def difference(paired: list[float], factor: int) -> str:
    value = statistics.fmean(paired) * factor
    if len(paired) == 1:
        return f"{value:+.2f}"
    error = statistics.stdev(paired) * factor / len(paired) ** 0.5
    text = f"{value:+.2f} ± {error:.2f}"
    return f"**{text}**" if told_apart(paired) else text


def verdict(figures: Figures) -> str:
    """How many VPG settings are better, worse or not told from the same without it, measure by measure."""
    parts = []
    for key, name in (("fd0", "FD 1"), ("fd1", "FD 2"), ("outliers", "the share of outliers"), ("recall", "recall")):
        counts = {"lower": 0, "higher": 0, "not told apart": 0}
        for _, paired in differences(figures, key):
            if len(paired) >= ENOUGH_SEEDS:
                told = "lower" if statistics.fmean(paired) < 0 else "higher"
                counts[told if told_apart(paired) else "not told apart"] += 1
        parts.append(f"{name} " + ", ".join(f"{told} {count} times" for told, count in counts.items()))
    measured = f"{ENOUGH_SEEDS} seeds or more"
    return f"Against the same settings without it, of those with {measured}, VPG made " + "; ".join(parts) + "."
