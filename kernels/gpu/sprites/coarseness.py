"""How much more a position of a coarse scale counts, in the codebook and in the transformer's loss alike."""

import torch


def coarseness(scales: tuple[int, ...], pictures: int = 1) -> torch.Tensor:
    """[n]: of every position of so many pictures, scale by scale, how much wider it is than one of the last scale."""
    return torch.cat([torch.full((pictures * side**2,), scales[-1] / side) for side in scales])
