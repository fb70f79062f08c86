"""When guidance gains: its change of the distance beside how much a member still gets wrong, for scenes.report."""

import statistics
from dataclasses import dataclass
from pathlib import Path

from scenes.measures import TRUSTED
from scenes.plot import Curve, line_plot
from scenes.series import parse_label
from scenes.setting import USUAL, Setting
from scenes.statistics import deviation
from scenes.tables import by_label, number, spread, table


@dataclass(frozen=True)
class Gain:
    """Of VPG against nothing, over the seeds that both have."""

    member: str
    nats: float  # a token, on fresh pictures
    parameters: int
    without: list[float]
    with_it: list[float]

    @property
    def per_cent(self) -> list[float]:
        return [100 * (b - a) / a for a, b in zip(self.without, self.with_it, strict=True)]

    @property
    def change(self) -> tuple[float, float]:
        """Of the distance in per cent: mean and deviation."""
        return statistics.fmean(self.per_cent), deviation(self.per_cent)

    @property
    def world(self) -> str:
        member, _ = parse_label(self.member)
        return f"{member.side} x {member.side}, richness {member.richness:g}"


def gains_of(losses: list[dict], sweep: list[dict]) -> list[Gain]:
    """Of every member whose loss and whose pair are known, the one with the least loss first."""
    found = []
    for line in losses:
        sets = by_label(sweep, line["member"])
        plain, guided = sets.get(Setting().label, {}), sets.get(USUAL.label, {})
        seeds = sorted(plain.keys() & guided.keys())
        if seeds:
            values = ([by_seed[seed][TRUSTED] for seed in seeds] for by_seed in (plain, guided))
            found.append(Gain(line["member"], line["figures"]["nats"], line["figures"]["parameters"], *values))
    return sorted(found, key=lambda gain: gain.nats)


def rule_table(gains: list[Gain]) -> str:
    rows = [
        [
            f"`{gain.member}`",
            f"{gain.parameters / 1e6:.2f} million",
            gain.world,
            number(gain.nats),
            spread(gain.without),
            spread(gain.with_it),
            "{:+.0f} ± {:.0f}%".format(*gain.change),
            str(len(gain.without)),
        ]
        for gain in gains
    ]
    return table(["member", "parameters", "world", "nats a token", "without", "with VPG", "change", "seeds"], rows)


def rule_plot(gains: list[Gain], path: Path) -> None:
    """A curve a world: the change in per cent over the loss."""
    curves = []
    for world in sorted({gain.world for gain in gains}):
        curves.append(Curve(world, [(gain.nats, *gain.change) for gain in gains if gain.world == world]))
    title = "What VPG (0.5, n_p 0.5) changes, by the test loss"
    line_plot(path, title, "test loss, nats a token", f"change of {TRUSTED}, %", curves, zero=True)
