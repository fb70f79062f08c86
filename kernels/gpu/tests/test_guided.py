"""The batched sampler draws what the step contract says, picture by picture."""

import numpy as np
import pytest
import torch

from sprites.guided import gather_index, sample_tokens
from sprites.pair import Pair
from sprites.seeds import corruption_seed, picture_seed, uniforms
from sprites.setting import Setting
from sprites.tokens import as_sent, draw, mix
from vpg.corruption import Corruption, corrupt_step, sources
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.var import Past, Var, VarConfig
from vpg.models.vqvae import Vqvae

SCALES = (1, 2, 3)


@pytest.fixture(scope="module")
def pair() -> Pair:
    torch.manual_seed(0)
    var = Var(VarConfig(SCALES, 20, 4, 32, 2, 4, classes=5, shared_aln=True))
    for parameter in var.parameters():
        parameter.data.normal_(std=0.3)
    plain = AutoencoderConfig((8, 8), 4, 1, 1, patch=2, norm=False, attention=False, middle=False, shuffle=True)
    return Pair(var.eval(), Vqvae(plain, QuantizerConfig(SCALES, 20, 4, phis=3)).eval(), "random")


@torch.no_grad()
def draw_one(pair: Pair, setting: Setting, label: int, seed: int) -> list[int]:
    """The contract read aloud: one picture, every branch and condition a row by itself."""
    var, quantize, steps = pair.var, pair.tokenizer.quantize, len(SCALES)
    conditions = [var.condition(torch.tensor([which])) for which in (label, var.config.classes)]
    pasts = {(branch, c): Past([], []) for branch in range(2) for c in range(2)}
    f_BChw, drawn = torch.zeros(1, 4, 3, 3), []
    for k in range(steps):
        t = setting.guidance_scale * k / (steps - 1)
        place = var.places()[:, var.config.bounds[k] : var.config.bounds[k + 1]]
        sent = []
        for branch in range(2):
            rows = []
            for c in range(2):
                start = conditions[c].class_BD[:, None] + var.pos_start
                content = var.word_embed(quantize.down(k, f_BChw)) if k else start
                x = content + place
                if branch == 1:
                    who = corruption_seed(seed)
                    x = corrupt_step(Corruption.EMBEDDING, content, place, who, k, setting.corruption_ratio)
                logits, pasts[branch, c] = var.step(x, conditions[c], pasts[branch, c])
                rows.append(logits[0])
            sent.append(as_sent((1 + t) * rows[0] - t * rows[1]))
        strength = setting.strengths(steps)[k]
        l_nV = mix(sent[0], sent[1] if k and strength else None, strength)
        r_n = torch.from_numpy(uniforms(seed, k, SCALES[k] ** 2))
        token_n = draw(l_nV, r_n, setting.temperature, setting.top_k, setting.top_p)
        f_BChw = f_BChw + quantize.up(k, quantize.embedding(token_n[None]))
        drawn += token_n.tolist()
    return drawn


@pytest.mark.parametrize(
    "setting",
    [
        Setting(),
        Setting(1.5, temperature=0.9, top_k=12, top_p=0.9),
        Setting(vpg_scale=1.0, corruption_ratio=0.5),
        Setting(2.0, top_p=0.95, vpg_scale=1.5, vpg_schedule="ramp", corruption_ratio=0.5),
        Setting(1.5, vpg_scale=2.0, vpg_schedule=(1.0, 1.0, 0.0), corruption_ratio=0.9),
        Setting(vpg_scale=2.0, vpg_schedule=(1.0, 0.0, 1.0), corruption_ratio=0.9),
    ],
    ids=lambda setting: setting.label,
)
def test_a_batch_draws_what_each_picture_draws_alone(pair: Pair, setting: Setting) -> None:
    seeds, labels = [picture_seed(7, i) for i in range(4)], [0, 1, 4, 2]
    together = sample_tokens(pair, setting, torch.tensor(labels), seeds)
    assert together.tolist() == [draw_one(pair, setting, *one) for one in zip(labels, seeds, strict=True)]


def test_guidance_and_vpg_change_what_is_drawn(pair: Pair) -> None:
    labels, seeds = torch.arange(5), list(range(5))
    settings = [Setting(), Setting(2.0), Setting(vpg_scale=2.0, corruption_ratio=0.5)]
    drawn = [sample_tokens(pair, setting, labels, seeds) for setting in settings]
    assert not torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


def test_every_picture_is_corrupted_by_its_own_seed_as_the_contract_says() -> None:
    seeds = [corruption_seed(seed) for seed in (1, 2, 3)]
    index_Bl = gather_index(seeds, 4, 64, 0.3).numpy()
    assert (index_Bl == np.stack([sources(seed, 4, 64, 0.3) for seed in seeds])).all()
    assert (index_Bl[0] != index_Bl[1]).any()


def test_mixing_equals_an_example_by_hand() -> None:
    gen, corr = torch.tensor([[0.0, -1.0, -2.0, -torch.inf]]), torch.tensor([[-1.0, 0.0, -2.5, -torch.inf]])
    assert mix(gen, corr, 0.5).tolist() == [[0.5, -1.5, -1.75, -torch.inf]]
    assert mix(gen, None, 0.5).tolist() == gen.tolist()


def test_a_draw_equals_an_example_by_hand() -> None:
    """Shares 0.1, 0.6, 0.3; top-p 0.6 keeps the second alone, 0.61 the last two."""
    l_nV = torch.tensor([[0.1, 0.6, 0.3]]).log().repeat(4, 1)
    r_n = torch.tensor([0.05, 0.5, 0.75, 0.99], dtype=torch.float64)
    assert draw(l_nV, r_n, 1.0, 0, 1.0).tolist() == [0, 1, 2, 2]
    assert draw(l_nV, r_n, 1.0, 0, 0.61).tolist() == [1, 1, 2, 2]
    assert draw(l_nV, r_n, 1.0, 0, 0.5).tolist() == [1, 1, 1, 1]
    assert draw(l_nV, r_n, 1.0, 2, 1.0).tolist() == [1, 1, 2, 2]
    assert draw(l_nV, r_n, 0.0, 0, 1.0).tolist() == [1, 1, 1, 1]


def test_strengths_follow_their_schedule() -> None:
    assert Setting(vpg_scale=1.0, vpg_schedule="ramp", corruption_ratio=0.1).strengths(5) == [0, 0.25, 0.5, 0.75, 1]
    assert Setting(1.5).guidance(4) == [0, 0.5, 1.0, 1.5]
    with pytest.raises(ValueError, match="4 factors"):
        Setting(vpg_scale=1.0, vpg_schedule=(1.0,), corruption_ratio=0.1).strengths(4)


def test_settings_that_mean_the_same_are_equal() -> None:
    assert Setting(vpg_scale=0.0, vpg_schedule="ramp", corruption_ratio=0.3) == Setting()
    assert Setting(**{"vpg_scale": 1.0, "vpg_schedule": [1, 0], "corruption_ratio": 0.3}).vpg_schedule == (1, 0)
