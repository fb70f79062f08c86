"""An exact class's bits depend on the request alone; a batched one's agree with them within rounding."""

from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
import torch

from vpg.corruption import Corruption
from vpg.families.var import VarFamily
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.var import Var, VarConfig
from vpg.models.vqvae import Vqvae
from vpg.serving.batch_rule import BatchRule
from vpg.serving.condition import Classes
from vpg.serving.endpoint import Answer, Endpoint
from vpg.serving.served import Served
from vpg.serving.step_request import Picture
from vpg.step import Ask, PrefixCorruption

SCALES, VOCAB, CLASSES = (1, 2, 3, 4), 64, 5
BEFORE = [0, *accumulate(side * side for side in SCALES)]
LAST = len(SCALES) - 1


def small_model(seed: int = 0) -> Served[int]:
    torch.manual_seed(seed)
    vqvae = Vqvae(
        AutoencoderConfig((8, 16), 4, norm=False, attention=False), QuantizerConfig(SCALES, VOCAB, 4, phis=len(SCALES))
    )
    var = Var(VarConfig(SCALES, VOCAB, 4, 32, 2, 4, classes=CLASSES))
    for model in (var, vqvae):
        for parameter in model.eval().requires_grad_(False).parameters():
            parameter.normal_(std=0.3)
    return Served("small", "r" * 64, "n", {"s": VarFamily(var, vqvae)}, Classes(CLASSES))


SERVED = small_model()
KINDS = list(Corruption)


def endpoint(rule: BatchRule = BatchRule.EXACT, cache_bytes: int = 2**24) -> Endpoint[int]:
    return Endpoint(SERVED, rule, cache_bytes)


def picture(
    seed: int,
    step: int = LAST,
    kind: Corruption | None = Corruption.EMBEDDING,
    guidance: list[float] | None = None,
    key: str | None = None,
) -> Picture[int]:
    tokens = np.random.default_rng(seed).integers(VOCAB, size=(1, BEFORE[-1]), dtype=np.uint16)[:, : BEFORE[step]]
    strengths = [0, 0.5, 1, 1.5] if guidance is None else guidance
    corruption = None if kind is None else PrefixCorruption(kind, np.array([0.5], np.float32), [seed + 100])
    ask = Ask(step, tokens, np.array([strengths[: step + 1]], np.float32), corruption)
    return Picture("s", seed % CLASSES, ask, f"picture {seed}" if key is None else key, 0.0)


def logits(where: Endpoint[int], *pictures: Picture[int]) -> np.ndarray:
    return where.answer([list(pictures)])[0].rows["logits"]


def same(made: np.ndarray, wanted: np.ndarray) -> None:
    np.testing.assert_array_equal(made.view(np.uint16), wanted.view(np.uint16))


def close(made: np.ndarray, wanted: np.ndarray) -> None:
    """Within the last place of half precision."""
    np.testing.assert_allclose(made.astype(np.float32), wanted.astype(np.float32), atol=1e-3, rtol=1e-3)


def hits(answer: Answer) -> list[bool]:
    return [b'"cache": "hit"' in said for (said,) in answer.stats]


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize("rule", BatchRule)
def test_a_served_step_is_the_family_s_own(rule: BatchRule, kind: Corruption | None) -> None:
    asked = picture(1, kind=kind)
    wanted = SERVED.families["s"].step([asked.wanted], asked.ask).numpy()
    close(logits(endpoint(rule), asked), wanted)


