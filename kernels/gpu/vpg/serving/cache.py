"""The prefix cache: keys and values of steps already taken, bounded in bytes, least recently used out first."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

import torch


class Kept(Protocol):
    """What says its size."""

    @property
    def bytes(self) -> int:
        """Of the device's memory."""


@dataclass(frozen=True)
class StepState:
    """What a step of one branch leaves for those after it: stacks [blocks, R, heads, l, channels], R conditions.

    One stack as a rule; guidance on hidden states ends the unconditional row in mid-model: later blocks are a second.
    """

    keys: list[torch.Tensor]
    values: list[torch.Tensor]

    @property
    def bytes(self) -> int:
        return sum(stack.nbytes for stack in self.keys + self.values)


class PrefixCache:
    """Used by one thread; states stay on the device they were made on."""

    def __init__(self, most: int) -> None:
        """The most bytes held; 0: nothing is held."""
        self.most, self.bytes = most, 0
        self.states: OrderedDict[str, Kept] = OrderedDict()

    def find(self, names: list[str]) -> list[Kept | None]:
        """The states of a branch's steps, first step first.

        From the last back, so that of a branch's steps the early ones, which all others need, leave last.
        """
        for name in reversed(names):
            if name in self.states:
                self.states.move_to_end(name)
        return [self.states.get(name) for name in names]

    def keep(self, name: str, state: Kept) -> None:
        """As it is, not copied; not at all if it alone is more than may be held."""
        if name in self.states:
            self.bytes -= self.states.pop(name).bytes
        if state.bytes > self.most:
            return
        self.states[name] = state
        self.bytes += state.bytes
        while self.bytes > self.most:
            self.bytes -= self.states.popitem(last=False)[1].bytes
