"""The sweep's sampler: each part of a setting does what it says, and nothing else."""

from dataclasses import replace

import pytest
import torch

from scenes.recipe import SCALES, SMALL, recipe
from scenes.sampler import sample_tokens
from scenes.setting import Setting
from sprites.train_transformer import new_transformer
from vpg.corruption import Corruption
from vpg.layers.quantizer import Quantizer, QuantizerConfig
from vpg.models.var import Var, VarConfig

LABELS = torch.arange(5)


@pytest.fixture(scope="module")
def model() -> tuple[Var, Quantizer]:
    """Untrained weights that are large enough for tokens to depend on their prefix."""
    torch.manual_seed(0)
    plan = replace(recipe(SMALL, "s"), var=VarConfig(SCALES, 64, 8, 32, 2, 2, classes=8, shared_aln=True))
    var = new_transformer(plan).eval().requires_grad_(False)
    for parameter in var.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter) / max(1, parameter.shape[-1]) ** 0.5)
    var.head.weight.mul_(4)
    quantizer = Quantizer(QuantizerConfig(SCALES, 64, 8, phis=len(SCALES))).requires_grad_(False)
    return var, quantizer


def tokens(model: tuple[Var, Quantizer], setting: Setting, seed: int = 1) -> torch.Tensor:
    return sample_tokens(*model, setting, LABELS, seed, bf16=False)


def test_plain_samples_follow_the_model(model: tuple[Var, Quantizer]) -> None:
    """At temperature near 0 every token is the likeliest of a teacher-forced pass over the sample itself."""
    var, quantizer = model
    token_BL = tokens(model, Setting(temperature=1e-4))
    logits_BLV = var(LABELS, quantizer.decode(token_BL)[0])
    assert (logits_BLV.argmax(-1) == token_BL).float().mean() > 0.99
    assert (tokens(model, Setting()) == tokens(model, Setting())).all()
    assert (tokens(model, Setting()) != tokens(model, Setting(), seed=2)).any()


@pytest.mark.parametrize("own, anew", [(True, False), (False, False), (True, True), (False, True)])
@pytest.mark.parametrize("kind", [kind.value for kind in Corruption])
def test_a_share_of_nothing_is_no_guidance(model: tuple[Var, Quantizer], kind: str, own: bool, anew: bool) -> None:
    nothing = Setting(strength=3.0, ratio=1e-9, kind=kind, own=own, anew=anew)
    assert (tokens(model, nothing) == tokens(model, Setting())).float().mean() > 0.999
    much = replace(nothing, ratio=0.9)
    assert (tokens(model, much) != tokens(model, Setting())).any()


def test_every_way_of_corrupting_is_another(model: tuple[Var, Quantizer]) -> None:
    base = Setting(strength=2.0, ratio=0.6)
    ways = [base, replace(base, own=False), replace(base, anew=True), replace(base, own=False, anew=True)]
    ways += [replace(base, kind=kind.value) for kind in Corruption if kind.value != base.kind]
    sets = [tokens(model, way) for way in ways]
    assert all((a != b).any() for i, a in enumerate(sets) for b in sets[:i])


def test_a_schedule_leaves_the_steps_before_it_alone(model: tuple[Var, Quantizer]) -> None:
    late = Setting(strength=3.0, ratio=0.9, shape=(0.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    for setting in (late, replace(late, own=False), replace(late, anew=True)):
        same = tokens(model, setting) == tokens(model, Setting())
        first = sum(side**2 for side in SCALES[:4])
        assert same[:, :first].all() and not same[:, first : first + SCALES[4] ** 2].all()


def test_guidance_of_both_kinds_goes_together(model: tuple[Var, Quantizer]) -> None:
    base = Setting(cfg=1.5, strength=2.0, ratio=1e-9)
    assert (tokens(model, base) == tokens(model, Setting(cfg=1.5))).float().mean() > 0.999
    assert (tokens(model, replace(base, ratio=0.6)) != tokens(model, Setting(cfg=1.5))).any()
    apart = replace(base, ratio=0.6, own=False)
    assert (tokens(model, apart) != tokens(model, replace(base, ratio=0.6))).any()
