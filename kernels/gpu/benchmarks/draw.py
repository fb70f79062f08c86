"""One picture's step from its pair to tokens as they are sent: what the edge draws, on the model's device.

The same rules and the same random numbers as kernels/edge, held by the golden vectors of both. Shapes in names:
l positions of a step, B branches, V a row's numbers, b bits of a token.
"""

import numpy as np
import torch

from sprites.seeds import SAMPLING, fractions, uniforms
from sprites.tokens import pick
from vpg.bits import pack
from vpg.philox import philox
from vpg.serving.candidates import Sampling, mix


def draw_codebook(pair_lBV: torch.Tensor, sampling: Sampling, seed: int, step: int) -> np.ndarray:
    """uint16 [l] of logits float16."""
    z_lV = mix(pair_lBV, sampling)
    if sampling.temperature == 0:
        return z_lV.argmax(-1).cpu().numpy().astype(np.uint16)
    r_l = torch.from_numpy(uniforms(seed, step, len(z_lV)).copy()).to(z_lV.device)
    return pick(z_lV, r_l, sampling.top_k, sampling.top_p).cpu().numpy().astype(np.uint16)


def draw_bits(pair_lBb: torch.Tensor, sampling: Sampling, seed: int, step: int) -> np.ndarray:
    """uint8 [l ceil(b / 8)] of log-odds float16."""
    z_lb = mix(pair_lBb, sampling)
    if sampling.temperature == 0 or sampling.top_k == 1:
        bit_lb = z_lb > 0
    else:
        one_lb = 1 / (1 + (-z_lb.double()).exp())
        bit_lb = torch.from_numpy(bit_uniforms(seed, step, *z_lb.shape)).to(z_lb.device) < one_lb
        if sampling.top_p < 1:
            least = 1 - sampling.top_p
            bit_lb |= (z_lb > 0) & (1 - one_lb <= least)
            bit_lb &= (z_lb > 0) | (one_lb > least)
    return pack(bit_lb.cpu().numpy()[None])[0]


def bit_uniforms(seed: int, step: int, length: int, bits: int) -> np.ndarray:
    """float64 [length, bits]: of bit b the words of counter (u, k, 1, 1 + b // 2), the first two for even b."""
    pairs = -(-bits // 2)
    counters_lp4 = np.empty((length, pairs, 4), np.uint32)
    counters_lp4[..., 0] = np.arange(length)[:, None]
    counters_lp4[..., 1:3] = step, SAMPLING
    counters_lp4[..., 3] = 1 + np.arange(pairs)
    words_n2 = philox(seed, counters_lp4.reshape(-1, 4)).reshape(-1, 2)
    return fractions(words_n2).reshape(length, 2 * pairs)[:, :bits]