def test_the_bits_do_not_depend_on_the_neighbours_or_the_place_among_them() -> None:
    alone = logits(endpoint(), picture(1))[0]
    warm = endpoint()
    for n in range(1, 5):
        for place in {0, n - 1}:
            pictures = [picture(1 if i == place else 20 + i, key=f"{n} {place} {i}") for i in range(n)]
            same(logits(warm, *pictures)[place], alone)
    answers = warm.answer([[picture(2, step=1)], [picture(1)], [picture(3, kind=None)]])
    same(answers[1].rows["logits"][0], alone)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hit_gives_the_bits_of_a_miss(kind: Corruption) -> None:
    where = endpoint()
    miss, hit = (where.answer([[picture(2, kind=kind)]])[0] for _ in range(2))
    assert (hits(miss), hits(hit)) == ([False], [True])
    same(hit.rows["logits"], miss.rows["logits"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_is_the_same_walked_replayed_or_half_remembered(kind: Corruption) -> None:
    warm, cold, forgetful = endpoint(), endpoint(cache_bytes=0), endpoint(cache_bytes=9000)
    for step in range(LAST + 1):
        asked = picture(3, step, kind)
        walked = logits(warm, asked)
        same(logits(cold, asked), walked)
        same(logits(forgetful, asked), walked)
    assert cold.cache.bytes == 0 and 0 < forgetful.cache.bytes <= 9000 < warm.cache.bytes


@pytest.mark.parametrize("with_corruption", [[LAST], [0, 2, LAST], [1, LAST], [0, 1, 2, LAST]])
def test_holes_that_steps_without_a_corrupted_branch_left_change_nothing(with_corruption: list[int]) -> None:
    where = endpoint()
    for step in range(LAST + 1):
        made = logits(where, picture(4, step, KINDS[0] if step in with_corruption else None))
    same(made, logits(endpoint(cache_bytes=0), picture(4)))


def test_guidance_that_begins_late_is_the_same_walked_and_replayed() -> None:
    late, where = [0, 0, 0, 1.5], endpoint()
    for step in range(LAST + 1):
        made = logits(where, picture(5, step, guidance=late))
    same(made, logits(endpoint(cache_bytes=0), picture(5, guidance=late)))


def test_the_generated_row_is_the_same_with_and_without_a_corrupted_one() -> None:
    pair, alone = logits(endpoint(), picture(6)), logits(endpoint(), picture(6, kind=None))
    assert pair.shape[2] == 2 and alone.shape[2] == 1
    same(np.ascontiguousarray(pair[:, :, :1]), alone)
    assert (pair[:, :, 0] != pair[:, :, 1]).any()


def test_a_row_s_maximum_is_0_and_all_of_it_finite() -> None:
    made = logits(endpoint(), picture(7), picture(8))
    assert made.dtype == np.float16 and np.isfinite(made).all() and (made.max(-1) == 0).all()


def test_a_state_is_found_only_under_all_that_it_depends_on() -> None:
    base = picture(9, key="key")
    tokens, corruption = base.ask.tokens.copy(), base.ask.corruption
    tokens[0, BEFORE[LAST - 1] - 1] ^= 1
    others = [
        replace(base, prefix_key="another"),
        replace(base, wanted=(base.wanted + 1) % CLASSES),
        replace(base, ask=replace(base.ask, tokens=tokens)),
        replace(base, ask=replace(base.ask, corruption=replace(corruption, seed=[1]))),
        replace(base, ask=replace(base.ask, corruption=replace(corruption, share=np.array([0.25], np.float32)))),
        replace(base, ask=replace(base.ask, corruption=replace(corruption, kind=Corruption.TOKEN))),
    ]
    for other in others:
        where = endpoint()
        where.answer([[base]])
        assert hits(where.answer([[other]])[0]) == [False]
        assert hits(where.answer([[base]])[0]) == [True]


def test_a_step_s_own_tokens_are_no_part_of_its_state() -> None:
    base = picture(9)
    tokens = base.ask.tokens.copy()
    tokens[0, -1] ^= 1
    other, where = replace(base, ask=replace(base.ask, tokens=tokens)), endpoint()
    where.answer([[base]])
    same(logits(where, other), logits(endpoint(), other))
    assert hits(where.answer([[other]])[0]) == [True]


def test_an_empty_prefix_has_one_row_a_token_and_is_a_miss() -> None:
    where = endpoint()
    for _ in range(2):
        answer = where.answer([[picture(1, step=0)]])[0]
        assert answer.rows["logits"].shape == (1, 1, 1, VOCAB) and hits(answer) == [False]


def test_batched_pictures_agree_with_exact_ones_within_rounding() -> None:
    requests = [[picture(1), picture(2)], [picture(3, kind=None)], [picture(4, kind=Corruption.CODEBOOK)]]
    exact = endpoint().answer(requests)
    where = endpoint(BatchRule.BATCHED)
    for _ in range(2):
        for made, wanted in zip(where.answer(requests), exact, strict=True):
            close(made.rows["logits"], wanted.rows["logits"])
    assert hits(where.answer(requests)[0]) == [True, True]


def test_batched_branches_that_lack_different_steps_still_run_together() -> None:
    where, exact = endpoint(BatchRule.BATCHED), endpoint()
    for step in range(LAST):
        where.answer([[picture(1, step)]])
    where.answer([[picture(2, 1)]])
    made, wanted = (each.answer([[picture(1), picture(2), picture(3)]])[0] for each in (where, exact))
    close(made.rows["logits"], wanted.rows["logits"])
    assert hits(made) == [True, False, False]


def test_only_branches_of_one_schedule_step_and_number_of_conditions_run_together() -> None:
    from vpg.serving.branch import branches_of

    where = endpoint(BatchRule.BATCHED)
    pictures = [picture(1), picture(2), picture(3, step=2), picture(4, guidance=[0, 0, 0, 0])]
    branches = [branch for each in pictures for branch in branches_of(SERVED, where.cache, each)]
    assert [len(batch) for batch in where.rule.batches(branches)] == [4, 2, 2]
    assert [len(batch) for batch in BatchRule.EXACT.batches(branches)] == [1] * 8
