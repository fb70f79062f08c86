"""What a transformer remembers of the steps before: explicit, so that a caller may keep, drop or rebuild it."""

from dataclasses import dataclass

import torch


def beside(branches: list[torch.Tensor]) -> torch.Tensor:
    """Rows of single branches, one a condition, as rows of all: the branches of one condition next to each other."""
    return torch.stack(branches, dim=1).flatten(0, 1)


@dataclass
class Past:
    """Keys and values of the steps so far, one [R, H, positions, D / H] tensor a block; empty before the first."""

    keys: list[torch.Tensor]
    values: list[torch.Tensor]

    def before(self, block: int) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Those of one block."""
        return (self.keys[block], self.values[block]) if self.keys else None
