"""Convolutions over frames that look back alone, and the layers InfinityStar's video decoder builds from them.

A video comes in chunks of frames; what a convolution needs of the one before is in `Tails`. Shapes in names: B videos,
C channels, t frames of a chunk, h w sides, Z channels of the latent. Source: models/videovae/modules/conv_wan.py and
models/videovae/models/wan_bsq_vae.py.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

Tails = dict[nn.Module, torch.Tensor]  # the last two input frames of every convolution, from chunk to chunk


class CausalConv(nn.Module):
    """3 x 3 x 3; before the first frame there are two more of it, beside the picture there is nothing."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inner, outer, 3, padding=(0, 1, 1))

    def forward(self, x_BCthw: torch.Tensor, tails: Tails) -> torch.Tensor:
        before = tails[self] if self in tails else x_BCthw[:, :, :1].expand(-1, -1, 2, -1, -1)
        x_BCthw = torch.cat([before, x_BCthw], dim=2)
        tails[self] = x_BCthw[:, :, -2:].clone()
        return self.conv(x_BCthw)


class PointConv(nn.Module):
    """1 x 1 x 1, under the key of the causal ones."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inner, outer, 1)

    def forward(self, x_BCthw: torch.Tensor) -> torch.Tensor:
        return self.conv(x_BCthw)


class ChannelNorm(nn.Module):
    """Root mean square over channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels, 1, 1, 1))

    def forward(self, x_BCthw: torch.Tensor) -> torch.Tensor:
        return (F.normalize(x_BCthw.float(), dim=1) * len(self.gamma) ** 0.5 * self.gamma).to(x_BCthw.dtype)


def nearest(z_BZthw: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """The latent at a feature's size; in an odd chunk the first frame has no other beside it and goes apart."""
    frames, height, width = size
    if frames == 1 or frames % 2 == 0:
        return F.interpolate(z_BZthw, size=size)
    first_BZ1hw = F.interpolate(z_BZthw[:, :, :1], size=(1, height, width))
    return torch.cat([first_BZ1hw, F.interpolate(z_BZthw[:, :, 1:], size=(frames - 1, height, width))], dim=2)


class LatentNorm(nn.Module):
    """A norm whose scale and shift come from the latent."""

    def __init__(self, channels: int, latent: int) -> None:
        super().__init__()
        self.norm_layer = ChannelNorm(channels)
        self.conv_y = PointConv(latent, channels)
        self.conv_b = PointConv(latent, channels)

    def forward(self, x_BCthw: torch.Tensor, z_BZthw: torch.Tensor) -> torch.Tensor:
        z_BZthw = nearest(z_BZthw, x_BCthw.shape[-3:])
        return self.norm_layer(x_BCthw) * self.conv_y(z_BZthw) + self.conv_b(z_BZthw)


class ResBlock(nn.Module):
    def __init__(self, channels: int, latent: int) -> None:
        super().__init__()
        self.norm1 = LatentNorm(channels, latent)
        self.norm2 = LatentNorm(channels, latent)
        self.conv1 = CausalConv(channels, channels)
        self.conv2 = CausalConv(channels, channels)

    def forward(self, x_BCthw: torch.Tensor, z_BZthw: torch.Tensor, tails: Tails) -> torch.Tensor:
        h_BCthw = self.conv1(F.silu(self.norm1(x_BCthw, z_BZthw)), tails)
        return x_BCthw + self.conv2(F.silu(self.norm2(h_BCthw, z_BZthw)), tails)


class Unfold(nn.Module):
    """Channels to rows and columns, and to frames where it doubles those too; beside it the input goes the same way."""

    def __init__(self, inner: int, outer: int, time: int) -> None:
        super().__init__()
        self.time, self.copies = time, outer * 4 * time // inner
        self.norm = ChannelNorm(inner)
        self.conv = CausalConv(inner, outer * 4 * time)

    def spread(self, x_BCthw: torch.Tensor) -> torch.Tensor:
        """Channels are (frame, row, column, channel); the two frames made of a video's first one become their mean."""
        odd = x_BCthw.shape[2] % 2 == 1
        parts = x_BCthw.unflatten(1, (self.time, 2, 2, -1)).permute(0, 4, 5, 1, 6, 2, 7, 3)
        x_BCthw = parts.flatten(6, 7).flatten(4, 5).flatten(2, 3)
        if self.time == 2 and odd:
            x_BCthw = torch.cat([x_BCthw[:, :, :2].mean(dim=2, keepdim=True), x_BCthw[:, :, 2:]], dim=2)
        return x_BCthw

    def forward(self, x_BCthw: torch.Tensor, tails: Tails) -> torch.Tensor:
        made_BCthw = self.conv(F.silu(self.norm(x_BCthw)), tails)
        return self.spread(made_BCthw) + self.spread(x_BCthw.repeat(1, self.copies, 1, 1, 1))


class Upsampler(nn.Module):
    """The unfolding under its official key."""

    def __init__(self, inner: int, outer: int, time: int) -> None:
        super().__init__()
        self.conv = Unfold(inner, outer, time)

    def forward(self, x_BCthw: torch.Tensor, tails: Tails) -> torch.Tensor:
        return self.conv(x_BCthw, tails)
