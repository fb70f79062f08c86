"""How a family's conditions arrive, and their part in the name of a cached state."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from vpg.serving.inputs import Inputs
from vpg.step import Refused

Wanted = TypeVar("Wanted")


class Conditions(Protocol, Generic[Wanted]):
    names: tuple[str, ...]
    """The inputs that say what a picture shall show."""

    def read(self, inputs: Inputs) -> list[Wanted]:
        """One a picture."""

    def key(self, wanted: Wanted) -> str:
        """Others for others."""


@dataclass(frozen=True)
class Classes:
    """Input `class`, from 0."""

    count: int
    names: tuple[str, ...] = ("class",)

    def read(self, inputs: Inputs) -> list[int]:
        labels = [int(label) for label in inputs.column("class", np.int32)]
        for label in labels:
            if not 0 <= label < self.count:
                raise Refused("class", f"{label} is not below {self.count}, from 0")
        return labels

    def key(self, wanted: int) -> str:
        return str(wanted)
