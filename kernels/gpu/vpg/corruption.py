"""The corrupted prefix of VPG, as the step contract fixes it: which positions, what replaces them, and how."""

from collections.abc import Callable
from enum import StrEnum

import numpy as np
import torch

from vpg.philox import philox

STREAM = 2  # the third counter word


class Corruption(StrEnum):
    EMBEDDING = "embedding"  # token, position and level travel together: VPG
    TOKEN = "token"  # the token travels, the place stays
    POSITION = "position"  # the place travels, the token stays
    CODEBOOK = "codebook"  # the token becomes a random entry of the codebook


def words(seed: int, step: int, length: int) -> np.ndarray:
    """uint32 [length, 4]: four words for every position of a step."""
    counters_n4 = np.zeros((length, 4), np.uint32)
    counters_n4[:, 0] = np.arange(length)
    counters_n4[:, 1:3] = step, STREAM
    return philox(seed, counters_n4)


def replaced(words_l4: np.ndarray, share: float) -> np.ndarray:
    """bool [length]; exact, with the share as float32: both sides fit float64."""
    return words_l4[:, 0].astype(np.float64) < float(np.float32(share)) * 2.0**32


def sources(seed: int, step: int, length: int, share: float) -> np.ndarray:
    """int64 [length]: the position each position reads, its own unless it is replaced."""
    own = np.arange(length, dtype=np.int64)
    if length == 1:
        return own
    words_l4 = words(seed, step, length)
    jump = (words_l4[:, 1].astype(np.uint64) * np.uint64(length - 1) >> np.uint64(32)).astype(np.int64)
    return np.where(replaced(words_l4, share), (own + 1 + jump) % length, own)


def corrupt_tokens(token_Bl: torch.Tensor, seed: int, step: int, share: float, vocab: int) -> torch.Tensor:
    """Kind `codebook`: one step's tokens with a share of them replaced, the same in every row."""
    words_l4 = words(seed, step, token_Bl.shape[1])
    entry = (words_l4[:, 2].astype(np.uint64) * np.uint64(vocab) >> np.uint64(32)).astype(np.int64)
    hit = torch.from_numpy(replaced(words_l4, share)).to(token_Bl.device)
    return torch.where(hit, torch.from_numpy(entry).to(token_Bl.device), token_Bl)


def corrupt_step(
    kind: Corruption, content_BlD: torch.Tensor, place_BlD: torch.Tensor, seed: int, step: int, share: float
) -> torch.Tensor:
    """What enters block 0, the same positions read in every row."""
    index_l = torch.from_numpy(sources(seed, step, content_BlD.shape[1], share)).to(content_BlD.device)
    return gathered(kind, content_BlD, place_BlD, lambda x_BlD: x_BlD[:, index_l])


def gathered(
    kind: Corruption,
    content_BlD: torch.Tensor,
    place_BlD: torch.Tensor,
    gather: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Content plus place, gathered as the kind says; `codebook` acts on tokens, not here."""
    match kind:
        case Corruption.EMBEDDING:
            return gather(content_BlD + place_BlD)
        case Corruption.TOKEN:
            return gather(content_BlD) + place_BlD
        case Corruption.POSITION:
            return content_BlD + gather(place_BlD)
        case Corruption.CODEBOOK:
            return content_BlD + place_BlD
