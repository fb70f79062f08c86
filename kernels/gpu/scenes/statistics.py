"""Figures of several seeds: mean, deviation, and whether one set lies beyond the noise of another."""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable

Value = float | list[float]


def grouped(lines: Iterable[dict], key: Callable[[dict], str]) -> dict[str, dict[int, dict[str, Value]]]:
    """Figures by what the key says, then by seed; in order of first appearance."""
    found: dict[str, dict[int, dict[str, Value]]] = defaultdict(dict)
    for line in lines:
        found[key(line)][line["seed"]] = line["figures"]
    return dict(found)


def deviation(values: list[float]) -> float:
    """Of a sample; 0 where there is only one."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def pooled_deviation(groups: Iterable[list[float]]) -> float:
    """Within the groups, as if all had the same."""
    freedom, total = 0, 0.0
    for values in groups:
        if len(values) > 1:
            freedom += len(values) - 1
            total += (len(values) - 1) * statistics.variance(values)
    return math.sqrt(total / freedom) if freedom else math.nan


def apart(better: list[float], worse: list[float], more_is_better: bool) -> tuple[bool, float]:
    """Whether every value of the one beats every value of the other by far, and by how many pooled deviations.

    By far: the means differ by three deviations or more.
    """
    sign = 1 if more_is_better else -1
    first, second = ([sign * value for value in values] for values in (better, worse))
    noise = pooled_deviation([first, second])
    distance = statistics.fmean(first) - statistics.fmean(second)
    by = distance / noise if noise else math.copysign(math.inf, distance) if distance else 0.0
    return min(first) > max(second) and by >= 3, by


def paired(with_it: dict[int, dict], without: dict[int, dict], name: str) -> list[float]:
    """Differences seed by seed, of the seeds that both have."""
    return [with_it[seed][name] - without[seed][name] for seed in sorted(with_it.keys() & without.keys())]
