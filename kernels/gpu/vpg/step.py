"""One step of a few pictures, stateless: the tokens so far in, the pair of logits out, as the step contract says.

A family (`vpg.families`) says how tokens become inputs, how conditions guide, and what its state is; the loop is here.
The rows of a batch are conditions x branches x pictures, in that order, the pictures next to each other: first all
conditional rows, then (where any picture is guided) all unconditional ones; in each the generated prefix of every
picture, then (B = 2) the corrupted one.

Shapes in names: n pictures, B branches of each, R all rows, l positions of a step, D width, V a row's numbers.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch

from vpg.corruption import Corruption, corrupt_step
from vpg.layers.past import Past
from vpg.span import Span

LARGEST_HALF = 65504.0

Wanted = TypeVar("Wanted")  # what a picture shall show
Condition = TypeVar("Condition")  # what the transformer makes of it


class Refused(ValueError):
    """A bad request: HTTP 400, naming the field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True)
class PrefixCorruption:
    """How the corrupted branch is made; a share and a seed a picture, one kind for all."""

    kind: Corruption
    share: np.ndarray  # float32 [n], all above 0
    seed: list[int]


@dataclass(frozen=True)
class Ask:
    """What the edge asks for: step k of n pictures."""

    step: int
    tokens: np.ndarray  # the steps before k as they are sent: uint16 [n, L], or packed bits uint8 [n, bytes]
    guidance: np.ndarray  # float32 [n, k + 1], in the family's own formula
    corruption: PrefixCorruption | None = None
    temperature: np.ndarray | None = None  # float32 [n], for families that divide by it before their guidance

    @property
    def count(self) -> int:
        """Of the pictures."""
        return len(self.tokens)

    @property
    def branches(self) -> int:
        """An empty prefix has nothing to corrupt."""
        return 2 if self.corruption is not None and self.step > 0 else 1


@dataclass
class State(Generic[Condition]):
    """All that the next step needs besides its tokens: of every row, and the picture so far of every branch."""

    condition: Condition
    past: Past
    latent: torch.Tensor  # [B n, ...]


