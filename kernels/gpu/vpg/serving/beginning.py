"""What branches begin with: what the model made of their conditions, once a picture, kept beside the steps' states."""

from dataclasses import dataclass, fields, is_dataclass

import torch

from vpg.serving.branch import Branch
from vpg.serving.cache import PrefixCache
from vpg.step import Family, State


@dataclass(frozen=True)
class KeptCondition:
    """A condition as the cache keeps it."""

    condition: object

    @property
    def bytes(self) -> int:
        """Of its tensors."""
        return bytes_in(self.condition)


def begin(family: Family, cache: PrefixCache, branches: list[Branch]) -> State:
    """Before step 0. A branch by itself gets its condition as it was made, so its bits do not depend on the others."""
    made = [condition_of(family, cache, branch) for branch in branches]
    return family.begun(made[0] if len(made) == 1 else family.beside(made), len(branches))


def condition_of(family: Family, cache: PrefixCache, branch: Branch) -> object:
    """The name of its step 0 says all that it depends on; a picture's branches share it."""
    name = f"condition {branch.names[0]}"
    [kept] = cache.find([name])
    if kept is None:
        kept = KeptCondition(family.condition([branch.picture.wanted], 1, branch.picture.guided))
        cache.keep(name, kept)
    return kept.condition


def bytes_in(value: object) -> int:
    """Of all tensors in it."""
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, list | tuple):
        return sum(map(bytes_in, value))
    if is_dataclass(value):
        return sum(bytes_in(getattr(value, field.name)) for field in fields(value))
    return 0
