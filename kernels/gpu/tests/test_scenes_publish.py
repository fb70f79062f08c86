"""A member of the scenes series becomes a checkpoint that can be exported and served."""

import argparse
import json
from pathlib import Path

import pytest
import torch

from scenes.kinds import NAMES
from scenes.publish import publish
from scenes.recipe import LARGE, Member, recipe
from scenes.series import Series
from sprites.checkpoint import load
from sprites.export import export
from vpg.models.var import Var
from vpg.models.vqvae import Vqvae

MEMBER = Member("s", 0.3, 5, LARGE)


@pytest.fixture
def series(tmp_path: Path) -> Series:
    """Untrained."""
    folder, plan = tmp_path / "series" / str(LARGE), recipe(LARGE, "s")
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(Vqvae(plan.autoencoder, plan.quantizer).state_dict(), folder / "tokenizer.pt")
    torch.save(Var(plan.var).state_dict(), folder / f"{MEMBER.label(0.5)}.pt")
    arguments = argparse.Namespace(folder=tmp_path / "series", seed=3, threads=1)
    return Series.opened(arguments, MEMBER.label(0.5))


def test_a_member_is_published_in_half_precision_and_exported_under_its_own_name(
    series: Series, tmp_path: Path
) -> None:
    publish(series, tmp_path / "published")
    export(tmp_path / "published", tmp_path / "served")
    checkpoint, described = load(tmp_path / "served"), json.loads((tmp_path / "served" / "model.json").read_text())
    for made, trained in ((checkpoint.var, series.var()), (checkpoint.tokenizer, series.tokenizer)):
        states = made.state_dict(), trained.state_dict()
        assert all(torch.equal(states[0][name], value.half().float()) for name, value in states[1].items())
    assert (described["id"], described["classes"]) == ("var-scenes", NAMES)
    [schedule] = described["schedules"]
    assert (schedule["name"], schedule["size"], len(schedule["steps"])) == ("64", "64x64", 6)
    assert json.loads((tmp_path / "served" / "config.json").read_text())["seed"] == 3


def test_a_member_that_is_not_trained_so_far_is_not_published(series: Series, tmp_path: Path) -> None:
    series.checkpoint = 1.0
    with pytest.raises(FileNotFoundError, match="s64-r0.3-5.pt is not trained yet"):
        publish(series, tmp_path)
