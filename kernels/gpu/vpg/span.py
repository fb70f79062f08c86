"""Steps that run as one sequence: the one asked for, or all that a branch lacks, each seeing what it would alone.

Shapes in names: B branches of n pictures, s steps of the span, l their positions, L the known positions and those.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Span:
    steps: list[int]  # ascending
    guidance_Bns: torch.Tensor  # the strength of each
    seen_lL: torch.Tensor | None = None  # true where a position sees another; None: all see all

    @classmethod
    def one(cls, step: int, guidance_Bn: torch.Tensor) -> "Span":
        """A step by itself."""
        return cls([step], guidance_Bn[:, None])


def visible(
    sees: Callable[[int, int], bool], lengths: list[int], known: list[int], steps: list[int]
) -> torch.Tensor | None:
    """What positions of the steps see: of the known steps, then of their own step and those before it in the span."""
    columns = [*known, *steps]
    seen = [[other == step or (other < step and sees(step, other)) for other in columns] for step in steps]
    if all(map(all, seen)):
        return None
    down, across = (torch.tensor([lengths[step] for step in each]) for each in (steps, columns))
    return torch.tensor(seen).repeat_interleave(down, 0).repeat_interleave(across, 1)
