"""A branch: one picture under its generated prefix, or under the corrupted one; and the names of its cached states."""

import hashlib
import json
from dataclasses import dataclass, field

import torch

from vpg.corruption import Corruption
from vpg.serving.cache import PrefixCache, StepState
from vpg.serving.served import Served
from vpg.serving.step_request import Picture
from vpg.step import Family, PrefixCorruption


@dataclass
class Branch:
    picture: Picture
    corruption: PrefixCorruption | None
    names: list[str]  # digests of steps 0..k
    past: list[StepState | None]  # of the steps before k, as far as they are known
    missing: list[int]  # steps before k that have to be run before it
    hit: bool = field(init=False)

    def __post_init__(self) -> None:
        """A step that sees nothing finds nothing and misses nothing: it is a miss, because nothing was saved."""
        self.hit = not self.missing and any(self.past)

    @property
    def step(self) -> int:
        """k, the one asked for."""
        return self.picture.ask.step

    def tokens(self, family: Family) -> list[torch.Tensor]:
        """Those of the steps before k, one tensor [1, l, ...] each; of kind `codebook` with its own in their place."""
        steps = family.split(self.picture.ask.tokens, self.step)
        own = self.corruption
        if own is None or own.kind is not Corruption.CODEBOOK:
            return steps
        return [family.spoil(tokens, own.seed[0], j, float(own.share[0])) for j, tokens in enumerate(steps)]


def branches_of(served: Served, cache: PrefixCache, picture: Picture) -> list[Branch]:
    """The generated branch, and the corrupted one where it is asked for."""
    sides = [None, picture.ask.corruption] if picture.ask.branches == 2 else [None]
    made = []
    for corruption in sides:
        names = state_names(served, picture, corruption)
        past = cache.find(names[:-1])
        missing = lacking(served.families[picture.schedule], past, picture.ask.step)
        made.append(Branch(picture, corruption, names, past, missing))
    return made


def lacking(family: Family, past: list[StepState | None], k: int) -> list[int]:
    """Steps that nobody remembers and that step k sees, or one of these does."""
    made: list[int] = []
    for j in reversed(range(k)):
        if past[j] is None and family.is_seen(j) and any(family.sees(later, j) for later in [k, *made]):
            made.insert(0, j)
    return made


def state_names(served: Served, picture: Picture, corruption: PrefixCorruption | None) -> list[str]:
    """The chain of digests that names a branch's state at steps 0..k (contract: "The cache").

    Each covers all tokens before its step. Nothing is corrupted at step 0, so both branches share that state.
    """
    ask, family = picture.ask, served.families[picture.schedule]
    condition = served.conditions.key(picture.wanted)
    names, tokens = [], [b""] + [own.cpu().numpy().tobytes() for own in family.split(ask.tokens, ask.step)]
    for j in range(ask.step + 1):
        said: list = [names[-1]] if j > 0 else [picture.prefix_key, served.revision, picture.schedule, condition]
        said.append(picture.guided)
        if served.guidance_in_state:
            said.append(float(ask.guidance[0, j]))
        if j == 1 and corruption is not None:
            said.append([corruption.kind, corruption.seed[0], float(corruption.share[0])])
        names.append(hashlib.sha256(json.dumps(said).encode() + tokens[j]).hexdigest())
    return names
