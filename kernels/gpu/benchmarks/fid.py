"""FID and the Inception Score as ADM's evaluator.py computes them, from pictures and its reference batch.

Shapes in names: N pictures, D features.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from sprites.distances import Moments, distance, moments

SPLIT, BATCH = 5000, 64  # pictures of a split of the Inception Score

Network = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]  # uint8 [B, H, W, 3] to features and logits


@dataclass(frozen=True)
class Score:
    fid: float
    inception_score: float
    pictures: int


def read_reference(path: Path) -> Moments:
    """`mu` and `sigma` of a reference batch such as VIRTUAL_imagenet256_labeled.npz."""
    with np.load(path) as arrays:
        if missing := {"mu", "sigma"} - set(arrays.files):
            raise ValueError(f"{path}: no {' and no '.join(sorted(missing))}; it has {', '.join(arrays.files)}")
        return torch.from_numpy(arrays["mu"]).double(), torch.from_numpy(arrays["sigma"]).double()


@torch.no_grad()
def look(network: Network, parts: Iterable[np.ndarray], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Features [N, D] and logits [N, classes] of uint8 [n, H, W, 3], part by part."""
    seen = [network(batch.to(device)) for part in parts for batch in torch.from_numpy(part).split(BATCH)]
    features, logits = zip(*seen, strict=True)
    return torch.cat(features).cpu(), torch.cat(logits).cpu()


def inception_score(logits: torch.Tensor) -> float:
    """exp of the mean divergence of a picture's classes from all pictures', the mean over splits."""
    scores = []
    for part in logits.double().softmax(-1).split(SPLIT):
        divergence = part * (part.clamp_min(1e-300).log() - part.mean(0, keepdim=True).clamp_min(1e-300).log())
        scores.append(divergence.sum(-1).mean().exp().item())
    return float(np.mean(scores))


def score(network: Network, parts: Iterable[np.ndarray], reference: Moments, device: torch.device) -> Score:
    """The more pictures the lower FID: only equal counts compare, and published figures are of 50,000."""
    features_ND, logits = look(network, parts, device)
    return Score(distance(moments(features_ND), reference), inception_score(logits), len(features_ND))
