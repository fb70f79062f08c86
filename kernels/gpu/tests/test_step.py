"""One step of VAR and Infinity: stateless, alone as in company, corrupted as the contract says, or refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vpg.bits import corrupt_bits, pack
from vpg.corruption import Corruption, corrupt_tokens, sources
from vpg.families.infinity import InfinityFamily, Text
from vpg.families.var import VarFamily
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.infinity import Infinity, InfinityConfig
from vpg.models.infinity_schedule import InfinitySchedule
from vpg.models.infinity_vae import InfinityVae, InfinityVaeConfig
from vpg.models.var import Var, VarConfig
from vpg.models.vqvae import Vqvae
from vpg.step import Ask, Family, PrefixCorruption, Refused, send_bits, send_codebook

SCALES, VOCAB, STEP = (1, 2, 3), 20, 2
SIZE = InfinityConfig(depth=4, width=64, heads=4, chunks=2, bits=12, text_width=256, text_length=8)
RANDOM = np.random.default_rng(0)
BITS = RANDOM.integers(0, 2, (2, 5, 12), np.uint8)
TOKENS = RANDOM.integers(0, VOCAB, (2, 5)).astype(np.uint16)


def randomize(module: torch.nn.Module) -> torch.nn.Module:
    torch.manual_seed(0)
    for parameter in module.parameters():
        parameter.data.normal_(std=0.2)
    return module.eval()


def var_case() -> tuple[Family, list, Ask]:
    vqvae = Vqvae(AutoencoderConfig((8, 16), 4, norm=False, attention=False), QuantizerConfig(SCALES, VOCAB, 4))
    family = VarFamily(randomize(Var(VarConfig(SCALES, VOCAB, 4, 32, 2, 4, classes=5))), randomize(vqvae))
    return family, [3, 0], Ask(STEP, TOKENS, np.array([[0, 0.5, 1], [0, 0.25, 2]], np.float32))


def infinity_case(layer: int) -> tuple[Family, list, Ask]:
    model, vae = randomize(Infinity(SIZE)), randomize(InfinityVae(InfinityVaeConfig(3, (32, 32), patch=2)))
    schedule = InfinitySchedule(((1, 1), (2, 2), (3, 2)), full=(6, 4))
    texts = [Text(torch.randn(4, 256)), Text(torch.randn(2, 256), torch.randn(5, 256))]
    ask = Ask(STEP, pack(BITS), np.array([[3, 2, 4], [1, 5, 1]], np.float32))
    return InfinityFamily(model, vae, schedule, layer), texts, ask


CASES = {"var": var_case, "infinity": lambda: infinity_case(0), "infinity-hidden": lambda: infinity_case(-2)}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Family, list, Ask]:
    return CASES[request.param]()


def corrupted(ask: Ask, kind: Corruption = Corruption.EMBEDDING) -> Ask:
    return replace(ask, corruption=PrefixCorruption(kind, np.array([0.5, 0.9], np.float32), [7, 2**53 - 1]))


def only(ask: Ask, i: int) -> Ask:
    """One picture's part of a request."""
    rows = slice(i, i + 1)
    own = None
    if ask.corruption is not None:
        own = PrefixCorruption(ask.corruption.kind, ask.corruption.share[rows], ask.corruption.seed[rows])
    return Ask(ask.step, ask.tokens[rows], ask.guidance[rows], own)


def close(made: torch.Tensor, wanted: torch.Tensor) -> None:
    torch.testing.assert_close(made, wanted, atol=2e-5, rtol=1e-4)


def test_a_picture_gets_the_same_alone_and_beside_others(case: tuple[Family, list, Ask]) -> None:
    family, wanted, ask = case
    both = family.pair(wanted, corrupted(ask))
    assert both.shape[1:3] == (family.lengths[STEP], 2)
    for i in range(2):
        close(family.pair(wanted[i : i + 1], only(corrupted(ask), i))[0], both[i])


def test_the_generated_branch_does_not_feel_the_corrupted_one(case: tuple[Family, list, Ask]) -> None:
    family, wanted, ask = case
    alone, both = family.pair(wanted, ask), family.pair(wanted, corrupted(ask))
    close(both[:, :, :1], alone)
    assert (both[:, :, 1] - both[:, :, 0]).abs().amax() > 1e-3


def test_without_guidance_the_unconditional_row_is_left_out_and_changes_nothing(case: tuple[Family, list, Ask]) -> None:
    family, wanted, ask = case
    none = replace(ask, guidance=np.full_like(ask.guidance, family.unguided))
    nearly = replace(none, guidance=none.guidance + np.float32(1e-6))
    rows = []
    start = family.start
    family.start = lambda state: rows.append(len(start(state))) or start(state)
    torch.testing.assert_close(family.pair(wanted, none), family.pair(wanted, nearly), atol=1e-3, rtol=1e-3)
    assert rows == [2, 4]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_blocks_stay_close(case: tuple[Family, list, Ask], dtype: torch.dtype) -> None:
    family, wanted, ask = case
    whole = family.pair(wanted, corrupted(ask))
    (family.var if isinstance(family, VarFamily) else family.model).cast_blocks(dtype)
    half = family.pair(wanted, corrupted(ask))
    assert half.dtype == torch.float32
    assert 0 < (half - whole).abs().mean() < 0.02 * whole.abs().mean()


