"""InfinityStar's bitwise codes over space and time: bits to a clip's running sum, and the sum to the next step's input.

Shapes in names: B videos, l positions of a step (frame, row, column), K bits of a token, C latent channels, t h w a
step's size, T latent frames of the clips begun, H W the full sides. Source: infinity/schedules/infinity_elegant.py.
"""

import torch
import torch.nn.functional as F

from vpg.layers.spacetime_schedule import Step


def codes(bit_BlK: torch.Tensor) -> torch.Tensor:
    """A token's bits as a vector of length 1."""
    return (bit_BlK.float() * 2 - 1) / bit_BlK.shape[-1] ** 0.5


def lift(bit_BlK: torch.Tensor, step: Step, channels: int, sides: tuple[int, int]) -> torch.Tensor:
    """What a step adds to its clip's sum, [B, C, t, H, W]: linear over channels, rows and columns, frame by frame."""
    code_BtKhw = codes(bit_BlK).unflatten(1, step.size).permute(0, 1, 4, 2, 3)
    return F.interpolate(code_BtKhw, size=(channels, *sides), mode="trilinear").transpose(1, 2)


def pool(sum_BCtHW: torch.Tensor, step: Step) -> torch.Tensor:
    """A clip's sum at a step's size, position first: [B, l, C]."""
    return F.interpolate(sum_BCtHW, size=step.size, mode="area").flatten(2).transpose(1, 2)


def grown(latent_BCTHW: torch.Tensor, step: Step) -> torch.Tensor:
    """The sums of the clips so far, one after another in time, with zeros for the step's clip if that begins."""
    missing = step.first_frame + step.frames - latent_BCTHW.shape[2]
    return F.pad(latent_BCTHW, (0, 0, 0, 0, 0, missing)) if missing > 0 else latent_BCTHW


def clip_of(latent_BCTHW: torch.Tensor, step: Step) -> torch.Tensor:
    """The sum of the step's own clip, [B, C, t, H, W]."""
    return latent_BCTHW[:, :, step.first_frame : step.first_frame + step.frames]


def add(latent_BCTHW: torch.Tensor, bit_BlK: torch.Tensor, step: Step) -> torch.Tensor:
    """The sums with a step's bits in them; those given stay as they are."""
    channels, sides = latent_BCTHW.shape[1], (latent_BCTHW.shape[3], latent_BCTHW.shape[4])
    made_BCTHW = grown(latent_BCTHW, step).clone()
    clip_of(made_BCTHW, step).add_(lift(bit_BlK, step, channels, sides))
    return made_BCTHW


def step_map(latent_BCTHW: torch.Tensor, step: Step) -> torch.Tensor:
    """What a step reads, [B, l, C]: its clip's sum at its size; zeros where the clip begins."""
    return pool(clip_of(grown(latent_BCTHW, step), step), step)
