"""What Infinity makes of a text before the first step.

Shapes in names: R rows, D width, H heads, T text positions, c channels of a head.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from vpg.layers.past import beside

KeysValues = tuple[torch.Tensor, torch.Tensor]


@dataclass
class Condition:
    """What the text says: one vector a row, the shared AdaLN numbers, and keys and values of every block's text."""

    text_RD: torch.Tensor
    shared_R16D: torch.Tensor
    keys_values: list[KeysValues]
    mask_R11T: torch.Tensor | None  # true where there is text; None where all rows are as long

    @property
    def seen_R11T(self) -> torch.Tensor:
        """The mask, all true where there is none."""
        if self.mask_R11T is not None:
            return self.mask_R11T
        keys_RHTc = self.keys_values[0][0]
        return keys_RHTc.new_ones((len(keys_RHTc), 1, 1, keys_RHTc.shape[2]), dtype=torch.bool)

    def first(self, rows: int) -> "Condition":
        """That of the first rows alone."""
        keys_values = [(keys[:rows], values[:rows]) for keys, values in self.keys_values]
        mask = None if self.mask_R11T is None else self.mask_R11T[:rows]
        return Condition(self.text_RD[:rows], self.shared_R16D[:rows], keys_values, mask)


def beside_each_other(conditions: list[Condition]) -> Condition:
    """Rows of single branches as rows of all, shorter texts filled up and masked."""
    lengths = [each.keys_values[0][0].shape[2] for each in conditions]
    longest = max(lengths)

    def rows(parts: tuple[torch.Tensor, ...]) -> torch.Tensor:
        return beside([F.pad(part, (0, 0, 0, longest - part.shape[2])) for part in parts])

    blocks = zip(*(each.keys_values for each in conditions), strict=True)
    keys_values = [(rows(keys), rows(values)) for keys, values in (zip(*block, strict=True) for block in blocks)]
    mask_R11T = None
    if min(lengths) < longest or any(each.mask_R11T is not None for each in conditions):
        mask_R11T = beside([F.pad(each.seen_R11T, (0, longest - each.seen_R11T.shape[3])) for each in conditions])
    text_RD, shared_R16D = (beside([getattr(each, part) for each in conditions]) for part in ("text_RD", "shared_R16D"))
    return Condition(text_RD, shared_R16D, keys_values, mask_R11T)
