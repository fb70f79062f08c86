"""A model as it is served: who it is, and its families, one a schedule."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from vpg.serving.condition import Conditions
from vpg.step import Family

Wanted = TypeVar("Wanted")


@dataclass(frozen=True)
class Served(Generic[Wanted]):
    id: str
    revision: str
    numerics: str
    families: dict[str, Family]  # by the schedule's name
    conditions: Conditions[Wanted]
    guidance_in_state: bool = False  # keys and values depend on the strengths (guidance on hidden states)