class Family(ABC, Generic[Wanted, Condition]):
    """A model at one schedule."""

    kinds: frozenset[Corruption]
    unguided: float  # the strength that means none
    token_type: type[np.unsignedinteger] = np.uint8  # of the numbers in sent tokens: packed bits, or codebook entries
    tempered = False  # whether it divides by a temperature before its guidance
    lengths: list[int]  # positions of each step
    frames = 1  # of what the last step completes; above 1: a video

    @property
    def columns(self) -> list[int]:
        """How wide each step's tokens are as they are sent."""
        return self.lengths

    @abstractmethod
    def split(self, tokens: np.ndarray, steps: int) -> list[torch.Tensor]:
        """Sent tokens of so many steps, one tensor [n, l, ...] each; refuses what cannot be tokens."""

    def check_tokens(self, tokens: np.ndarray, steps: int) -> None:
        """Their type and how many they are."""
        wanted, kind = sum(self.columns[:steps]), np.dtype(self.token_type)
        if tokens.dtype != kind or tokens.ndim != 2 or tokens.shape[1] != wanted:
            given = f"{tokens.dtype} {list(tokens.shape)}"
            raise Refused("tokens", f"{given}, not {kind} [n, {wanted}], those of {steps} steps")

    @abstractmethod
    def condition(self, wanted: list[Wanted], branches: int, guided: bool) -> Condition:
        """That of all rows."""

    @abstractmethod
    def beside(self, conditions: list[Condition]) -> Condition:
        """That of all rows from those of single branches, each with or each without an unconditional row."""

    @abstractmethod
    def embed(self, state: State[Condition], step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Content [B n, l, D] and place [1, l, D or 1] of a step > 0; their sum enters block 0."""

    @abstractmethod
    def start(self, state: State[Condition]) -> torch.Tensor:
        """The input of step 0, [R, 1, D]."""

    @abstractmethod
    def run(self, state: State[Condition], x_RlD: torch.Tensor, span: Span) -> torch.Tensor:
        """The hidden state after the blocks; puts the span's steps at the end of the state's past."""

    @abstractmethod
    def guided(self, state: State[Condition], x_RlD: torch.Tensor, guidance: torch.Tensor) -> torch.Tensor:
        """Guided numbers [B n, l, V] from the hidden state."""

    @abstractmethod
    def spoil(self, tokens: torch.Tensor, seed: int, step: int, share: float) -> torch.Tensor:
        """One picture's tokens [1, l, ...] with a share of them replaced at random: kind `codebook`."""

    @abstractmethod
    def append(self, latent: torch.Tensor, tokens: torch.Tensor, step: int) -> torch.Tensor:
        """The picture so far with a step's tokens in it."""

    @abstractmethod
    def empty(self, count: int) -> torch.Tensor:
        """The latent of that many pictures before any token."""

    @abstractmethod
    def pixels(self, latent: torch.Tensor) -> torch.Tensor:
        """Pictures [n, 3, H, W] in [0, 1]."""

    @abstractmethod
    def sent(self, pair_nlBV: torch.Tensor) -> torch.Tensor:
        """The pair in half precision."""

    def begin(self, wanted: list[Wanted], branches: int, guided: bool) -> State[Condition]:
        """Before step 0."""
        return self.begun(self.condition(wanted, branches, guided), len(wanted) * branches)

    def begun(self, condition: Condition, count: int) -> State[Condition]:
        """Of so many branches of pictures."""
        return State(condition, Past([], []), self.empty(count))

    @torch.no_grad()
    def pair(self, wanted: list[Wanted], ask: Ask) -> torch.Tensor:
        """float32 [n, l, B, V]: each token's row under the generated prefix, then under the corrupted one."""
        self.check(ask, len(wanted))
        tokens = self.split(ask.tokens, ask.step)
        guided = bool((ask.guidance != self.unguided).any())
        state = self.begin(wanted, ask.branches, guided)
        if ask.temperature is not None:
            self.temper(state, np.tile(ask.temperature, ask.branches))
        for step in range(ask.step + 1):
            if step > 0:
                state.latent = self.append(state.latent, self.branched(tokens[step - 1], ask, step - 1), step - 1)
            if step < ask.step and not self.is_seen(step):
                continue
            guidance = torch.from_numpy(ask.guidance[:, step]).repeat(ask.branches).to(state.latent.device)
            x_RlD = self.run(state, self.entering(state, ask, step, guided), Span.one(step, guidance))
        rows = self.guided(state, x_RlD, guidance)
        return rows.unflatten(0, (ask.branches, ask.count)).permute(1, 2, 0, 3)

    def is_seen(self, step: int) -> bool:
        """Whether any later step attends to this one; what none does need not run again."""
        return step + 1 < len(self.lengths)

    def sees(self, step: int, earlier: int) -> bool:
        """Whether a step attends to an earlier one."""
        return True

    def temper(self, state: State[Condition], temperature: np.ndarray) -> None:
        """Keeps each branch's temperature, float32 [B n], in a family that divides by one."""

    def step(self, wanted: list[Wanted], ask: Ask) -> torch.Tensor:
        """The pair as it is sent, float16 [n, l, B, V]."""
        return self.sent(self.pair(wanted, ask)).contiguous()

    @torch.no_grad()
    def decode(self, tokens: np.ndarray, steps: int) -> torch.Tensor:
        """Pictures [n, 3, H, W] in [0, 1] of the first steps' tokens; fewer than all: a coarse preview."""
        latent = self.empty(len(tokens))
        for step, own in enumerate(self.split(tokens, steps)):
            latent = self.append(latent, own, step)
        return self.pixels(latent)

    def check_temperature(self, temperature: np.ndarray, count: int) -> None:
        """One a picture, where the family takes any."""
        if not self.tempered:
            raise Refused("temperature", "this family takes none")
        if temperature.shape != (count,) or not (np.isfinite(temperature) & (temperature > 0)).all():
            raise Refused("temperature", "one a video, finite and above 0")

    def check(self, ask: Ask, count: int) -> None:
        """What does not depend on the tokens themselves."""
        if not 0 <= ask.step < len(self.lengths):
            raise Refused("step", f"{ask.step} is not one of {len(self.lengths)} steps")
        if ask.count != count:
            raise Refused("tokens", f"{ask.count} rows for {count} pictures")
        if ask.guidance.shape != (count, ask.step + 1):
            raise Refused("guidance", f"{list(ask.guidance.shape)} is not [{count}, {ask.step + 1}]")
        if not np.isfinite(ask.guidance).all():
            raise Refused("guidance", "every strength must be finite")
        if ask.temperature is not None:
            self.check_temperature(ask.temperature, count)
        if ask.corruption is None:
            return
        if ask.corruption.kind not in self.kinds:
            raise Refused("corruption_kind", f"{ask.corruption.kind} is not one of {', '.join(sorted(self.kinds))}")
        if (
            ask.corruption.share.shape != (count,)
            or not ((ask.corruption.share > 0) & (ask.corruption.share <= 1)).all()
        ):
            raise Refused("corruption_ratio", "one ratio a picture, above 0 and not above 1")
        if len(ask.corruption.seed) != count:
            raise Refused("corruption_seed", "one seed a picture")

    def entering(self, state: State[Condition], ask: Ask, step: int, guided: bool) -> torch.Tensor:
        """What enters block 0, [R, l, D]: in the corrupted branch gathered as the kind says."""
        if step == 0:
            return self.start(state)
        content, place = self.embed(state, step)
        x = content + place
        if ask.branches == 2 and ask.corruption is not None:
            kind, shares, seeds = ask.corruption.kind, ask.corruption.share, ask.corruption.seed
            spoiled = [
                corrupt_step(kind, content[ask.count + i, None], place, seeds[i], step, float(shares[i]))
                for i in range(ask.count)
            ]
            x = torch.cat([x[: ask.count], *spoiled])
        return x.repeat(2, 1, 1) if guided else x

    def branched(self, tokens: torch.Tensor, ask: Ask, step: int) -> torch.Tensor:
        """A step's tokens for every branch, [B n, l, ...]; of kind `codebook` the corrupted one has its own."""
        if ask.branches == 1 or ask.corruption is None:
            return tokens
        if ask.corruption.kind is not Corruption.CODEBOOK:
            return torch.cat([tokens, tokens])
        pictures = zip(tokens.split(1), ask.corruption.seed, ask.corruption.share, strict=True)
        return torch.cat([tokens, *(self.spoil(own, seed, step, float(share)) for own, seed, share in pictures)])


def send_codebook(pair_nlBV: torch.Tensor) -> torch.Tensor:
    """Each row's maximum at 0: softmax does not change, and half precision is fine where it matters."""
    shifted = pair_nlBV - pair_nlBV.amax(-1, keepdim=True)
    return shifted.clamp_min(-LARGEST_HALF).half()


def send_bits(pair_nlBV: torch.Tensor) -> torch.Tensor:
    """Log-odds, clamped to what half precision holds."""
    return pair_nlBV.clamp(-LARGEST_HALF, LARGEST_HALF).half()
