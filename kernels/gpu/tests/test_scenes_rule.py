"""The gain beside the loss: seed by seed, a curve a world, the member that is nearest to its world first."""

import statistics
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from scenes.report_rule import gains_of, rule_plot, rule_table
from scenes.setting import USUAL, Setting


def lines_of(member: str, plain: list[float], guided: list[float]) -> list[dict]:
    return [
        {"member": member, "setting": asdict(setting), "seed": seed, "figures": {"fd_embedding": value}}
        for setting, values in ((Setting(), plain), (USUAL, guided), (replace(USUAL, cfg=1.5), [1.0]))
        for seed, value in enumerate(values)
    ]


LOSSES = [
    {"member": member, "figures": {"nats": nats, "parameters": parameters}}
    for member, nats, parameters in (("s-r0.5-8", 4.0, 400), ("s-r0-5@0.5", 1.5, 400), ("l64-r0.15-9", 2.5, 3000))
]
SWEEP = [*lines_of("s-r0.5-8", [100.0, 200.0], [50.0, 150.0, 9.0]), *lines_of("s-r0-5@0.5", [10.0], [11.0])]


def test_what_was_measured_with_and_without_is_compared_seed_by_seed() -> None:
    near, far = gains_of(LOSSES, SWEEP)  # of the third only the loss is known
    assert (near.member, far.member) == ("s-r0-5@0.5", "s-r0.5-8")
    assert far.per_cent == [-50.0, -25.0] and near.per_cent == pytest.approx([10.0])
    assert (far.world, near.world) == ("32 x 32, richness 0.5", "32 x 32, richness 0")
    rows = [row.split(" | ") for row in rule_table([near, far]).splitlines()[2:]]
    assert rows[1][3:6] == ["4.000", "150.0 ± 70.7", "100.0 ± 70.7"]
    assert rows[1][6] == f"{statistics.fmean([-50, -25]):+.0f} ± 18%" and rows[1][7] == "2 |"


def test_the_plot_has_a_curve_a_world(tmp_path: Path) -> None:
    rule_plot(gains_of(LOSSES, SWEEP), tmp_path / "rule.svg")
    text = (tmp_path / "rule.svg").read_text()
    assert text.count('stroke-width="2"') == 4 and "richness 0.5" in text  # two curves, and two in the legend
