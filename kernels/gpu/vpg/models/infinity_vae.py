"""Infinity's tokenizer for inference: bits of all scales to the latent (binary spherical codes), and that to pictures.

Shapes in names: B pictures, C code dimensions, h w the latent's sides, l positions of one step, b bits of a token.
"""

import re
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from vpg.layers.autoencoder import AutoencoderConfig, Decoder

Side = tuple[int, int]
UNUSED_KEYS = ("encoder", "quantizer", "quantize")  # the last two hold the bits' masks alone
WRAPPED = re.compile(r"\b(conv|conv1|conv2|conv_in|conv_out|nin_shortcut)\.conv\.|\b(norm1|norm2|norm_out)\.norm\.")


@dataclass(frozen=True)
class InfinityVaeConfig:
    code_dim: int
    channels: tuple[int, ...]  # a level, finest first
    patch: int = 1  # codes a side that one token holds

    @property
    def bits(self) -> int:
        return self.code_dim * self.patch**2


VAES = {
    "d32": InfinityVaeConfig(32, (128, 256, 512, 512, 512)),
    "d56": InfinityVaeConfig(14, (128, 256, 512, 512), patch=2),
}


def official_key(key: str) -> str:
    """Ours of an official key: there each convolution and norm is wrapped, `conv1.conv.weight`, `norm1.norm.bias`."""
    return WRAPPED.sub(lambda found: f"{found[1] or found[2]}.", key)


class InfinityVae(nn.Module):
    def __init__(self, config: InfinityVaeConfig) -> None:
        super().__init__()
        self.config = config
        self.decoder = Decoder(AutoencoderConfig(config.channels, config.code_dim, attention=False))

    def codes(self, bits_Blb: torch.Tensor, side: Side) -> torch.Tensor:
        """One step's bits to codes [B, C, h, w] of length 1: bit 1 is +1 / sqrt(C), bit 0 the same below zero."""
        bits_Bbhw = bits_Blb.transpose(1, 2).unflatten(2, side).float()
        return F.pixel_shuffle(bits_Bbhw * 2 - 1, self.config.patch) * self.config.code_dim**-0.5

    def start(self, count: int, full: Side) -> torch.Tensor:
        """The empty latent of so many pictures, [B, C, h, w]."""
        patch, like = self.config.patch, self.decoder.conv_in.weight
        return like.new_zeros((count, self.config.code_dim, full[0] * patch, full[1] * patch), dtype=torch.float32)

    def add(self, f_BChw: torch.Tensor, bits_Blb: torch.Tensor, side: Side) -> torch.Tensor:
        """The latent with one step's codes in it."""
        return f_BChw + resize(self.codes(bits_Blb, side), f_BChw.shape[2:])

    def map_at(self, f_BChw: torch.Tensor, side: Side) -> torch.Tensor:
        """What the step with maps of that side reads, [B, l, b]."""
        patch = self.config.patch
        small_BChw = resize(f_BChw, (side[0] * patch, side[1] * patch))
        return F.pixel_unshuffle(small_BChw, patch).flatten(2).transpose(1, 2)

    def decode(self, f_BChw: torch.Tensor) -> torch.Tensor:
        """A latent to pictures [B, 3, H, W], red first, in [-1, 1]."""
        return self.decoder(f_BChw.to(self.decoder.conv_in.weight.dtype)).float().clamp(-1, 1)


def resize(f_BChw: torch.Tensor, side: Side | torch.Size) -> torch.Tensor:
    """Linear between pixels' centres, up and down (without antialiasing), as the official trilinear one on a frame."""
    if tuple(side) == tuple(f_BChw.shape[2:]):
        return f_BChw
    return F.interpolate(f_BChw, size=tuple(side), mode="bilinear")