def test_codebook_corruption_is_a_request_with_other_tokens() -> None:
    own, seed, share, steps = slice(1, 2), 2**53 - 1, float(np.float32(0.9)), [slice(0, 1), slice(1, 5)]
    tokens, bits = torch.from_numpy(TOKENS[own].astype(np.int64)), torch.from_numpy(BITS[own])
    other = torch.cat([corrupt_tokens(tokens[:, at], seed, k, share, VOCAB) for k, at in enumerate(steps)], dim=1)
    other_bits = torch.cat([corrupt_bits(bits[:, at], seed, k, share) for k, at in enumerate(steps)], dim=1)
    sent = (other.numpy().astype(np.uint16), pack(other_bits.numpy()), pack(other_bits.numpy()))
    for make, spoiled in zip(CASES.values(), sent, strict=True):
        family, wanted, ask = make()
        assert (spoiled != ask.tokens[own]).any()
        made = family.pair(wanted[own], only(corrupted(ask, Corruption.CODEBOOK), 1))
        close(made[:, :, 1], family.pair(wanted[own], replace(only(ask, 1), tokens=spoiled))[:, :, 0])


@pytest.mark.parametrize("kind", [Corruption.EMBEDDING, Corruption.TOKEN, Corruption.POSITION])
def test_every_step_of_the_corrupted_branch_enters_gathered(kind: Corruption) -> None:
    family, wanted, ask = var_case()
    ask = corrupted(replace(ask, guidance=np.zeros_like(ask.guidance)), kind)
    seen, run = [], family.run

    def listen(state: object, x_RlD: torch.Tensor, *rest: object) -> torch.Tensor:
        seen.append(x_RlD)
        return run(state, x_RlD, *rest)

    family.run = listen
    family.pair(wanted, ask)
    places = family.var.places()
    for step, x_RlD in enumerate(seen[1:], start=1):
        start, end = family.var.config.bounds[step : step + 2]
        place_lD, seeds = places[0, start:end], ask.corruption.seed
        for i in range(2):
            index = torch.from_numpy(sources(seeds[i], step, end - start, float(ask.corruption.share[i])))
            content_lD = x_RlD[i] - place_lD
            moved = (
                content_lD if kind is Corruption.POSITION else content_lD[index],
                place_lD if kind is Corruption.TOKEN else place_lD[index],
            )
            close(x_RlD[2 + i], moved[0] + moved[1])


def test_step_0_has_nothing_to_corrupt(case: tuple[Family, list, Ask]) -> None:
    family, wanted, ask = case
    first = Ask(0, ask.tokens[:, :0], ask.guidance[:, :1])
    assert family.pair(wanted, corrupted(first)).equal(family.pair(wanted, first))


def test_rows_are_sent_in_half_precision_where_it_matters() -> None:
    sent = send_codebook(torch.tensor([[[[1.0, 1001.0, -1e6]]]]))
    assert sent.dtype == torch.float16 and sent[0, 0, 0].tolist() == [-1000.0, 0.0, -65504.0]
    assert send_bits(torch.tensor([[[[0.5, 1e6, -1e6]]]]))[0, 0, 0].tolist() == [0.5, 65504.0, -65504.0]


def test_fewer_steps_decode_to_a_preview_of_full_size(case: tuple[Family, list, Ask]) -> None:
    family, _, ask = case
    coarse = family.decode(ask.tokens, STEP)
    assert coarse.shape[:2] == (2, 3) and 0 <= coarse.min() and coarse.max() <= 1
    assert coarse.shape == family.pixels(family.empty(2)).shape


def refusal(family: Family, wanted: list, ask: Ask) -> str:
    with pytest.raises(Refused) as raised:
        family.step(wanted, ask)
    return raised.value.field


def test_bad_requests_name_their_field(case: tuple[Family, list, Ask]) -> None:
    family, wanted, ask = case
    assert refusal(family, wanted, replace(ask, step=3)) == "step"
    assert refusal(family, wanted, replace(ask, tokens=ask.tokens[:, 1:])) == "tokens"
    assert refusal(family, wanted, replace(ask, tokens=ask.tokens[:1])) == "tokens"
    assert refusal(family, wanted, replace(ask, tokens=ask.tokens.astype(np.int32))) == "tokens"
    assert refusal(family, wanted, replace(ask, guidance=ask.guidance[:, 1:])) == "guidance"
    assert refusal(family, wanted, replace(ask, guidance=ask.guidance * np.float32("nan"))) == "guidance"
    bad = corrupted(ask).corruption
    assert refusal(family, wanted, replace(ask, corruption=replace(bad, share=bad.share * 0))) == "corruption_ratio"
    assert refusal(family, wanted, replace(ask, corruption=replace(bad, seed=[1]))) == "corruption_seed"


def test_tokens_and_classes_out_of_range_are_refused() -> None:
    family, wanted, ask = var_case()
    assert refusal(family, wanted, replace(ask, tokens=ask.tokens + np.uint16(VOCAB))) == "tokens"
    assert refusal(family, [3, 5], ask) == "class"
    family, wanted, ask = infinity_case(0)
    assert refusal(family, wanted, replace(ask, tokens=ask.tokens | np.uint8(128))) == "tokens"


@pytest.mark.parametrize("kind", [Corruption.POSITION, Corruption.TOKEN])
def test_infinity_has_no_positions_to_corrupt(kind: Corruption) -> None:
    family, wanted, ask = infinity_case(0)
    assert refusal(family, wanted, corrupted(ask, kind)) == "corruption_kind"
