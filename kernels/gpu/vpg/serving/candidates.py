"""Candidates: of each row only the tokens that the edge could draw, with their pairs (contract: "Candidates").

What the edge mixes from the pair is mixed here the same way, one float32 rounding an operation; only the masses, which
decide what can be drawn, may differ in their last digits, and MARGIN makes up for that.
Shapes in names: n pictures, l positions of a step, B branches, V a row's numbers, S candidates of a picture.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vpg.step import Refused

MARGIN = 1e-4  # of the mass that top-k kept, beyond top-p's share
DEEPEST = 64.0  # a token this far below the largest is never drawn: all of them together weigh less than r can see
NO_TOKEN = 65535
LARGEST = torch.finfo(torch.float32).max


@dataclass(frozen=True)
class Sampling:
    """What the edge will sample a request's step with."""

    strength: float  # lambda, as float32
    temperature: float  # as float32; 0: the likeliest
    top_k: int  # 0 or at least V: off
    top_p: float  # 1: off

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Sampling":
        """From a request's parameters; raises Refused."""
        top_k = number(given, "top_k", 0, math.inf)
        if not top_k.is_integer():
            raise Refused("top_k", f"{top_k} is no integer")
        return cls(
            strength=single(given, "lambda", -math.inf),
            temperature=single(given, "temperature", 0),
            top_k=int(top_k),
            top_p=number(given, "top_p", 0, 1),
        )


def number(given: Mapping[str, Any], name: str, least: float, most: float) -> float:
    """A finite one of that range."""
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(name, "candidates need it as a number")
    if not (math.isfinite(value) and least <= value <= most):
        raise Refused(name, f"{value} is not finite or not from {least} to {most}")
    return float(value)


def single(given: Mapping[str, Any], name: str, least: float) -> float:
    """Rounded to float32, where it must be finite."""
    with np.errstate(over="ignore"):
        value = float(np.float32(number(given, name, least, math.inf)))
    if math.isinf(value):
        raise Refused(name, "not finite in float32")
    return value


def check(token_type: type[np.unsignedinteger]) -> None:
    """Raises Refused where the model's tokens are bits: every bit is drawn by itself, so nothing can be left out."""
    if token_type is not np.uint16:
        raise Refused("candidates", "only of a codebook; this model's tokens are bits")


def narrow(pair_nlBV: torch.Tensor, sampling: Sampling) -> dict[str, np.ndarray]:
    """The outputs that take the place of `logits`; the pair is float16, as it would be sent, without a NaN."""
    kept = [leave_over(pair_lBV, sampling) for pair_lBV in pair_nlBV]
    longest = max(len(token_S) for _, _, token_S, _ in kept)
    token_nS = np.full((len(kept), longest), NO_TOKEN, np.uint16)
    logits_nSB = np.full((len(kept), longest, pair_nlBV.shape[2]), -np.inf, np.float16)
    for i, (_, _, token_S, logits_SB) in enumerate(kept):
        token_nS[i, : len(token_S)], logits_nSB[i, : len(token_S)] = token_S, logits_SB
    return {
        "candidate_count": np.stack([count_l for count_l, *_ in kept]),
        "candidate_mass": np.stack([mass_l for _, mass_l, *_ in kept]),
        "candidate_token": token_nS,
        "candidate_logits": logits_nSB,
    }


def leave_over(pair_lBV: torch.Tensor, sampling: Sampling) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of one picture: count int32 [l], mass float32 [l], token uint16 [S], logits float16 [S, B]."""
    z_lV = mix(pair_lBV, sampling)
    if torch.isneginf(z_lV.amax(-1)).any():
        raise FloatingPointError("every logit of a row is masked")
    keep_lV, mass_l = choose(z_lV, sampling)
    token_S = keep_lV.nonzero()[:, 1]
    logits_SB = pair_lBV.transpose(1, 2)[keep_lV]
    made = keep_lV.sum(-1, dtype=torch.int32), mass_l.float(), token_S, logits_SB
    count_l, mass_l, token_S, logits_SB = (tensor.cpu().numpy() for tensor in made)
    return count_l, mass_l, token_S.astype(np.uint16), logits_SB


def mix(pair_lBV: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """z, float32 [l, V], minus infinity where masked.

    The temperature is a tensor on the device: by a number of the host CUDA divides as a product with its inverse.
    """
    g_lV = pair_lBV[:, 0].float()
    z_lV = g_lV
    if pair_lBV.shape[1] == 2:
        z_lV = g_lV + g_lV.new_tensor(sampling.strength) * (g_lV - pair_lBV[:, 1].float())
    if sampling.temperature > 0:
        z_lV = z_lV / g_lV.new_tensor(sampling.temperature)
    z_lV = z_lV.clamp(-LARGEST, LARGEST) + 0.0  # minus zero becomes zero: sorting must not tell them apart
    return z_lV.masked_fill(torch.isneginf(g_lV), -torch.inf)


def choose(z_lV: torch.Tensor, sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """Which could be drawn, bool [l, V], and what all that top-k kept weigh, the largest weighing 1, float64 [l]."""
    if sampling.temperature == 0:
        first_l1 = z_lV.argmax(-1, keepdim=True)  # the first of equals
        keep_lV = torch.zeros_like(z_lV, dtype=torch.bool).scatter(-1, first_l1, True)
        return keep_lV, keep_lV.sum(-1).double()
    below_lV = z_lV.double() - z_lV.amax(-1, keepdim=True).double()
    keep_lV = below_lV >= -DEEPEST
    if 0 < sampling.top_k < z_lV.shape[-1]:
        keep_lV &= z_lV >= z_lV.topk(sampling.top_k).values[:, -1:]
    weight_lV = below_lV.exp().masked_fill(~keep_lV, 0.0)
    mass_l1 = weight_lV.sum(-1, keepdim=True)
    if sampling.top_p < 1:
        order_lV = z_lV.sort(descending=True, stable=True).indices  # of equals the lower index first
        sorted_lV = weight_lV.gather(-1, order_lV)
        before_lV = sorted_lV.cumsum(-1) - sorted_lV
        near_lV = before_lV < (sampling.top_p + MARGIN) * mass_l1
        keep_lV &= torch.zeros_like(keep_lV).scatter(-1, order_lV, near_lV)
    return keep_lV, mass_l1[:, 0]
