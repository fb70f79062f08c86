"""A model as it is served: who it is, and its families, one a schedule."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from vpg.serving.condition import Conditions
from vpg.step import Family

Wanted = TypeVar("Wanted")


@dataclass(frozen=True)
class Served(Generic[Wanted]):
    id: str
    revision: str
    numerics: str
    families: dict[str, Family]  # by the schedule's name
    conditions: Conditions[Wanted] | None  # None: it only decodes
    guidance_in_state: bool = False  # keys and values depend on the strengths (guidance on hidden states)

    @property
    def token_type(self) -> type[np.unsignedinteger]:
        """Of the numbers in tokens as they are sent, the same under every schedule."""
        return next(iter(self.families.values())).token_type

    @property
    def tempered(self) -> bool:
        """Whether a step takes a temperature, because the family divides by it before its guidance."""
        return any(family.tempered for family in self.families.values())
