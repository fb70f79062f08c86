"""Tables and plots of docs/evaluation.md from the figures beside it: python -m scenes.report.

docs/evaluation/scenes/tables.md is made whole. In docs/evaluation.md a table lies between two comments that name it,
<!-- NAME --> and <!-- /NAME -->; what is between is replaced, all else is written by hand.
"""

import re
import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from scenes.folder import FIGURES
from scenes.ladder import CHAINS, RUNGS
from scenes.measures import MEASURES
from scenes.plot import Curve, line_plot
from scenes.recipe import SCALES
from scenes.report_drift import drift_table
from scenes.report_rule import gains_of, rule_plot, rule_table
from scenes.report_search import confirmed_table, cost_table
from scenes.setting import Setting
from scenes.statistics import apart, deviation, grouped, paired, pooled_deviation
from scenes.sweep import finals
from scenes.tables import Sets, by_label, setting_of, spread, table
from sprites.lines import read_lines

PAGE = FIGURES.parents[1] / "evaluation.md"
HEAD = """# Scenes: every figure in tables

Made by `python -m scenes.report` from the figures beside it; what they mean is in [evaluation.md](../../evaluation.md).
± is the standard deviation over seeds. In brackets: the gain against the same setting without VPG, seed by seed, in
deviations of that measure over seeds (positive: better, whichever way the measure goes)."""
SHOWN = (
    "fd_embedding", "fd_filters", "fd_parameters", "density", "recall", "critic_linear", "residual", "residual_front",
)  # fmt: skip
BRIEFLY = ("fd_embedding", "fd_filters", "density", "recall")
SHIPPED = "l64-r0.15-5000"  # the member that var-scenes is
WEIGHED = ("fd_embedding", "fd_filters", "recall", "coverage", "fd_parameters", "accuracy", "residual_front")


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


def in_deviations(name: str, changes: list[float], noise: float) -> str:
    """The mean change of a measure, positive for the better; nothing where its noise is not known."""
    sign = 1 if MEASURES[name][0] else -1
    return f" ({sign * statistics.fmean(changes) / noise:+.1f})" if noise > 0 else ""


def sweep_table(
    lines: list[dict], member: str, names: Sequence[str] = SHOWN, only: Sequence[Setting] | None = None
) -> str:
    """A row a setting; for VPG the change against the same without it, in deviations of the measure over seeds."""
    sets = by_label(lines, member)
    settings = {setting.label: setting for setting in map(setting_of, lines)}
    noise = {name: noise_of(sets, name) for name in names}
    rows = []
    for label in [setting.label for setting in only or settings.values() if setting.label in sets]:
        by_seed, base = sets[label], sets.get(settings[label].unguided().label)
        cells = []
        for name in names:
            text = spread([figures[name] for figures in by_seed.values()])
            if settings[label].guided and base:
                changes = paired(by_seed, base, name)
                text += in_deviations(name, changes, noise[name]) if changes else ""
            cells.append(text)
        rows.append([label, str(len(by_seed)), *cells])
    return table(["setting", "seeds", *(f"`{name}`" for name in names)], rows)


def drift_plot(lines: list[dict], member: str, labels: list[str], path: Path) -> None:
    sets = by_label(lines, member)
    curves = []
    for label in labels:
        if label in sets:
            steps = list(zip(*(figures["input_fd"] for figures in sets[label].values()), strict=True))
            points = [(k + 2.0, statistics.fmean(step), deviation(list(step))) for k, step in enumerate(steps)]
            curves.append(Curve(label, points, dashed="VPG" in label))
    if curves:
        title = f"{member}: how far sampled step inputs lie from real ones"
        line_plot(path, title, f"step, of {len(SCALES)}", "Fréchet distance / variance", curves, zero=True)


def gain_table(lines: list[dict]) -> str:
    """A row a member: what VPG (and, beside it, a lower temperature) changes, in per cent and in deviations."""
    rows = []
    for member in members_of(lines):
        sets = by_label(lines, member)
        for label, base in (("VPG 0.5 n_p 0.5", "plain"), ("CFG 1.5, VPG 0.5 n_p 0.5", "CFG 1.5"), ("T 0.9", "plain")):
            if label in sets and base in sets:
                seeds = sets[label].keys() & sets[base].keys()
                rows.append([member, f"{label} against {base}", str(len(seeds)), *gains(sets, label, base)])
    return table(["member", "what", "seeds", *(f"`{name}`" for name in BRIEFLY)], rows)


def gains(sets: dict[str, Sets], label: str, base: str) -> list[str]:
    """Of a few measures: the mean change in per cent of the base, and in deviations (positive: better)."""
    found = []
    for name in BRIEFLY:
        changes = paired(sets[label], sets[base], name)
        level = statistics.fmean(figures[name] for figures in sets[base].values())
        noise = noise_of(sets, name)
        by = in_deviations(name, changes, noise) if len(changes) > 1 else ""
        found.append(f"{100 * statistics.fmean(changes) / level:+.0f}%{by}")
    return found


def fill(page: str, name: str, text: str) -> str:
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page)


def all_tables(ladder: list[dict], sweep: list[dict], search: list[dict]) -> str:
    """The page that is made whole; what has no figures yet is left out."""
    sections = (
        ("Which measures see what", ladder_table, ladder),
        ("Settings, member by member", sweep_table, sweep),
        ("Drift, step by step", drift_table, sweep),
        ("What the search chose, on classes and seeds that did not choose it", confirmed_table, search),
    )
    parts = [HEAD]
    for title, table_of, lines in sections:
        found = [f"### `{member}`\n\n{text}" for member in members_of(lines) if (text := table_of(lines, member))]
        parts += [f"## {title}", *found] if found else []
    return "\n\n".join(parts) + "\n"


def main() -> None:
    ladder, sweep, search, costs, losses = (
        read_lines(FIGURES / f"{name}.jsonl") for name in ("ladder", "sweep", "search", "cost", "losses")
    )
    (FIGURES / "tables.md").write_text(all_tables(ladder, sweep, search))
    for member in members_of(sweep):
        labels = ["plain", "VPG 0.5 n_p 0.5", "CFG 1.5", "CFG 1.5, VPG 0.5 n_p 0.5", "T 0.9"]
        drift_plot(sweep, member, labels, FIGURES / f"drift-{member.replace('@', '-at-')}.svg")
    page = fill(PAGE.read_text(), "gains", gain_table(sweep))
    page = fill(page, "finals", sweep_table(sweep, SHIPPED, WEIGHED, finals()))
    if found := gains_of(losses, sweep):
        rule_plot(found, FIGURES / "rule.svg")
        page = fill(page, "rule", rule_table(found))
    if costs:
        page = fill(page, "cost", cost_table(costs, {member: by_label(sweep, member) for member in members_of(costs)}))
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
