"""Infinity's guidance on hidden states instead of logits.

Shapes in names: R rows, P = R / 2 pairs of a conditional and an unconditional one, l positions, D width.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class HiddenGuidance:
    """After block depth + layer, row i of the first half becomes s x itself + (1 - s) x row i of the second half.

    The official code puts it into both and goes on with both; nothing reads the second one any more: it ends here.
    """

    strength_Pl: torch.Tensor  # at each position, or one for all of them; 1: none
    layer: int  # negative; -5 in the official code

    def mix(self, x_RlD: torch.Tensor) -> torch.Tensor:
        strength_Pl1, (cond_PlD, uncond_PlD) = self.strength_Pl[..., None], x_RlD.chunk(2)
        return strength_Pl1 * cond_PlD + (1 - strength_Pl1) * uncond_PlD
