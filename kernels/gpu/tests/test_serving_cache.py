"""The prefix cache never holds more than it may, and lets go of what was used longest ago."""

import torch

from vpg.serving.cache import PrefixCache, StepState


def state(numbers: int) -> StepState:
    """Of 8 bytes a number."""
    return StepState([torch.zeros(numbers)], [torch.zeros(numbers)])


def held(cache: PrefixCache) -> list[str]:
    return sorted(cache.states)


def test_the_least_recently_used_leaves_first() -> None:
    cache = PrefixCache(24)
    for name in "abc":
        cache.keep(name, state(1))
    cache.find(["a"])
    cache.keep("d", state(1))
    assert held(cache) == ["a", "c", "d"] and cache.bytes == 24


def test_of_a_branch_the_late_steps_leave_before_the_early_ones() -> None:
    cache = PrefixCache(24)
    for name in "abc":
        cache.keep(name, state(1))
    cache.find(["a", "b", "c"])
    cache.keep("d", state(2))
    assert held(cache) == ["a", "d"]


def test_a_state_kept_again_counts_once_and_one_too_large_is_not_kept() -> None:
    cache = PrefixCache(16)
    for size in (1, 2):
        cache.keep("a", state(size))
    assert cache.bytes == 16
    cache.keep("b", state(3))
    assert held(cache) == ["a"] and cache.bytes == 16
    cache.keep("a", state(3))
    assert held(cache) == [] and cache.bytes == 0


def test_what_is_not_there_is_none_in_its_place() -> None:
    cache = PrefixCache(8)
    kept = state(1)
    cache.keep("b", kept)
    assert cache.find(["a", "b", "c"]) == [None, kept, None]
