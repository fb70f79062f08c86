"""A blind count: the key has every picture under its number, and the sheets show them in that order."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenes.setting import SHAPES, Setting, read_setting
from sprites.sheets import COLUMNS, GAP, ROWS, ZOOM, parse_setting, write_shuffled
from sprites.tally import tally


def test_the_key_says_which_picture_has_which_number(tmp_path: Path) -> None:
    count, side = 45, 8
    shown = [
        (np.full((3, side, side), 5 * i, np.uint8), {"setting": "ab"[i % 2], "picture": i, "class": "moon"})
        for i in range(count)
    ]
    write_shuffled(list(shown), tmp_path / "sheets", {"member": "s"}, "an order")
    key = json.loads((tmp_path / "sheets-key.json").read_text())
    found = [key["pictures"][str(i + 1)]["picture"] for i in range(count)]
    assert key["member"] == "s" and sorted(found) == list(range(count)) and found != sorted(found)
    assert len(list((tmp_path / "sheets").iterdir())) == -(-count // (COLUMNS * ROWS))
    first = np.asarray(Image.open(tmp_path / "sheets" / "sheet-01.png"))
    assert first[GAP + 1, GAP + 1].tolist() == [5 * found[0]] * 3
    assert first[GAP + 1, GAP + side * ZOOM + GAP + 1].tolist() == [5 * found[1]] * 3
    write_shuffled(list(shown), tmp_path / "again", {"member": "s"}, "an order")
    assert json.loads((tmp_path / "again-key.json").read_text()) == key
    flawed = {i + 1 for i, picture in enumerate(found) if picture % 2 == 0}
    assert "| a | 23 | 23 | 100.0%" in tally(key["pictures"], flawed, range(1, count + 1))


def test_settings_are_read_as_a_sweep_writes_them() -> None:
    late = {"strength": 0.5, "ratio": 0.5, "shape": list(SHAPES["late"])}
    assert parse_setting(late, read_setting).label == "VPG 0.5 n_p 0.5, late"
    assert parse_setting({}, read_setting) == Setting() and parse_setting("real") == "real"
    with pytest.raises(ValueError, match="imaginary"):
        parse_setting("imaginary")
