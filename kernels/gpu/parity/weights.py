"""Random numbers that every machine makes alike, by Philox: a tensor's numbers come from the seed and its name."""

import math
import zlib
from collections.abc import Callable

import numpy as np
import torch
import torch.nn as nn

from vpg.philox import philox


def uniform(seed: int, name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """float32 of that shape, uniform in [-1, 1), with mean 0 and standard deviation 0.577."""
    count = math.prod(shape)
    counters_n4 = np.zeros((-(-count // 4), 4), np.uint32)
    counters_n4[:, 0] = np.arange(len(counters_n4))
    words = philox((zlib.crc32(name.encode()) << 32) + (seed & 0xFFFFFFFF), counters_n4).reshape(-1)[:count]
    return torch.from_numpy((words.astype(np.float64) / 2.0**31 - 1).astype(np.float32).reshape(shape))


def weight(seed: int, name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """By its name and shape: near 1 for a norm's weight, variance-keeping for a matrix, small for the rest."""
    made = uniform(seed, name, shape)
    if "scale_mul" in name:
        return 2 + 3 * made  # logarithms; the official code clamps at ln 100
    if len(shape) == 1:
        return 1 + 0.3 * made if name.endswith("weight") else 0.2 * made
    if name.endswith("weight") and "emb" not in name:
        return made * math.sqrt(3 / math.prod(shape[1:]))
    return made


@torch.no_grad()
def fill(module: nn.Module, seed: int, prefix: str = "", rename: Callable[[str], str] = str) -> None:
    """Every parameter of a module from the seed and its key, as ours is called; buffers stay as they are."""
    for name, parameter in module.named_parameters():
        parameter.copy_(weight(seed, prefix + rename(name), tuple(parameter.shape)))
