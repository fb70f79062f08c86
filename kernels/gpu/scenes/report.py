"""Tables and plots of docs/evaluation.md from the figures beside it: python -m scenes.report.

A table lies between two comments that name it, <!-- NAME --> and <!-- /NAME -->; what is between is replaced, all else
is written by hand.
"""

import re
import statistics
from itertools import pairwise
from pathlib import Path

from scenes.ladder import CHAINS, OUT, RUNGS
from scenes.measures import MEASURES
from scenes.plot import Curve, line_plot
from scenes.recipe import SCALES
from scenes.records import read
from scenes.setting import Setting
from scenes.statistics import apart, deviation, grouped, paired, pooled_deviation

PAGE = OUT.parent / "evaluation.md"
SHOWN = ("fd_filters", "fd_raw", "fd_embedding", "density", "coverage", "recall", "critic_linear", "residual_front")
Sets = dict[int, dict]  # figures by seed


def number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def spread(values: list[float]) -> str:
    return f"{number(statistics.fmean(values))} ± {number(deviation(values))}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def setting_of(line: dict) -> Setting:
    given = line["setting"]
    return Setting(**(given | {"shape": tuple(given["shape"])}))


def ladder_table(lines: list[dict], member: str) -> str:
    """A row a measure: mean and deviation on every rung, and which neighbours it cannot tell apart or turns round."""
    sets = grouped((line for line in lines if line["member"] == member), lambda line: line["rung"])
    rungs = [rung for rung in RUNGS if rung in sets]
    rows = []
    for name, (more, what) in MEASURES.items():
        values = {rung: [figures[name] for figures in sets[rung].values()] for rung in rungs}
        faults = []
        for better, worse in neighbours(rungs):
            good, by = apart(values[better], values[worse], more)
            if not good:
                faults.append(f"{better} {'<' if by < 0 else '~'} {worse} ({by:+.1f})")
        rows.append([f"`{name}`", what, *(spread(values[rung]) for rung in rungs), "; ".join(faults) or "**none**"])
    return table(["measure", "what", *rungs, "fails at (deviations)"], rows)


def neighbours(rungs: list[str]) -> list[tuple[str, str]]:
    """Of each chain, among the rungs that were measured."""
    chains = ([rung for rung in chain if rung in rungs] for chain in CHAINS)
    return [pair for chain in chains for pair in pairwise(chain)]


def members_of(lines: list[dict]) -> list[str]:
    return list(dict.fromkeys(line["member"] for line in lines))


def noise_of(sets: dict[str, Sets], name: str) -> float:
    """A measure's deviation over seeds, pooled over settings."""
    return pooled_deviation([[figures[name] for figures in by_seed.values()] for by_seed in sets.values()])


def sweep_table(lines: list[dict], member: str) -> str:
    """A row a setting; for VPG the change against the same without it, in deviations of the measure over seeds."""
    own = [line for line in lines if line["member"] == member]
    sets = grouped(own, lambda line: setting_of(line).label)
    settings = {setting_of(line).label: setting_of(line) for line in own}
    noise = {name: noise_of(sets, name) for name in SHOWN}
    rows = []
    for label, by_seed in sets.items():
        base = sets.get(settings[label].unguided().label)
        cells = []
        for name in SHOWN:
            text = spread([figures[name] for figures in by_seed.values()])
            if settings[label].guided and base:
                changes = paired(by_seed, base, name)
                sign = 1 if MEASURES[name][0] else -1
                if changes and noise[name] > 0:
                    text += f" ({sign * statistics.fmean(changes) / noise[name]:+.1f})"
            cells.append(text)
        rows.append([label, str(len(by_seed)), *cells])
    return table(["setting", "seeds", *(f"`{name}`" for name in SHOWN)], rows)


def drift_plot(lines: list[dict], member: str, labels: list[str], path: Path) -> None:
    sets = grouped((line for line in lines if line["member"] == member), lambda line: setting_of(line).label)
    curves = []
    for label in labels:
        if label in sets:
            steps = list(zip(*(figures["input_fd"] for figures in sets[label].values()), strict=True))
            points = [(k + 2.0, statistics.fmean(step), deviation(list(step))) for k, step in enumerate(steps)]
            curves.append(Curve(label, points, dashed="VPG" in label))
    if curves:
        title = f"{member}: how far sampled step inputs lie from real ones"
        line_plot(path, title, f"step, of {len(SCALES)}", "Fréchet distance / variance", curves, zero=True)


def strength_plot(lines: list[dict], name: str, ratio: float, path: Path) -> None:
    """A measure against lambda at one share n_p, relative to lambda 0; a curve a member."""
    curves = []
    for member in members_of(lines):
        own = [line for line in lines if line["member"] == member]
        plain, points = {}, []
        for line in own:
            if setting_of(line) == Setting():
                plain[line["seed"]] = line["figures"]
        by_strength: dict[float, list[float]] = {0.0: [1.0] * len(plain)}
        for line in own:
            setting = setting_of(line)
            if setting == Setting(strength=setting.strength, ratio=ratio) and line["seed"] in plain:
                change = line["figures"][name] / plain[line["seed"]][name]
                by_strength.setdefault(setting.strength, []).append(change)
        points = [(x, statistics.fmean(ys), deviation(ys)) for x, ys in sorted(by_strength.items()) if ys]
        if len(points) > 1:
            curves.append(Curve(member, points))
    if curves:
        line_plot(path, f"{name} against VPG's strength, n_p {ratio:g}", "lambda", "relative to lambda 0", curves)


def fill(page: str, name: str, text: str) -> str:
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page)


def main() -> None:
    ladder, sweep = read(OUT / "ladder.jsonl"), read(OUT / "sweep.jsonl")
    page = PAGE.read_text()
    for member in members_of(ladder):
        page = fill(page, f"ladder {member}", ladder_table(ladder, member))
    for member in members_of(sweep):
        page = fill(page, f"sweep {member}", sweep_table(sweep, member))
        labels = ["plain", "VPG 1 n_p 0.3", "CFG 1.5", "CFG 1.5, VPG 0.5 n_p 0.3"]
        drift_plot(sweep, member, labels, OUT / f"drift-{member.replace('@', '-at-')}.svg")
    for name in ("fd_filters", "fd_embedding"):
        strength_plot(sweep, name, 0.3, OUT / f"strength-{name.replace('_', '-')}.svg")
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
