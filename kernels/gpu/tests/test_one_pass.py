"""Steps that a branch lacks, run as one sequence, leave what they would have left one by one: in every family."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from test_infinitystar import BITS as STAR_BITS
from test_infinitystar import PLAN, TEXTS, sent
from test_infinitystar import family as star_family
from test_serving import LAST, small_model
from test_serving import picture as var_picture
from test_step import infinity_case

from bench.subject import Given
from vpg.bits import pack
from vpg.corruption import Corruption
from vpg.families.infinity import InfinityFamily, Text
from vpg.families.infinitystar import Prompt
from vpg.models.infinity_schedule import InfinitySchedule
from vpg.serving.branch import Branch, branches_of
from vpg.serving.cache import PrefixCache
from vpg.serving.served import Served
from vpg.serving.step_request import Picture
from vpg.serving.walk import spans, walk
from vpg.step import Ask, Family, PrefixCorruption

CLOSE = 1e-4
SIDES = ((1, 1), (2, 2), (3, 2), (4, 3), (6, 4))


@dataclass(frozen=True)
class Case:
    served: Served
    picture: Callable[[int, int], Picture]  # seed, step
    steps: range

    @property
    def family(self) -> Family:
        return self.served.families["s"]


def corruption(seed: int) -> PrefixCorruption:
    return PrefixCorruption(Corruption.EMBEDDING, np.array([0.5], np.float32), [seed])


def infinity(layer: int) -> Case:
    small, _, _ = infinity_case(layer)
    family = InfinityFamily(small.model, small.vae, InfinitySchedule(SIDES, full=SIDES[-1]), layer)
    bits = np.random.default_rng(1).integers(0, 2, (4, sum(family.lengths), 12), np.uint8)
    torch.manual_seed(3)
    texts = [Text(torch.randn(4, 256), None if i % 2 else torch.randn(2 + i, 256)) for i in range(4)]
    strengths = np.array([3, 2, 4, 1.5, 5], np.float32)

    def picture(seed: int, step: int) -> Picture:
        tokens = pack(bits[seed : seed + 1, : sum(family.lengths[:step])])
        ask = Ask(step, tokens, strengths[None, : step + 1], corruption(seed) if step else None)
        return Picture("s", texts[seed], ask, f"picture {seed}", family.unguided)

    served = Served("infinity", "r", "n", {"s": family}, Given(), guidance_in_state=layer < 0)
    return Case(served, picture, range(len(SIDES)))


def star() -> Case:
    prompts = [Prompt(text) for text in TEXTS]

    def picture(seed: int, step: int) -> Picture:
        tokens = sent(step, [bit[seed % 2 :] for bit in STAR_BITS])
        guidance, heat = np.full((1, step + 1), 34, np.float32), np.array([0.4 + 0.1 * seed], np.float32)
        ask = Ask(step, tokens, guidance, corruption(seed) if step else None, heat)
        return Picture("s", prompts[seed % 2], ask, f"picture {seed}", 1.0)

    return Case(Served("star", "r", "n", {"s": star_family()}, Given()), picture, range(len(PLAN.steps)))


CASES = {
    "var": lambda: Case(small_model(), var_picture, range(LAST + 1)),
    "infinity": lambda: infinity(0),
    "infinity-hidden": lambda: infinity(-2),
    "infinitystar": star,
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


def branches(case: Case, cache: PrefixCache, *pictures: Picture) -> list[Branch]:
    return [branch for picture in pictures for branch in branches_of(case.served, cache, picture)]


def exact(case: Case, cache: PrefixCache, *pictures: Picture) -> torch.Tensor:
    """Each branch by itself, step by step."""
    rows = [walk(case.family, cache, [branch]) for branch in branches(case, cache, *pictures)]
    return torch.cat(rows)


def batched(case: Case, cache: PrefixCache, *pictures: Picture) -> torch.Tensor:
    return walk(case.family, cache, branches(case, cache, *pictures), one_pass=True)


def close(made: torch.Tensor, wanted: torch.Tensor) -> None:
    assert made.shape == wanted.shape and made.dtype == torch.float32
    assert (made - wanted).abs().amax() < CLOSE


def cache() -> PrefixCache:
    return PrefixCache(2**28)


def test_every_step_is_the_same_remembered_missed_in_one_pass_and_replayed(case: Case) -> None:
    warm = cache()
    for k in case.steps:
        asked = case.picture(0, k)
        wanted = exact(case, cache(), asked)
        close(batched(case, warm, asked), wanted)
        close(batched(case, warm, asked), wanted)
        close(batched(case, cache(), asked), wanted)
        assert all(branch.missing == [] for branch in branches(case, warm, asked))


def test_what_one_pass_leaves_serves_the_next_step_of_either_rule(case: Case) -> None:
    k = case.steps[-1]
    left = cache()
    batched(case, left, case.picture(1, k - 1))
    wanted = exact(case, cache(), case.picture(1, k))
    close(exact(case, left, case.picture(1, k)), wanted)


def test_under_the_exact_rule_hit_and_miss_have_the_same_bits_at_every_step(case: Case) -> None:
    warm = cache()
    for k in case.steps:
        asked = case.picture(0, k)
        assert exact(case, warm, asked).equal(exact(case, cache(), asked))


@pytest.mark.parametrize("seed", range(6))
def test_holes_anywhere_in_either_branch_are_filled(case: Case, seed: int) -> None:
    warm, k = cache(), case.steps[-1]
    for j in case.steps:
        batched(case, warm, case.picture(2, j))
    wanted, kept = exact(case, cache(), case.picture(2, k)), list(warm.states)
    for name in np.random.default_rng(seed).choice(kept, len(kept) // 2, replace=False):
        del warm.states[name]
    close(batched(case, warm, case.picture(2, k)), wanted)
    assert all(branch.missing == [] for branch in branches(case, warm, case.picture(2, k)))


def test_steps_without_a_corrupted_branch_leave_holes_that_one_pass_fills(case: Case) -> None:
    warm, k = cache(), case.steps[-1]
    for j in case.steps:
        asked = case.picture(3, j)
        batched(case, warm, asked if j % 3 == 1 else replace(asked, ask=replace(asked.ask, corruption=None)))
    close(batched(case, warm, case.picture(3, k)), exact(case, cache(), case.picture(3, k)))


def test_pictures_that_lack_different_steps_are_asked_together(case: Case) -> None:
    warm, k = cache(), case.steps[-1]
    pictures = [case.picture(seed, k) for seed in range(3)]
    for j in case.steps:
        batched(case, warm, case.picture(0, j))
    batched(case, warm, case.picture(1, k // 2))
    close(batched(case, warm, *pictures), exact(case, cache(), *pictures))


def test_all_that_both_branches_lack_is_one_run_and_the_asked_step_another(case: Case) -> None:
    family, spans, run = case.family, [], type(case.family).run
    family.run = lambda state, x_RlD, span: spans.append(span.steps) or run(family, state, x_RlD, span)
    try:
        k = case.steps[-1]
        batched(case, cache(), case.picture(0, k), case.picture(1, k))
    finally:
        del family.run
    assert spans == [[j for j in case.steps if family.is_seen(j)], [k]]


def test_a_sequence_has_so_many_positions_at_most_but_one_step_at_least(case: Case) -> None:
    lengths, steps = case.family.lengths, [j for j in case.steps if case.family.is_seen(j)]
    assert spans(case.family, steps, 0) == [[j] for j in steps]
    for most in range(sum(lengths)):
        made = spans(case.family, steps, most)
        assert [j for span in made for j in span] == steps
        assert all(len(span) == 1 or sum(lengths[j] for j in span) <= most for span in made)


def test_a_condition_is_made_once_for_all_steps_of_a_picture_and_again_when_the_cache_let_go_of_it(case: Case) -> None:
    family, made, condition = case.family, [], type(case.family).condition
    family.condition = lambda *given: made.append(given) or condition(family, *given)
    try:
        warm, k = cache(), case.steps[-1]
        for j in case.steps:
            exact(case, warm, case.picture(0, j))
        kinds = len({case.picture(0, j).guided for j in case.steps})
        assert len(made) == kinds
        exact(case, warm, case.picture(1, k))
        assert len(made) == kinds + 1
        exact(case, PrefixCache(0), case.picture(0, k))
        assert len(made) > kinds + 2
    finally:
        del family.condition


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", CASES)
def test_half_precision_blocks_take_masks_too_and_stay_close(name: str, dtype: torch.dtype) -> None:
    whole, half = CASES[name](), CASES[name]()
    (half.family.var if name == "var" else half.family.model).cast_blocks(dtype)
    asked = whole.picture(0, whole.steps[-1])
    wanted, made = (batched(case, cache(), asked) for case in (whole, half))
    assert 0 < (made - wanted).abs().mean() < 0.03 * wanted.abs().mean()
