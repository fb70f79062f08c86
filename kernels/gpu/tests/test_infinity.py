"""Infinity has the published keys and sizes, its parts keep their rules, and half precision stays close."""

from dataclasses import replace

import pytest
import torch

from vpg.layers.hidden_guidance import HiddenGuidance
from vpg.layers.past import Past
from vpg.layers.rotary import rotate, turns
from vpg.models.infinity import SIZES, Infinity, InfinityConfig
from vpg.models.infinity_schedule import STEPS, TALL, ratios, schedule
from vpg.models.infinity_vae import VAES, InfinityVae, InfinityVaeConfig

TINY = InfinityConfig(depth=4, width=64, heads=4, chunks=2, bits=6, text_width=256, text_length=8)


def tiny(config: InfinityConfig = TINY) -> Infinity:
    torch.manual_seed(0)
    model = Infinity(config)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.2)
    return model.eval()


def test_keys_are_the_official_ones() -> None:
    block = "ada_gss ca_norm.weight ca_norm.bias ffn.fc1.weight ffn.fc1.bias ffn.fc2.weight ffn.fc2.bias"
    block += " sa.mat_qkv.weight sa.q_bias sa.v_bias sa.zero_k_bias sa.scale_mul_1H11 sa.proj.weight sa.proj.bias"
    block += " ca.mat_q.weight ca.mat_q.bias ca.mat_kv.weight ca.v_bias ca.zero_k_bias ca.proj.weight ca.proj.bias"
    rest = (
        "cfg_uncond pos_start text_norm.weight lvl_embed.weight word_embed.weight word_embed.bias head.weight head.bias"
    )
    rest += " shared_ada_lin.1.weight shared_ada_lin.1.bias head_nm.ada_lin.1.weight head_nm.ada_lin.1.bias"
    rest += " text_proj_for_ca.0.weight text_proj_for_ca.0.bias text_proj_for_ca.2.weight text_proj_for_ca.2.bias"
    pool = "mat_q mat_kv.weight v_bias zero_k_bias proj.weight proj.bias"
    wanted = {f"block_chunks.{i}.module.{j}.{key}" for i in range(2) for j in range(2) for key in block.split()}
    wanted |= {f"text_proj_for_sos.ca.{key}" for key in pool.split()} | set(rest.split())
    assert set(tiny().state_dict()) == wanted


@pytest.mark.parametrize(
    ("size", "millions", "shapes"),
    [
        ("2b", 2204.6, {"block_chunks.7.module.3.sa.mat_qkv.weight": (6144, 2048), "head.weight": (64, 2048)}),
        ("8b", 8375.8, {"block_chunks.7.module.4.ffn.fc1.weight": (14336, 3584), "head.weight": (112, 3584)}),
        ("layer12", 125.19, {"text_proj_for_sos.ca.mat_q": (1, 16, 48), "cfg_uncond": (512, 2048)}),
        ("layer32", 2256.7, {"block_chunks.3.module.7.ffn.fc1.weight": (8192, 2080), "lvl_embed.weight": (15, 2080)}),
    ],
)
def test_published_sizes(size: str, millions: float, shapes: dict[str, tuple[int, ...]]) -> None:
    with torch.device("meta"):
        model = Infinity(SIZES[size])
    state = model.state_dict()
    assert all(tuple(state[key].shape) == shape for key, shape in shapes.items())
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, rel=1e-4)


@pytest.mark.parametrize(("name", "pixels"), [("d32", 16), ("d56", 16)])
def test_a_token_of_a_published_vae_becomes_16_pixels_a_side(name: str, pixels: int) -> None:
    with torch.device("meta"):
        vae = InfinityVae(VAES[name])
        latent = vae.add(vae.start(1, (3, 2)), torch.zeros(1, 2, vae.config.bits), (2, 1))
        assert vae.decode(latent).shape == (1, 3, 3 * pixels, 2 * pixels)
        assert vae.map_at(latent, (2, 2)).shape == (1, 4, SIZES["8b" if name == "d56" else "2b"].bits)


def test_codes_have_length_one_and_patches_lie_row_by_row() -> None:
    vae = InfinityVae(InfinityVaeConfig(3, (32, 32), patch=2))
    bits = torch.zeros(1, 2, 12)
    bits[0, 1, 4 * 2 + 1] = 1  # channel 2, upper right, of the second token in a row of two
    codes = vae.codes(bits, (1, 2))
    assert codes.shape == (1, 3, 2, 4)
    torch.testing.assert_close(codes.norm(dim=1), torch.ones(1, 2, 4))
    assert (codes > 0).nonzero().tolist() == [[0, 2, 0, 3]]


