"""The convolutional autoencoder around the quantizer: the taming/LDM family by config, down to a small cheap one."""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class AutoencoderConfig:
    channels: tuple[int, ...]  # a level, finest first; the official one: 160, 160, 320, 320, 640
    code_dim: int
    encoder_blocks: int = 2
    decoder_blocks: int = 3
    patch: int = 1  # pixels a side that are folded into channels first
    norm: bool = True
    attention: bool = True  # at the coarsest level, and between the two middle blocks
    middle: bool = True
    shuffle: bool = False  # up by convolution and pixel shuffle in place of nearest and convolution


def norm_layer(channels: int, norm: bool) -> nn.Module:
    return nn.GroupNorm(32, channels, eps=1e-6) if norm else nn.Identity()


class ResBlock(nn.Module):
    def __init__(self, inner: int, outer: int, norm: bool) -> None:
        super().__init__()
        self.norm1 = norm_layer(inner, norm)
        self.conv1 = nn.Conv2d(inner, outer, 3, padding=1)
        self.norm2 = norm_layer(outer, norm)
        self.conv2 = nn.Conv2d(outer, outer, 3, padding=1)
        self.nin_shortcut = nn.Conv2d(inner, outer, 1) if inner != outer else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        return self.nin_shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class AttentionBlock(nn.Module):
    def __init__(self, channels: int, norm: bool) -> None:
        super().__init__()
        self.norm = norm_layer(channels, norm)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x_BChw: torch.Tensor) -> torch.Tensor:
        q_BCn, k_BCn, v_BCn = self.qkv(self.norm(x_BChw)).flatten(2).chunk(3, dim=1)
        weight_Bnn = (q_BCn.transpose(1, 2) @ k_BCn * q_BCn.shape[1] ** -0.5).softmax(dim=-1)
        return x_BChw + self.proj_out((v_BCn @ weight_Bnn.transpose(1, 2)).view_as(x_BChw))


class Downsample(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class NearestUpsample(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class ShuffleUpsample(nn.Module):
    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inner, 4 * outer, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.pixel_shuffle(self.conv(F.silu(x)), 2)


class Level(nn.Module):
    """The blocks of one resolution, and the way to the next one (absent at the last)."""

    def __init__(self, inner: int, outer: int, blocks: int, norm: bool, attention: bool, **resample: nn.Module) -> None:
        super().__init__()
        self.block = nn.ModuleList(ResBlock(inner if i == 0 else outer, outer, norm) for i in range(blocks))
        self.attn = nn.ModuleList(AttentionBlock(outer, norm) for _ in range(blocks if attention else 0))
        self.resample = next(iter(resample), None)
        for name, module in resample.items():
            self.add_module(name, module)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, block in enumerate(self.block):
            x = block(x)
            if len(self.attn):
                x = self.attn[i](x)
        return getattr(self, self.resample)(x) if self.resample else x


class Middle(nn.Module):
    def __init__(self, channels: int, norm: bool, attention: bool) -> None:
        super().__init__()
        self.block_1 = ResBlock(channels, channels, norm)
        self.attn_1 = AttentionBlock(channels, norm) if attention else nn.Identity()
        self.block_2 = ResBlock(channels, channels, norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class Encoder(nn.Module):
    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        channels, self.patch = config.channels, config.patch
        last = len(channels) - 1
        self.conv_in = nn.Conv2d(3 * self.patch**2, channels[0], 3, padding=1)
        self.down = nn.ModuleList()
        for i, width in enumerate(channels):
            inner = channels[max(i - 1, 0)]
            resample = {} if i == last else {"downsample": Downsample(width)}
            attention = config.attention and i == last
            self.down.append(Level(inner, width, config.encoder_blocks, config.norm, attention, **resample))
        self.mid = Middle(channels[-1], config.norm, config.attention) if config.middle else nn.Identity()
        self.norm_out = norm_layer(channels[-1], config.norm)
        self.conv_out = nn.Conv2d(channels[-1], config.code_dim, 3, padding=1)

    def forward(self, x_B3HW: torch.Tensor) -> torch.Tensor:
        x = self.conv_in(F.pixel_unshuffle(x_B3HW, self.patch))
        for level in self.down:
            x = level(x)
        return self.conv_out(F.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        channels, self.patch = config.channels, config.patch
        last = len(channels) - 1
        self.conv_in = nn.Conv2d(config.code_dim, channels[-1], 3, padding=1)
        self.mid = Middle(channels[-1], config.norm, config.attention) if config.middle else nn.Identity()
        self.up = nn.ModuleList()  # finest first, as in the official keys; run backwards
        for i, width in enumerate(channels):
            inner = width if config.shuffle else channels[min(i + 1, last)]
            upsample = ShuffleUpsample(width, channels[i - 1]) if config.shuffle else NearestUpsample(width)
            resample = {} if i == 0 else {"upsample": upsample}
            attention = config.attention and i == last
            self.up.append(Level(inner, width, config.decoder_blocks, config.norm, attention, **resample))
        self.norm_out = norm_layer(channels[0], config.norm)
        self.conv_out = nn.Conv2d(channels[0], 3 * self.patch**2, 3, padding=1)

    def forward(self, z_BChw: torch.Tensor) -> torch.Tensor:
        x = self.mid(self.conv_in(z_BChw))
        for level in reversed(self.up):
            x = level(x)
        return F.pixel_shuffle(self.conv_out(F.silu(self.norm_out(x))), self.patch)
