"""Bitwise tokens as the step contract sends them, and their corruption of kind `codebook`.

Shapes in names: B pictures, l positions, b bits of a token, y = ceil(b / 8) bytes of a token.
"""

import numpy as np
import torch

from vpg.corruption import replaced, words


def bytes_of(bits: int) -> int:
    """How many bytes a token takes."""
    return -(-bits // 8)


def pack(bits_Blb: np.ndarray) -> np.ndarray:
    """uint8 [B, l y]: bit b is bit b mod 8, counted from the lowest, of byte b // 8; unused bits are 0."""
    return np.packbits(bits_Blb.astype(bool), axis=-1, bitorder="little").reshape(len(bits_Blb), -1)


def unpack(packed_By: np.ndarray, length: int, bits: int) -> np.ndarray:
    """uint8 [B, l, b] of packed tokens [B, l y]; raises where an unused bit is set."""
    every = np.unpackbits(packed_By.reshape(len(packed_By), length, bytes_of(bits)), axis=-1, bitorder="little")
    if every[..., bits:].any():
        raise ValueError(f"a bit above the {bits} of a token is set")
    return every[..., :bits]


def corrupt_bits(bits_Blb: torch.Tensor, seed: int, step: int, share: float) -> torch.Tensor:
    """One step's tokens with a share of them random: bit b is bit b mod 32 of word x2 for b < 32, of x3 above."""
    length, bits = bits_Blb.shape[1:]
    words_l4 = words(seed, step, length)
    made_lb = np.unpackbits(words_l4[:, 2:].astype("<u4").view(np.uint8), axis=1, bitorder="little")[:, :bits]
    hit_l1 = torch.from_numpy(replaced(words_l4, share))[:, None].to(bits_Blb.device)
    return torch.where(hit_l1, torch.from_numpy(made_lb).to(bits_Blb), bits_Blb)
