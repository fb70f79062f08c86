"""Tables of what the search for schedules found and of what quality costs, for scenes.report."""

import statistics

from scenes.measures import TRUSTED
from scenes.statistics import grouped, paired, pooled_deviation
from scenes.tables import Sets, label_of, spread, table


def confirmed_table(lines: list[dict], member: str) -> str:
    """What the search chose, on classes and seeds that did not choose it: a row a setting, the best first."""
    own = [line for line in lines if line["member"] == member and line["classes"] == "odd"]
    if not own:
        return ""
    families = {label_of(line): line["family"] for line in own}
    sets = grouped(own, label_of)
    noise = pooled_deviation([figures_of(by_seed) for by_seed in sets.values()])
    bases = [label for label, family in families.items() if family in ("none", "compared everywhere")]
    rows = []
    for label, by_seed in sorted(sets.items(), key=lambda entry: statistics.fmean(figures_of(entry[1]))):
        cells = [label, families[label], str(len(by_seed)), spread(figures_of(by_seed))]
        rows.append(cells + [change(by_seed, sets[base], noise) if base != label else "" for base in bases])
    return table(["setting", "family", "seeds", f"`{TRUSTED}`", *(f"against {base}" for base in bases)], rows)


def figures_of(by_seed: dict[int, dict]) -> list[float]:
    return [figures[TRUSTED] for figures in by_seed.values()]


def change(by_seed: dict[int, dict], base: dict[int, dict], noise: float) -> str:
    """In per cent, and in deviations over seeds (positive: better)."""
    by = statistics.fmean(paired(by_seed, base, TRUSTED))
    return f"{100 * by / statistics.fmean(figures_of(base)):+.1f}% ({-by / noise:+.1f})"


def cost_table(costs: list[dict], sweeps: dict[str, dict[str, Sets]]) -> str:
    """A row a member and setting: what a picture costs, in pictures of the first row, and how good it is."""
    first, rows = costs[0]["figures"]["sampling_ms"], []
    for line in costs:
        found = sweeps.get(line["member"], {}).get(label_of(line))
        quality = [figures[TRUSTED] for figures in found.values()] if found else []
        told = spread(quality) if quality else ""
        ratio = line["figures"]["sampling_ms"] / first
        rows.append([line["member"], label_of(line), f"{ratio:.2f}", told, str(len(quality) or "")])
    return table(["member", "setting", "cost", f"`{TRUSTED}`", "seeds"], rows)