def test_places_are_those_of_the_largest_map_half_to_even() -> None:
    cosine, sine = turns((2, 4), (5, 10), 8)
    rows, columns = torch.tensor([0.0, 2.0]), torch.tensor([0.0, 2.0, 5.0, 8.0])  # 2.5, 7.5 to the even ones
    angle = torch.cat([rows[:, None].expand(2, 4).reshape(-1, 1), columns[None].expand(2, 4).reshape(-1, 1)], 1)
    torch.testing.assert_close(sine[:, [0, 2]], angle.sin())
    torch.testing.assert_close(cosine[:, [1, 3]], (angle * 0.01).cos())


def test_rotation_keeps_lengths_and_depends_on_the_distance_alone() -> None:
    torch.manual_seed(0)
    turn = turns((6, 1), (6, 1), 8)
    q, k = (rotate(torch.randn(8).expand(1, 1, 6, 8), turn)[0, 0] for _ in range(2))
    torch.testing.assert_close(q.norm(dim=1), q[0].norm().expand(6))
    torch.testing.assert_close((q[1:] * k[:-1]).sum(1), (q[1] @ k[0]).expand(5))


@torch.no_grad()
def test_hidden_guidance_ends_the_second_half_of_the_rows() -> None:
    model, turn = tiny(), turns((1, 1), (4, 4), 16)
    condition = model.condition([torch.randn(3, 256), torch.randn(5, 256), torch.randn(3, 256), torch.randn(5, 256)])
    x = torch.randn(4, 1, 64)
    mixed = HiddenGuidance(torch.tensor([[3.0], [1.0]]), -2)
    torch.testing.assert_close(mixed.mix(x)[0], 3 * x[0] - 2 * x[2])
    assert mixed.mix(x)[1].equal(x[1])
    guided, past = model.run(x, condition, turn, Past([], []), mixed)
    plain, _ = model.run(x, condition, turn, Past([], []))
    assert [len(keys) for keys in past.keys] == [4, 4, 4, 2]
    torch.testing.assert_close(guided[1], plain[1], atol=1e-5, rtol=1e-4)
    assert (guided[0] - plain[0]).abs().amax() > 1e-3


@torch.no_grad()
def test_texts_of_different_lengths_do_not_touch_each_other() -> None:
    model, texts = tiny(), [torch.randn(5, 256), torch.randn(3, 256)]
    turn = turns((1, 1), (4, 4), 16)
    both = model.condition(texts)
    x, _ = model.run(model.embed_start(both), both, turn, Past([], []))
    for i, text in enumerate(texts):
        alone = model.condition([text])
        own, _ = model.run(model.embed_start(alone), alone, turn, Past([], []))
        torch.testing.assert_close(x[i], own[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@torch.no_grad()
def test_half_precision_blocks_stay_close(dtype: torch.dtype) -> None:
    texts, turn = [torch.randn(5, 256)], turns((2, 2), (4, 4), 16)
    made = []
    for model in (tiny(), tiny().cast_blocks(dtype)):
        condition = model.condition(texts)
        x = model.embed_step(1, torch.ones(1, 4, 6))
        hidden, past = model.run(x, condition, turn, Past([], []))
        assert past.keys[0].dtype == model.blocks[0].ada_gss.dtype
        made.append(model.logits(hidden, condition.text_RD))
    assert made[1].dtype == torch.float32
    torch.testing.assert_close(made[0], made[1], atol=0.05, rtol=0.05)


def test_schedules_end_near_their_ratio_and_are_prefixes_of_the_largest() -> None:
    assert [sum(schedule(f"{area}/1:1").lengths) for area in STEPS] == [521, 2521, 6425, 10521]
    for ratio, sides in ratios().items():
        assert len(sides) == 13 and all(abs(sides[n - 1][0] / sides[n - 1][1] - ratio) < 0.01 for n in STEPS.values())
    wide = schedule("0.25M/16:9")
    assert wide.full == (48, 84) and wide.sides[-1] == (24, 42) and len(wide.sides) == 10
    assert len(TALL) == 8 and len(ratios()) == 15


@pytest.mark.parametrize("name", ["", "1M", "2M/1:1", "1M/0:1", "1M/a:b", "1M/1:-1"])
def test_other_names_are_not_schedules(name: str) -> None:
    with pytest.raises(ValueError, match="not a schedule of Infinity"):
        schedule(name)


def test_wide_models_pool_text_with_heads_of_64() -> None:
    assert replace(TINY, width=4608).pool_heads == 4 and replace(TINY, width=4096).pool_heads == 2
