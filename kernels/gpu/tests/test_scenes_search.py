"""The search draws what it says, keeps the best, and remembers what it measured."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from scenes.records import Records
from scenes.search import FAMILIES, Search, drawn, halved
from scenes.setting import SHAPES, STEPS, Setting

SERIES = SimpleNamespace(run=SimpleNamespace(log=lambda line: None))


class Valley:
    """Stands for the measuring: best at strength 1, a little worse with every position that is left alone."""

    def __init__(self, classes: str = "even") -> None:
        self.classes, self.asked = classes, 0

    def distance(self, series: object, setting: Setting, seed: int, count: int) -> float:
        self.asked += 1
        return 10 + abs(setting.strength - 1) + (1 - setting.ratio)


def test_settings_of_every_family_are_drawn_and_the_same_by_the_same_seed() -> None:
    found = drawn(400, 1, Setting(cfg=1.5))
    assert found == drawn(400, 1, Setting(cfg=1.5)) != drawn(400, 2, Setting(cfg=1.5))
    assert {family for family, _ in found} == set(FAMILIES) and len({setting for _, setting in found}) == 400
    for family, setting in found:
        assert setting.cfg == 1.5 and setting.guided and len(setting.shape) == STEPS
        assert max(setting.shape) == 1.0 and min(setting.shape) >= 0.0
        assert family in ("interval", "fitted") or setting.shape == SHAPES[family]


def test_the_best_is_kept_through_the_rounds_and_the_best_of_each_family_beside_it(tmp_path: Path) -> None:
    valley, settings = Valley(), drawn(320, 3, Setting())
    search = Search(Records(tmp_path / "search.jsonl"), valley)
    winners = halved(search, SERIES, "s-r0-500", settings, 10)
    best = min((setting for _, setting in settings), key=lambda setting: valley.distance(None, setting, 0, 0))
    assert winners[0][1] == best
    assert {family for family, _ in winners} == set(FAMILIES)
    assert valley.asked - 320 == 320 + 80 + 20 + 6 + 6
    again = Valley()
    assert halved(Search(Records(tmp_path / "search.jsonl"), again), SERIES, "s-r0-500", settings, 10) == winners
    assert again.asked == 0


@pytest.mark.parametrize("classes", ["even", "odd"])
def test_a_line_says_which_classes_it_is_of(tmp_path: Path, classes: str) -> None:
    records = Records(tmp_path / "search.jsonl")
    Search(records, Valley(classes)).distance(SERIES, "s-r0-500", "constant", Setting(strength=1, ratio=0.5), 1, 10)
    assert records.lines[0]["classes"] == classes and records.lines[0]["figures"] == {"fd_embedding": 10.5}
