"""InfinityStar's rotary embedding of scale, frame, row and column, a quarter of a head's channel pairs to each.

Shapes in names: l positions, p = c / 2 pairs of a head's channels, c a multiple of 8. Source: infinity/models/rope.py.
"""

import torch

from vpg.layers.rotary import BASE
from vpg.layers.spacetime_schedule import Schedule

TEXT_PLACES = 512  # the first scales are the text's; step 0 comes after all of them, however short the text is


def angles(place_l: torch.Tensor, channels: int) -> torch.Tensor:
    """Those of one axis, [l, p / 4]."""
    count = channels // 8
    frequency = 1.0 / BASE ** (torch.arange(count, device=place_l.device).float() / count)
    return torch.outer(place_l.float(), frequency)


def text_turns(length: int, channels: int, device: torch.device) -> torch.Tensor:
    """Cosines and sines [2, l, p]: a text token's place is its scale; frame, row and column are 0."""
    scale_lq = angles(torch.arange(length, device=device), channels)
    angle_lp = torch.cat([scale_lq, scale_lq.new_zeros(length, 3 * scale_lq.shape[1])], dim=1)
    return torch.stack([angle_lp.cos(), angle_lp.sin()])


def step_turns(schedule: Schedule, k: int, channels: int, device: torch.device) -> torch.Tensor:
    """Cosines and sines [2, l, p] of step k: scale is k, frame absolute, row and column those at full size."""
    step = schedule.steps[k]
    row, column = (
        (torch.arange(side, device=device) * (full / side)).round()  # half to even
        for side, full in ((step.height, schedule.height), (step.width, schedule.width))
    )
    scale = torch.tensor([TEXT_PLACES + k], device=device)
    frame = torch.arange(step.frames, device=device) + step.first_frame
    by_axis = [
        angles(scale, channels)[:, None, None],
        angles(frame, channels)[:, None, None],
        angles(row, channels)[None, :, None],
        angles(column, channels)[None, None, :],
    ]
    angle_lp = torch.cat([axis.expand(*step.size, -1) for axis in by_axis], dim=-1).flatten(0, 2)
    return torch.stack([angle_lp.cos(), angle_lp.sin()])
