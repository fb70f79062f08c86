"""Seeds and uniforms as the step contract fixes them, so that a picture of a sweep is the one the API draws."""

from functools import lru_cache

import numpy as np

from vpg.philox import philox

SAMPLING, SEEDS = 1, 3  # third counter word: the stream


def made_seed(key: int, counter: tuple[int, int, int, int]) -> int:
    """A seed of 53 bits, made of two generator words."""
    low, high = (int(word) for word in philox(key, np.array([counter], np.uint32))[0, :2])
    return low + (high & 0x1FFFFF) * 2**32


def picture_seed(request: int, i: int) -> int:
    """The seed of a request's picture i."""
    return request if i == 0 else made_seed(request, (i, 0, SEEDS, 0))


def corruption_seed(picture: int) -> int:
    """The corruption's seed where the caller gives none."""
    return made_seed(picture, (0, 1, SEEDS, 0))


@lru_cache(maxsize=100_000)
def uniforms(picture: int, step: int, length: int) -> np.ndarray:
    """float64 [length], one number a token of a step, in (0, 1]; read only."""
    counters_l4 = np.zeros((length, 4), np.uint32)
    counters_l4[:, 0] = np.arange(length)
    counters_l4[:, 1:3] = step, SAMPLING
    return fractions(philox(picture, counters_l4)[:, :2])


def fractions(words_n2: np.ndarray) -> np.ndarray:
    """float64 [n], in (0, 1]: of two words each."""
    x0, x1 = words_n2.astype(np.float64).T
    return ((x0 // 32) * 2.0**26 + x1 // 64 + 0.5) / 2.0**53
