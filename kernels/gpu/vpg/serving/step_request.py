"""A step request's tensors as `vpg.step.Ask`, and the pictures in it, each an Ask of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from vpg.corruption import Corruption
from vpg.serving.inputs import Inputs
from vpg.serving.served import Served
from vpg.step import Ask, PrefixCorruption, Refused

Wanted = TypeVar("Wanted")
LONGEST_KEY = 256  # a prefix key is a name, not a store
COMMON = ("step", "schedule", "tokens", "guidance", "corruption_ratio", "corruption_kind", "corruption_seed")


@dataclass(frozen=True)
class Picture(Generic[Wanted]):
    """One picture's part of a request; its Ask has one row."""

    schedule: str
    wanted: Wanted
    ask: Ask
    prefix_key: str
    unguided: float

    @property
    def guided(self) -> bool:
        """Whether it needs an unconditional row, at this step or for what earlier steps leave behind."""
        return bool((self.ask.guidance != self.unguided).any())


def read_step(served: Served[Wanted], tensors: Mapping[str, np.ndarray]) -> list[Picture[Wanted]]:
    """The request's pictures, all of one step; raises Refused."""
    own = (*served.conditions.names, *(("temperature",) if served.tempered else ()))
    inputs = Inputs(tensors, (*COMMON, *own, "prefix_key"))
    schedule = inputs.choice("schedule", served.families)
    family = served.families[schedule]
    heat = inputs.column("temperature", np.float32) if served.tempered else None
    ask = Ask(inputs.shared("step"), tensors["tokens"], inputs.floats("guidance"), read_corruption(inputs), heat)
    family.check(ask, inputs.count)
    family.split(ask.tokens, ask.step)
    keys = inputs.texts("prefix_key", LONGEST_KEY)
    wanted = served.conditions.read(inputs)  # the last: texts are encoded, and remembered
    return [Picture(schedule, wanted[i], row(ask, i), keys[i], family.unguided) for i in range(inputs.count)]


def read_corruption(inputs: Inputs) -> PrefixCorruption | None:
    """That of all pictures; None where every ratio is 0."""
    inputs.column("corruption_ratio", np.float32)
    share = inputs.floats("corruption_ratio")[:, 0]
    if ((share < 0) | (share > 1)).any():
        raise Refused("corruption_ratio", "not from 0 to 1")
    if ((share > 0) != (share[0] > 0)).any():
        raise Refused("corruption_ratio", "0 for some pictures of one request and above 0 for others")
    kind = inputs.choice("corruption_kind", [*Corruption, ""])
    seed = inputs.seeds("corruption_seed")
    if share[0] == 0:
        return None
    if kind == "":
        raise Refused("corruption_kind", "empty where corruption_ratio is above 0")
    return PrefixCorruption(Corruption(kind), share, seed)


def row(ask: Ask, i: int) -> Ask:
    """One picture's part."""
    own = slice(i, i + 1)
    corruption, heat = ask.corruption, ask.temperature
    if corruption is not None:
        corruption = PrefixCorruption(corruption.kind, corruption.share[own], corruption.seed[own])
    heat = None if heat is None else heat[own]
    return replace(ask, tokens=ask.tokens[own], guidance=ask.guidance[own], corruption=corruption, temperature=heat)
