"""Measures measure what they say, a sweep goes on where it was, and the card reads what the training left."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sprites import sweep
from sprites.distances import frechet, manifold
from sprites.figures import Cell, Figures, deviation, mean
from sprites.history import parse_history
from sprites.oddness import make_bank
from sprites.run import Run
from sprites.setting import Setting, falling
from sprites.tables import differences, suggested
from sprites.tally import read_numbers, tally

GUIDED = Setting(1.5, vpg_scale=1.0, vpg_schedule=falling(5), corruption_ratio=0.3)


def test_a_set_has_no_distance_from_itself_and_the_square_of_a_shift() -> None:
    x = torch.randn(300, 8, generator=torch.Generator().manual_seed(0))
    assert frechet(x, x) == pytest.approx(0, abs=1e-5)
    assert frechet(x, x + 2) == pytest.approx(8 * 4, rel=1e-4)
    assert manifold(x, x)["precision"] == manifold(x, x)["recall"] == 1
    assert manifold(x, x + 50)["precision"] == manifold(x, x + 50)["coverage"] == 0


def test_a_flaw_makes_a_picture_odd() -> None:
    """In a world whose four quarters are dark or light, a red square is odd, and a light one if it fills no quarter."""
    random = np.random.RandomState(0)
    quarters = random.choice([40, 200], (240, 1, 2, 2)).repeat(32, 2).repeat(32, 3).repeat(3, 1)
    pictures = np.clip(quarters + random.randint(-3, 4, quarters.shape), 0, 255).astype(np.uint8)
    labels = np.arange(240) % 2
    bank = make_bank(pictures[:160], labels[:160], pictures[160:200], labels[160:200])
    right, label = pictures[200:], labels[200:]
    red, light = right.copy(), right.copy()
    red[:, :, 8:20, 8:20] = np.array([220, 30, 30])[:, None, None]
    light[:, :, 24:40, 24:40] = 200
    before, with_red, with_light = (bank.scores(x, label) for x in (right, red, light))
    assert before.mean() < 2 and bank.outliers(with_red, label).all()
    uniform = torch.from_numpy((right[:, 0, 16::32, 16::32] > 100).all((1, 2)))  # light everywhere: no flaw
    assert bank.outliers(with_light, label)[~uniform].all() and with_light[uniform].mean() < 2


def test_figures_outlive_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    kept, lost = Cell("samples", GUIDED, 1), Cell("real", None, 0)
    Figures(path, "weights", 10, 9).add(kept, {"fd0": 1.0})
    with path.open("a") as file:
        file.write('{"weights": "weights", "cou')
    again = Figures(path, "weights", 10, 9)
    assert list(again.lines) == [kept]
    again.add(lost, {"fd0": 2.0})
    assert list(Figures(path, "weights", 10, 9).lines) == [kept, lost]
    for stamp in (("other weights", 10, 9), ("weights", 20, 9), ("weights", 10, 8)):
        assert not Figures(path, *stamp).lines


def test_a_sweep_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Cell] = []

    def measure(_evaluation: object, _pair: object, cell: Cell, _count: int) -> dict[str, float]:
        if len(measured) == 3:
            raise KeyboardInterrupt
        measured.append(cell)
        return dict.fromkeys(("fd0", "fd1", "outliers", "recall"), 1.0)

    cells = [Cell("samples", Setting(float(i)), 0) for i in range(5)]
    monkeypatch.setattr(sweep, "order", lambda: cells)
    monkeypatch.setattr(sweep, "measure", measure)
    run, path = Run(tmp_path, 0), tmp_path / "sweep.jsonl"
    with pytest.raises(KeyboardInterrupt):
        sweep.sweep(run, None, None, Figures(path, "w", 1, 9), 1, minutes=1)
    measured.clear()
    sweep.sweep(run, None, None, Figures(path, "w", 1, 9), 1, minutes=1)
    assert measured == cells[3:]
    measured.clear()
    sweep.sweep(run, None, None, Figures(path, "w", 2, 9), 1, minutes=0)
    assert not measured


def test_the_order_has_every_cell_once_and_the_important_ones_first() -> None:
    order = sweep.order()
    assert len(order) == len(set(order))
    first = [cell.setting for cell in order if cell.setting][: len(sweep.important())]
    assert first == sweep.important() and set(sweep.everything()) <= {cell.setting for cell in order}


def test_tables_pair_seeds_and_weigh_outliers_with_distance(tmp_path: Path) -> None:
    figures = Figures(tmp_path / "sweep.jsonl", "w", 1, 9)
    plain, far = Setting(1.5), Setting(2.5)
    for seed in range(3):
        for setting, fd, outliers in ((plain, 1.0, 0.2), (GUIDED, 1.1, 0.1), (far, 9.0, 0.0)):
            found = {"fd0": fd + seed, "fd1": fd + seed, "outliers": outliers}
            figures.add(Cell("samples", setting, seed), found)
    ((setting, paired),) = differences(figures, "fd0")
    assert setting == GUIDED and paired == pytest.approx([0.1] * 3)
    assert suggested(figures) == GUIDED
    assert mean(figures.by_setting()[far], "fd0") == 10 and deviation(figures.by_setting()[far], "fd0") == 1


def test_a_log_tells_its_recipe_its_tests_and_its_restarts() -> None:
    recipe = "recipe: Recipe(device='cpu', pictures=40, tokenizer_steps={}, var=VarConfig(scales=(1, 2), width=160))"
    log = [
        f"23:58:00 {recipe.format(6)}",
        "23:59:00 tokenizer 0/6 loss 1.0 vectors 1.0 revived 0",
        "00:01:00 tokenizer test: psnr 30.25 worst 23.11 l1 0.0144 codes 512 perplexity 333",
        f"00:02:00 {recipe.format(8)}",
        "00:03:00 transformer: 2167102 parameters, 160 pictures",
        "00:04:00 transformer test: 1.9530 nats a token; by scale 1.390 3.970; 201.2 a picture",
    ]
    history = parse_history("\n".join(log))
    assert history.recipe == {"device": "'cpu'", "pictures": "40", "tokenizer_steps": "8"}
    assert history.changed == {"tokenizer_steps": ["6", "8"]}
    assert history.tokenizer["psnr"] == "30.25" and history.parameters == 2167102
    assert (history.nats, history.nats_by_scale, history.nats_a_picture) == (1.953, [1.39, 3.97], 201.2)
    assert history.minutes == {"tokenizer": 3.0, "transformer": 2.0}


def test_a_blind_count_is_added_up_by_setting() -> None:
    pictures = {str(i): {"setting": "a" if i < 3 else "b", "class": "car"} for i in range(1, 5)}
    text = tally(pictures, read_numbers("1 # smudged\n2, 3"), range(1, 5))
    assert "| a | 2 | 2 | 100.0% |" in text and "| b | 1 | 2 | 50.0% |" in text
    with pytest.raises(ValueError, match="9"):
        tally(pictures, {9}, range(1, 5))
