"""Noise is weighed as it should be, and a page keeps what was written by hand."""

import math
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scenes.ladder import RUNGS
from scenes.measures import MEASURES
from scenes.plot import Curve, line_plot, ticks
from scenes.report import fill, gain_table, ladder_table, sweep_table
from scenes.setting import Setting
from scenes.statistics import apart, paired, pooled_deviation


def test_sets_are_apart_only_beyond_their_noise_and_the_right_way_round() -> None:
    low, high = [1.0, 1.1, 0.9], [2.0, 2.1, 1.9]
    assert apart(low, high, more_is_better=False) == (True, pytest.approx(10))
    assert apart(low, high, more_is_better=True) == (False, pytest.approx(-10))
    assert not apart([1.0, 1.4, 0.6], [1.5, 1.9, 1.1], more_is_better=False)[0]
    assert pooled_deviation([[1.0, 3.0], [5.0, 5.0]]) == pytest.approx(1.0) and math.isnan(pooled_deviation([[1.0]]))
    assert paired({1: {"x": 3.0}, 2: {"x": 5.0}}, {1: {"x": 1.0}, 3: {"x": 9.0}}, "x") == [2.0]


def test_a_measure_that_turns_two_rungs_round_is_found_out() -> None:
    worth = {rung: float(i) for i, rung in enumerate(RUNGS)}  # which both chains agree with
    lines = []
    for rung in RUNGS:
        for seed in range(3):
            figures = {name: (-1 if more else 1) * (worth[rung] + 0.01 * seed) for name, (more, _) in MEASURES.items()}
            figures["fd_raw"] = {"full": 3.0, "half": 2.0}.get(rung, worth[rung]) + 0.01 * seed
            lines.append({"member": "s", "rung": rung, "seed": seed, "figures": figures})
    rows = {row.split("`")[1]: row for row in ladder_table(lines, "s").splitlines()[2:]}
    assert "**none**" in rows["recall"] and "**none**" in rows["fd_filters"]
    assert "full < half" in rows["fd_raw"] and "half ~" not in rows["fd_raw"]


def test_a_gain_is_told_in_deviations_over_seeds() -> None:
    lines = []
    for setting, level in ((Setting(), 10.0), (Setting(strength=0.5, ratio=0.5), 9.0)):
        for seed, noise in enumerate((-0.1, 0.0, 0.1)):
            figures = dict.fromkeys(MEASURES, level + noise)
            shape = list(setting.shape)
            lines.append({"member": "s", "setting": vars(setting) | {"shape": shape}, "seed": seed, "figures": figures})
    assert gain_table(lines).splitlines()[2].startswith("| s | VPG 0.5 n_p 0.5 against plain | 3 | -10% (+10.0) |")
    guided = sweep_table(lines, "s").splitlines()[3].split(" | ")
    assert guided[0] == "| VPG 0.5 n_p 0.5" and guided[1] == "3"
    assert guided[2] == "9.000 ± 0.100 (+10.0)" and guided[5] == "9.000 ± 0.100 (-10.0)"  # a distance, then density


def test_only_what_lies_between_the_comments_is_replaced() -> None:
    page = "before\n<!-- a -->\nold\n<!-- /a -->\n<!-- ab -->\nkept\n<!-- /ab -->\n"
    once = fill(page, "a", "| new |")
    assert once == "before\n<!-- a -->\n\n| new |\n\n<!-- /a -->\n<!-- ab -->\nkept\n<!-- /ab -->\n"
    assert fill(once, "a", "| new |") == once


def test_a_plot_is_whole_svg(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    line_plot(path, "a < b", "x", "y", [Curve("one & two", [(0, 1, 0.1), (1, 2, 0.1)])])
    assert ElementTree.parse(path).getroot().tag.endswith("svg")
    for low, high in ((0.0, 1.0), (0.93, 1.21), (0.0, 37.0), (0.004, 0.0061)):
        assert 3 <= len(ticks(low, high)) <= 7 and low <= ticks(low, high)[0] and ticks(low, high)[-1] <= high * 1.0001
