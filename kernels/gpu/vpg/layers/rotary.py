"""Infinity's rotary embedding of a map's rows and columns, normalised to the largest map of its aspect ratio.

Shapes in names: R rows, H heads, l positions of a map, c channels of a head, p = c / 2 pairs of channels.
"""

from functools import lru_cache

import torch

BASE = 10000.0


@lru_cache(maxsize=256)
def turns(side: tuple[int, int], full: tuple[int, int], channels: int) -> torch.Tensor:
    """Cosines and sines of a map's places, [2, h w, p]: half the pairs turn by row, half by column.

    Places are those of the full map (the last one of the ratio's schedule for 1M pixels), rounded half to even.
    """
    half = channels // 2
    frequency = 1.0 / BASE ** (torch.arange(0, half, 2).float() / half)
    row_h, column_w = ((torch.arange(n) * (whole / n)).round() for n, whole in zip(side, full, strict=True))
    by_row = torch.outer(row_h, frequency)[:, None].expand(*side, -1)
    by_column = torch.outer(column_w, frequency)[None].expand(*side, -1)
    angle_lp = torch.cat([by_row, by_column], dim=-1).flatten(0, 1)
    return torch.stack([angle_lp.cos(), angle_lp.sin()])


def rotate(x_RHlc: torch.Tensor, turn_2lp: torch.Tensor) -> torch.Tensor:
    """Turns neighbouring channels (2i, 2i + 1) as one pair."""
    (first, second), (cosine_lp, sine_lp) = x_RHlc.unflatten(-1, (-1, 2)).unbind(-1), turn_2lp
    return torch.stack([cosine_lp * first - sine_lp * second, sine_lp * first + cosine_lp * second], -1).flatten(-2)
