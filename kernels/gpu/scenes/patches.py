"""What pictures are made of, learnt without labels or gradients: features of patches, and an embedding of a picture.

Filters are whitened patches of real pictures (Coates, Lee and Ng, 2011): responses above a threshold, averaged over the
picture (what there is) or over its quarters (and about where). No classifier decided what is worth seeing, so a smudge
is as visible as a wrong shape. Shapes in names: B pictures, n patches, F filters, Q quarters' values.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from sprites.data import to_range

SIDE, FILTERS, FILTER_PATCHES, SMOOTH = 6, 128, 40_000, 0.02
RAW_SIDE, RAW_STRIDE, RAW_KEPT = 8, 4, 48  # raw patches, and how many principal components of them
EMBEDDED = 48  # dimensions of the embedding
BATCH = 250


def patches_of(x_B3HW: torch.Tensor, side: int, stride: int) -> torch.Tensor:
    """[n, P]: of all pictures, a picture's next to each other."""
    return F.unfold(x_B3HW, side, stride=stride).permute(0, 2, 1).flatten(0, 1)


def principal(x_nF: torch.Tensor, kept: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean, and the first principal directions [F, kept]."""
    mean_F = x_nF.mean(0)
    _, vector_FF = torch.linalg.eigh(torch.cov(x_nF.double().T))
    return mean_F, vector_FF[:, -kept:].float()


@dataclass
class Seen:
    """What is seen of a set of pictures."""

    mean_BF: torch.Tensor  # filters' responses over the picture
    place_BQ: torch.Tensor  # and over its quarters: the critic's
    embedded_BE: torch.Tensor  # principal components of those
    raw_nP: torch.Tensor  # principal components of raw patches, all pictures'


class PatchEye:
    """Fitted to real pictures uint8 [B, 3, H, W]."""

    def __init__(self, pictures: torch.Tensor, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        x_B3HW = to_range(pictures, "cpu")
        flat_nP = patches_of(x_B3HW[:1500], SIDE, SIDE // 2)
        flat_nP = flat_nP[torch.randperm(len(flat_nP), generator=generator)[:FILTER_PATCHES]]
        mean_P = flat_nP.mean(0)
        value_P, vector_PP = torch.linalg.eigh(torch.cov(flat_nP.double().T))
        whiten_PP = (vector_PP * (value_P + SMOOTH).rsqrt() @ vector_PP.T).float()
        chosen = torch.randperm(len(flat_nP), generator=generator)[:FILTERS]
        directions_FP = F.normalize((flat_nP[chosen] - mean_P) @ whiten_PP, dim=1)
        weight_FP = directions_FP @ whiten_PP
        self.weight = weight_FP.view(FILTERS, 3, SIDE, SIDE)
        self.bias = -weight_FP @ mean_P
        self.scale_F, self.threshold_F = torch.ones(FILTERS), torch.zeros(FILTERS)
        response_BFhw = self.responses(x_B3HW[:500])
        self.scale_F = response_BFhw.std((0, 2, 3))
        self.threshold_F = 0.5 * self.scale_F
        raw_nP = patches_of(x_B3HW[:1500], RAW_SIDE, RAW_STRIDE)
        self.raw_mean, self.raw_directions = principal(raw_nP, RAW_KEPT)
        place_BQ = torch.cat([self.pooled(part)[1] for part in x_B3HW.split(BATCH)])
        self.centre_Q, self.spread_Q = place_BQ.mean(0), place_BQ.std(0) + 1e-4
        self.embed_mean, self.embed_directions = principal((place_BQ - self.centre_Q) / self.spread_Q, EMBEDDED)

    def responses(self, x_B3HW: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            y = F.conv2d(x_B3HW, self.weight, stride=2)
        return y.float() + self.bias[:, None, None]

    def pooled(self, x_B3HW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = self.responses(x_B3HW)
        fired = F.relu(y - self.threshold_F[:, None, None]) / self.scale_F[:, None, None]
        return fired.mean((2, 3)), F.adaptive_avg_pool2d(fired, 2).flatten(1)

    @torch.no_grad()
    def look(self, pictures: torch.Tensor) -> Seen:
        """At pictures uint8 [B, 3, H, W]."""
        means, places, raws = [], [], []
        for part in pictures.split(BATCH):
            x_B3HW = to_range(part, "cpu")
            mean_BF, place_BQ = self.pooled(x_B3HW)
            means.append(mean_BF)
            places.append((place_BQ - self.centre_Q) / self.spread_Q)
            raw_nP = patches_of(x_B3HW, RAW_SIDE, RAW_STRIDE)
            raws.append((raw_nP - self.raw_mean) @ self.raw_directions)
        place_BQ = torch.cat(places)
        embedded_BE = (place_BQ - self.embed_mean) @ self.embed_directions
        return Seen(torch.cat(means), place_BQ, embedded_BE, torch.cat(raws))
