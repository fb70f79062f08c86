"""InfinityStar's video decoder: summed codes to frames, official keys; its encoder is not needed to generate.

Shapes in names: B videos, C = 64 latent channels at stride 16, Z = C / 4 at stride 8, T latent frames, F = 4 T - 3
frames, h w the latent's sides, H W the pictures'. Source: models/videovae/models/wan_bsq_vae.py.
"""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from vpg.layers.causal_video import CausalConv, LatentNorm, ResBlock, Tails, Upsampler

# Entries of the published state dict (the file's key `vae`) that decoding does without.
NOT_DECODING = ("encoder", "proj_down", "proj_down_two", "proj_up_two", "quantizer", "quantize")


@dataclass(frozen=True)
class VideoDecoderConfig:
    widths: tuple[int, ...] = (384, 384, 384, 192, 96)  # coarsest first: of each level, and after the last
    growth: tuple[tuple[int, int], ...] = ((1, 1), (1, 2), (2, 2), (2, 2))  # of time and space after each level
    blocks: int = 3
    latent: int = 16
    chunk: int = 2  # latent frames at a time, an even number, for memory: the frames are the same


class Middle(nn.Module):
    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.resnets = nn.ModuleList(ResBlock(width, latent) for _ in range(2))

    def forward(self, x_BCthw: torch.Tensor, z_BZthw: torch.Tensor, tails: Tails) -> torch.Tensor:
        for block in self.resnets:
            x_BCthw = block(x_BCthw, z_BZthw, tails)
        return x_BCthw


class Level(nn.Module):
    """The blocks of one resolution, and the way to the next one where it is another."""

    def __init__(self, inner: int, outer: int, blocks: int, latent: int, growth: tuple[int, int]) -> None:
        super().__init__()
        time, space = growth
        self.resnets = nn.ModuleList(ResBlock(inner, latent) for _ in range(blocks))
        self.upsamplers = nn.ModuleList([Upsampler(inner, outer, time)] if space == 2 else [])

    def forward(self, x_BCthw: torch.Tensor, z_BZthw: torch.Tensor, tails: Tails) -> torch.Tensor:
        for block in self.resnets:
            x_BCthw = block(x_BCthw, z_BZthw, tails)
        for upsampler in self.upsamplers:
            x_BCthw = upsampler(x_BCthw, tails)
        return x_BCthw


class Decoder(nn.Module):
    def __init__(self, config: VideoDecoderConfig) -> None:
        super().__init__()
        widths, latent = config.widths, config.latent
        self.conv_in = CausalConv(latent, widths[0])
        self.mid_block = Middle(widths[0], latent)
        self.up_blocks = nn.ModuleList(
            Level(inner, outer, config.blocks, latent, growth)
            for inner, outer, growth in zip(widths, widths[1:], config.growth, strict=False)
        )
        self.norm_out = LatentNorm(widths[-1], latent)
        self.conv_out = CausalConv(widths[-1], 3)

    def forward(self, z_BZthw: torch.Tensor, tails: Tails) -> torch.Tensor:
        """The frames of one chunk of the latent; the next chunk goes on from the tails."""
        x_BCthw = self.mid_block(self.conv_in(z_BZthw, tails), z_BZthw, tails)
        for level in self.up_blocks:
            x_BCthw = level(x_BCthw, z_BZthw, tails)
        return self.conv_out(F.silu(self.norm_out(x_BCthw, z_BZthw)), tails)


class InfinityStarVae(nn.Module):
    def __init__(self, config: VideoDecoderConfig) -> None:
        super().__init__()
        self.chunk = config.chunk
        self.decoder = Decoder(config)
        self.proj_up = nn.Linear(4 * config.latent, 4 * config.latent)
        self.scale_learnable_parameters = nn.Parameter(torch.ones(4))  # the first one is used

    def decode(self, latent_BCThw: torch.Tensor) -> torch.Tensor:
        """Summed codes of an odd number of latent frames to [B, 3, F, H, W], about in [-1, 1]; the caller clamps."""
        frames = latent_BCThw.shape[2]
        if frames % 2 == 0:
            raise ValueError(f"{frames} latent frames; a video has one and then pairs of them")
        scaled_BThwC = (latent_BCThw / self.scale_learnable_parameters[0]).permute(0, 2, 3, 4, 1)
        z_BThwC = self.proj_up(scaled_BThwC.to(self.proj_up.weight.dtype))
        z_BTZhw = F.pixel_shuffle(z_BThwC.permute(0, 1, 4, 2, 3), 2)
        tails: Tails = {}
        first = min(1 + self.chunk, frames)
        chunks = [z_BTZhw[:, :first], *z_BTZhw[:, first:].split(self.chunk, dim=1)]
        made = [self.decoder(chunk.transpose(1, 2), tails) for chunk in chunks if chunk.shape[1]]
        return torch.cat(made, dim=2)
