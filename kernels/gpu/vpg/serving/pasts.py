"""Branches' kept steps as one past of all their rows, and what the rows of a run leave as steps to keep.

Rows of a past: the conditional ones of all branches, then the unconditional ones. Blocks that have as many rows lie in
one stack [blocks, rows, heads, l, channels].
"""

from itertools import groupby

import torch

from vpg.layers.past import Past
from vpg.serving.cache import StepState


def joined(branches: list[list[StepState]]) -> Past:
    """Of each branch the same steps, one after another in the past."""
    if not branches[0]:
        return Past([], [])
    keys, values = ([[getattr(state, part) for state in own] for own in branches] for part in ("keys", "values"))
    return Past(blocks(keys), blocks(values))


def blocks(branches: list[list[list[torch.Tensor]]]) -> list[torch.Tensor]:
    """One tensor a block from the stacks of each branch's steps."""
    made: list[torch.Tensor] = []
    for stack in range(len(branches[0][0])):
        own = [torch.cat([step[stack] for step in branch], dim=3) for branch in branches]
        made += torch.stack(own, dim=2).flatten(1, 2).unbind()
    return made


def left(past: Past, branches: int, lengths: list[int]) -> list[list[StepState]]:
    """Of each branch the steps at the past's end, which have so many positions."""
    keys, values = (
        [stack.split(lengths, dim=3) for stack in stacks(part, sum(lengths))] for part in (past.keys, past.values)
    )
    return [
        [StepState(cut(keys, j, i, branches), cut(values, j, i, branches)) for j in range(len(lengths))]
        for i in range(branches)
    ]


def cut(stacks: list[tuple[torch.Tensor, ...]], step: int, branch: int, branches: int) -> list[torch.Tensor]:
    """One branch's rows of a step, copied: a view would keep all of them in memory."""
    return [steps[step][:, branch::branches].clone() for steps in stacks]


def stacks(blocks: list[torch.Tensor], positions: int) -> list[torch.Tensor]:
    """Of the last positions of each block."""
    return [torch.stack([each[:, :, -positions:] for each in group]) for _, group in groupby(blocks, key=len)]
