"""VAR's multi-scale residual quantizer: one codebook, area down, bicubic up, phi convolutions.

Shapes in names: B pictures, C code dimensions, h w the latent's sides, l positions of one scale, L of all scales.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class QuantizerConfig:
    scales: tuple[int, ...]
    vocab: int
    code_dim: int
    phis: int = 4  # official: four, shared by the scales; as many as there are scales: one each
    phi_ratio: float = 0.5


def area_matrix(side: int, full: int) -> torch.Tensor:
    """[side^2, full^2]: a full map, flattened, to its area average."""
    basis = torch.eye(full * full).view(-1, 1, full, full)
    return F.interpolate(basis, size=(side, side), mode="area").flatten(1).t().contiguous()


def bicubic_matrix(side: int, full: int) -> torch.Tensor:
    """[full^2, side^2]: a small map, flattened, to its bicubic enlargement; the identity at full size."""
    if side == full:
        return torch.eye(full * full)
    basis = torch.eye(side * side).view(-1, 1, side, side)
    return F.interpolate(basis, size=(full, full), mode="bicubic").flatten(1).t().contiguous()


def shared_phi(k: int, steps: int, phis: int) -> int:
    """Which phi serves step k: its own, or the one whose tick is nearest to k / (K - 1), as in the official code."""
    if phis == steps:
        return k
    margin = 1 / 3 / phis if phis == 4 else 1 / 2 / phis
    ticks = np.linspace(margin, 1 - margin, phis)  # numpy, as there: two of ten steps lie on a tie
    return int(np.abs(ticks - k / max(steps - 1, 1)).argmin())


class Phi(nn.Conv2d):
    """A mix of the map with its own 3 x 3 convolution."""

    def __init__(self, channels: int, ratio: float) -> None:
        super().__init__(channels, channels, 3, padding=1)
        self.ratio = ratio

    def forward(self, h_BChw: torch.Tensor) -> torch.Tensor:
        return (1 - self.ratio) * h_BChw + self.ratio * super().forward(h_BChw)


class Phis(nn.Module):
    """The phis, under the official key `qresi_ls`."""

    def __init__(self, config: QuantizerConfig) -> None:
        super().__init__()
        self.qresi_ls = nn.ModuleList(Phi(config.code_dim, config.phi_ratio) for _ in range(config.phis))
        steps = len(config.scales)
        self.choice = [shared_phi(k, steps, config.phis) for k in range(steps)]

    def forward(self, k: int, h_BChw: torch.Tensor) -> torch.Tensor:
        return self.qresi_ls[self.choice[k]](h_BChw)


class Quantizer(nn.Module):
    def __init__(self, config: QuantizerConfig) -> None:
        super().__init__()
        self.config = config
        self.full = config.scales[-1]
        self.embedding = nn.Embedding(config.vocab, config.code_dim)
        self.quant_resi = Phis(config)
        for k, side in enumerate(config.scales):
            self.register_buffer(f"down_{k}", area_matrix(side, self.full), persistent=False)
            self.register_buffer(f"up_{k}", bicubic_matrix(side, self.full), persistent=False)

    def down(self, k: int, f_BChw: torch.Tensor) -> torch.Tensor:
        """A full map at step k's scale, position first: [B, l, C]."""
        return (f_BChw.flatten(2) @ getattr(self, f"down_{k}").t()).transpose(1, 2)

    def enlarge(self, k: int, map_BlC: torch.Tensor) -> torch.Tensor:
        """A map of step k's scale at full size, [B, C, h, w]."""
        h_BCn = map_BlC.transpose(1, 2) @ getattr(self, f"up_{k}").t()
        return h_BCn.unflatten(2, (self.full, self.full))

    def up(self, k: int, codes_BlC: torch.Tensor) -> torch.Tensor:
        """What step k's code vectors add to the full map, [B, C, h, w]."""
        return self.quant_resi(k, self.enlarge(k, codes_BlC))

    def nearest(self, z_nC: torch.Tensor) -> torch.Tensor:
        codebook_VC = self.embedding.weight
        return torch.addmm(codebook_VC.square().sum(1), z_nC, codebook_VC.t(), alpha=-2).argmin(1)

    def encode(self, f_BChw: torch.Tensor) -> torch.Tensor:
        """A latent to its tokens of all scales, coarse to fine, [B, L]."""
        rest_BChw, tokens = f_BChw, []
        for k in range(len(self.config.scales)):
            z_BlC = self.down(k, rest_BChw)
            token_Bl = self.nearest(z_BlC.flatten(0, 1)).view(z_BlC.shape[:2])
            rest_BChw = rest_BChw - self.up(k, self.embedding(token_Bl))
            tokens.append(token_Bl)
        return torch.cat(tokens, dim=1)

    def decode(self, token_BL: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens of all scales to what steps 1 to K-1 read, [B, L - 1, C], and to the finished latent [B, C, h, w]."""
        per_scale = token_BL.split([side * side for side in self.config.scales], dim=1)
        f_BChw, maps = self.up(0, self.embedding(per_scale[0])), []
        for k, token_Bl in enumerate(per_scale[1:], start=1):
            maps.append(self.down(k, f_BChw))
            f_BChw = f_BChw + self.up(k, self.embedding(token_Bl))
        return torch.cat(maps, dim=1), f_BChw
