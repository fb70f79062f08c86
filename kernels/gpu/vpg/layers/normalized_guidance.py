"""Guidance that keeps its own size: APG (arXiv 2410.02416) as InfinityStar uses it, over a whole step's logits.

Shapes in names: l positions, V two logits a bit. Source: infinity/models/apg.py.
"""

import math

import torch

THRESHOLD = 0.05  # root mean square of the update before its strength


def normalized_guidance(cond_lV: torch.Tensor, uncond_lV: torch.Tensor, strength: float) -> torch.Tensor:
    """The update is cut to the threshold, and what of it is parallel to the conditional logits is dropped."""
    update_lV = cond_lV - uncond_lV
    size = torch.linalg.vector_norm(update_lV) / math.sqrt(update_lV.numel())
    update_lV = update_lV * (THRESHOLD / size).clamp(max=1)
    unit_lV = cond_lV.double()
    unit_lV = unit_lV / torch.linalg.vector_norm(unit_lV).clamp(min=1e-12)
    across_lV = update_lV.double() - (update_lV.double() * unit_lV).sum() * unit_lV
    return cond_lV + (strength - 1) * across_lV.to(cond_lV.dtype)
