"""InfinityStar: published schedules and sizes, the pair stateless and corrupted as in the contract, video in chunks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn as nn

from parity.infinitystar import CONFIG, PLAN, SIDES, VIDEO
from parity.weights import fill, uniform
from vpg.bits import corrupt_bits, pack
from vpg.checkpoint import CheckpointError
from vpg.checkpoint import fill as load
from vpg.corruption import Corruption, sources
from vpg.families.infinitystar import InfinityStarFamily, Prompt
from vpg.layers.normalized_guidance import THRESHOLD, normalized_guidance
from vpg.layers.spacetime_rotary import TEXT_PLACES, step_turns
from vpg.layers.spacetime_schedule import named
from vpg.models.infinitystar import INFINITYSTAR_8B, InfinityStar, InfinityStarConfig
from vpg.models.infinitystar_vae import NOT_DECODING, InfinityStarVae, VideoDecoderConfig
from vpg.step import Ask, PrefixCorruption, Refused

LAST_OF_PICTURE = next(k for k, step in enumerate(PLAN.steps) if step.ends_clip)
LAST = len(PLAN.steps) - 1
BITS = [uniform(1, f"bits.{k}", (2, step.length, step.bits)) > 0 for k, step in enumerate(PLAN.steps)]
TEXTS = [uniform(1, "long", (6, CONFIG.text_width)), uniform(1, "short", (3, CONFIG.text_width))]


def family(config: InfinityStarConfig = CONFIG) -> InfinityStarFamily:
    model, vae = InfinityStar(config).eval(), InfinityStarVae(VIDEO).eval()
    for module in (model, vae):
        fill(module, 3)
    vae.scale_learnable_parameters.data.fill_(1.5)
    return InfinityStarFamily(model, vae, PLAN)


def sent(k: int, bits: list[torch.Tensor] = BITS, count: int = 1) -> np.ndarray:
    return np.concatenate([np.zeros((count, 0), np.uint8), *(pack(bit[:count].numpy()) for bit in bits[:k])], axis=1)


def ask(k: int, count: int = 1, bits: list[torch.Tensor] = BITS, strength: float = 34.0) -> Ask:
    guidance, heat = np.full((count, k + 1), strength, np.float32), np.full(count, 0.4, np.float32)
    return Ask(k, sent(k, bits, count), guidance, temperature=heat)


def corrupted(asked: Ask, kind: Corruption = Corruption.EMBEDDING) -> Ask:
    count = asked.count
    return replace(asked, corruption=PrefixCorruption(kind, np.full(count, 0.6, np.float32), [5, 6][:count]))


@pytest.mark.parametrize(
    ("name", "steps", "tokens", "latent"),
    [
        ("480p/16:9/5s", 81, 161_397, (21, 30, 53)),
        ("480p/16:9/10s", 120, 311_097, (41, 30, 53)),
        ("720p/16:9/5s", 85, 244_197, (21, 45, 80)),
        ("480p/9:16/5s", 81, 161_397, (21, 53, 30)),
        ("480p/1:1/0s", 42, 11_712, (1, 40, 40)),
    ],
)
def test_published_schedules(name: str, steps: int, tokens: int, latent: tuple[int, int, int]) -> None:
    plan = named(name)
    assert (len(plan.steps), sum(step.length for step in plan.steps)) == (steps, tokens)
    assert (plan.steps[-1].first_frame + plan.steps[-1].frames, plan.height, plan.width) == latent


@pytest.mark.parametrize("resolution", ["480p", "720p"])
@pytest.mark.parametrize("ratio", ["1:1", "29:25", "4:3", "3:2", "16:9", "2:1", "5:2", "3:1", "25:29", "3:4", "1:3"])
def test_every_ratio_has_scales_whose_kind_is_clear(resolution: str, ratio: str) -> None:
    assert {step.bits for step in named(f"{resolution}/{ratio}/5s").steps} == {16, 64}


@pytest.mark.parametrize(
    "name", ["480p", "360p/16:9/5s", "480p/16:0/5s", "480p/16:9/5", "480p/16:9/2.5s", "480p/16:9/-5s"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a schedule of InfinityStar"):
        named(name)


def test_a_clip_refers_to_the_last_step_of_the_one_before_and_to_no_other() -> None:
    plan = named("480p/16:9/10s")
    starts = [plan.clip_start(k) for k in (0, 41, 42, 80, 81)]
    assert starts == [0, 0, 42, 42, 81] and [k for k in range(120) if plan.is_reference(k)] == [41, 80]
    assert [plan.steps[k].first_frame for k in (0, 42, 81)] == [0, 1, 21]


def test_places_are_those_at_full_size_half_to_even() -> None:
    plan = named("480p/16:9/5s")
    k = next(k for k, step in enumerate(plan.steps) if step.size == (20, 4, 7))
    sine = step_turns(plan, k, 32, torch.device("cpu"))[1].unflatten(0, (20, 4, 7))[..., ::4]
    wanted = [torch.tensor(places).float().sin() for places in ([TEXT_PLACES + k], range(1, 21), [0, 8, 15, 22])]
    assert torch.allclose(sine[..., 0], wanted[0].expand(20, 4, 7))
    assert torch.allclose(sine[:, 0, 0, 1], wanted[1]) and torch.allclose(sine[0, :, 0, 2], wanted[2])
    assert torch.allclose(sine[0, 0, :, 3], torch.tensor([0.0, 8, 15, 23, 30, 38, 45]).sin())


def test_published_size() -> None:
    with torch.device("meta"):
        star, vae = InfinityStar(INFINITYSTAR_8B), InfinityStarVae(VideoDecoderConfig())
    assert len(star.state_dict()) == 407 and len(vae.state_dict()) == 217
    assert sum(p.numel() for p in star.parameters()) / 1e9 == pytest.approx(8.768, rel=1e-4)
    assert sum(p.numel() for p in vae.parameters()) / 1e6 == pytest.approx(130, rel=1e-2)


def test_a_checkpoint_loads_without_what_decoding_does_not_need() -> None:
    vae = InfinityStarVae(VIDEO)
    state = {**vae.state_dict(), "encoder.conv_in.conv.bias": torch.ones(3), "proj_up_two.bias": torch.ones(64)}
    load(vae, state, ignored=NOT_DECODING)
    with pytest.raises(CheckpointError, match=r"unexpected: decoder\.extra"):
        load(vae, {**state, "decoder.extra": torch.ones(1)}, ignored=NOT_DECODING)


@torch.no_grad()
def test_a_video_decodes_in_chunks_as_in_one_piece() -> None:
    vae = family().vae
    latent = uniform(0, "latent", (1, 64, 7, 1, 2))
    chunked = vae.decode(latent)
    vae.chunk = 6
    assert chunked.shape == (1, 3, 25, 16, 32)
    torch.testing.assert_close(vae.decode(latent), chunked, atol=2e-5, rtol=1e-4)
    with pytest.raises(ValueError, match="4 latent frames"):
        vae.decode(latent[:, :, :4])


def test_guidance_is_cut_to_the_threshold_and_across_the_conditional_logits() -> None:
    cond, uncond = torch.randn(5, 8), torch.randn(5, 8)
    update = normalized_guidance(cond, uncond, 34.0) - cond
    assert update.square().mean().sqrt() <= 33 * THRESHOLD * 1.0001
    assert (update * cond).sum().abs() < 1e-3
    assert normalized_guidance(cond, uncond, 1.0).equal(cond)


@pytest.mark.parametrize("k", [1, LAST_OF_PICTURE, LAST_OF_PICTURE + 1, LAST])
def test_a_video_gets_the_same_alone_and_beside_others_to_the_bit(k: int) -> None:
    apart = family(replace(CONFIG, batch_tokens=0))
    both = apart.pair([Prompt(text) for text in TEXTS], corrupted(ask(k, 2)))
    assert both.shape == (2, PLAN.steps[k].length, 2, PLAN.steps[k].bits)
    assert apart.pair([Prompt(TEXTS[0])], ask(k))[0, :, 0].equal(both[0, :, 0])
    assert apart.pair([Prompt(TEXTS[0])], corrupted(ask(k))).equal(both[:1])
    together = family().pair([Prompt(text) for text in TEXTS], corrupted(ask(k, 2)))
    torch.testing.assert_close(together, both, atol=1e-4, rtol=1e-4)


def test_the_corrupted_branch_enters_gathered_at_every_step_it_sees() -> None:
    star, seen = family(), []
    run = star.model.run
    star.model.run = lambda x_RlD, *rest, **named: seen.append(x_RlD) or run(x_RlD, *rest, **named)
    star.pair([Prompt(TEXTS[0])], corrupted(ask(LAST)))
    steps = [*(k for k in range(LAST) if PLAN.is_reference(k)), LAST]
    for k, x_RlD in zip(steps, seen[-len(steps) :], strict=True):  # after the texts
        index = torch.from_numpy(sources(5, k, PLAN.steps[k].length, 0.6))
        assert x_RlD[1].equal(x_RlD[0][index]) and x_RlD[3].equal(x_RlD[2][index])
        assert not x_RlD[1].equal(x_RlD[0])


def test_codebook_corruption_is_a_request_with_other_tokens() -> None:
    star, k = family(), LAST_OF_PICTURE + 3
    spoiled = [corrupt_bits(bit, 5, j, 0.6) for j, bit in enumerate(BITS[:k])]
    made = star.pair([Prompt(TEXTS[0])], corrupted(ask(k), Corruption.CODEBOOK))
    torch.testing.assert_close(made[:, :, 1], star.pair([Prompt(TEXTS[0])], ask(k, bits=spoiled))[:, :, 0])


def test_step_0_has_nothing_to_corrupt_and_no_guidance_leaves_the_unconditional_row_out() -> None:
    star = family()
    first = star.pair([Prompt(TEXTS[0])], ask(0))
    assert star.pair([Prompt(TEXTS[0])], corrupted(ask(0))).equal(first)
    plain = star.pair([Prompt(TEXTS[0])], ask(LAST, strength=1.0))
    torch.testing.assert_close(plain, star.pair([Prompt(TEXTS[0])], ask(LAST, strength=1 + 1e-6)), atol=1e-4, rtol=1e-4)


def test_a_schedule_whose_tokens_the_heads_do_not_give_is_refused() -> None:
    star = family(CONFIG)
    with pytest.raises(ValueError, match="bits"):
        InfinityStarFamily(InfinityStar(replace(CONFIG, detail_bits=32)), star.vae, PLAN)


@pytest.mark.parametrize("kind", [Corruption.POSITION, Corruption.TOKEN])
def test_there_are_no_positions_to_corrupt(kind: Corruption) -> None:
    with pytest.raises(Refused, match="corruption_kind"):
        family().step([Prompt(TEXTS[0])], corrupted(ask(4), kind))


def test_bad_requests_name_their_field() -> None:
    star, asked = family(), ask(4)
    for field, bad in {
        "tokens": replace(asked, tokens=asked.tokens[:, 1:]),
        "temperature": replace(asked, temperature=np.zeros(1, np.float32)),
        "guidance": replace(asked, guidance=asked.guidance[:, 1:]),
        "step": replace(asked, step=len(PLAN.steps)),
    }.items():
        with pytest.raises(Refused, match=f"^{field}: "):
            star.step([Prompt(TEXTS[0])], bad)


def test_fewer_steps_decode_to_the_clips_begun() -> None:
    star = family()
    picture, video = (star.decode(sent(k), k) for k in (2, LAST + 1))
    height, width = SIDES[-1]
    assert picture.shape == (1, 3, 1, 16 * height, 16 * width)
    assert video.shape == (1, 3, 17, 16 * height, 16 * width)
    assert video[:, :, 0].equal(video[:, :, 1]) and 0 <= video.min() and video.max() <= 1


@torch.no_grad()
def test_a_decoder_in_half_precision_stays_close() -> None:
    vae = family().vae
    latent = uniform(0, "latent", (1, 64, 3, 1, 2))
    wanted = vae.decode(latent)
    made = vae.to(torch.bfloat16).decode(latent)
    assert made.dtype == torch.bfloat16
    assert nn.functional.mse_loss(made.float(), wanted).sqrt() < 0.1 * wanted.std()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_blocks_stay_close(dtype: torch.dtype) -> None:
    star = family()
    wanted = star.pair([Prompt(TEXTS[0])], ask(LAST, strength=1.0))
    star.model.cast_blocks(dtype)
    made = star.pair([Prompt(TEXTS[0])], ask(LAST, strength=1.0))
    assert made.dtype == torch.float32 and nn.functional.mse_loss(made, wanted).sqrt() < 0.05 * wanted.std()
