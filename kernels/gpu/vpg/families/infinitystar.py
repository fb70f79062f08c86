"""InfinityStar step by step: texts, bitwise tokens of two widths, normalised guidance, repetitions as steps.

A step sees the text and one earlier step, the last of the clip before: of the steps so far only those and the asked one
run, one more a clip. Shapes in names: n videos, B branches, R rows, l positions, D width, C latent channels.
"""

from dataclasses import dataclass

import numpy as np
import torch

from vpg.bits import bytes_of, corrupt_bits, unpack
from vpg.corruption import Corruption
from vpg.layers.normalized_guidance import normalized_guidance
from vpg.layers.past import Past
from vpg.layers.spacetime_codes import add, step_map
from vpg.layers.spacetime_rotary import step_turns
from vpg.layers.spacetime_schedule import Schedule
from vpg.models.infinitystar import InfinityStar
from vpg.models.infinitystar_vae import InfinityStarVae
from vpg.span import Span
from vpg.step import Family, Refused, State, send_bits


@dataclass(frozen=True)
class Prompt:
    """A video's prompt as the encoder's features [T, E], and what it shall not be (None: the trained row)."""

    prompt: torch.Tensor
    negative: torch.Tensor | None = None


@dataclass
class StarState(State[list[Past]]):
    """`condition`: each row's text, keys and values; `past`: those of the last step of the clip before, all rows."""

    temperature: torch.Tensor  # [B n]
    step: int = 0  # the one that ran last


def joined(pasts: list[Past]) -> Past:
    """Rows' pasts as one of all rows."""
    parts = zip(*(past.keys + past.values for past in pasts), strict=True)
    both = [torch.cat(rows) for rows in parts]
    return Past(both[: len(both) // 2], both[len(both) // 2 :])


def row_of(past: Past, row: int) -> list[Past]:
    """One row's part, if there is a past."""
    rows = slice(row, row + 1)
    return [Past([each[rows] for each in past.keys], [each[rows] for each in past.values])] if past.keys else []


class InfinityStarFamily(Family[Prompt, list[Past]]):
    kinds = frozenset({Corruption.EMBEDDING, Corruption.CODEBOOK})  # no learned positions
    unguided = 1.0
    tempered = True

    def __init__(self, model: InfinityStar, vae: InfinityStarVae, schedule: Schedule) -> None:
        given = {True: model.config.semantic_bits, False: model.config.detail_bits}
        if any(step.bits != given[step.semantic] for step in schedule.steps):
            raise ValueError(f"the heads give {given[True]} and {given[False]} bits a token, the schedule has others")
        self.model, self.vae, self.schedule = model, vae, schedule
        self.lengths = [step.length for step in schedule.steps]
        self.frames = schedule.video_frames

    @property
    def device(self) -> torch.device:
        return self.vae.proj_up.weight.device

    @property
    def columns(self) -> list[int]:
        return [step.length * bytes_of(step.bits) for step in self.schedule.steps]

    def split(self, tokens: np.ndarray, steps: int) -> list[torch.Tensor]:
        self.check_tokens(tokens, steps)
        made, start = [], 0
        for step, size in zip(self.schedule.steps, self.columns[:steps], strict=False):
            try:
                bits_nlK = unpack(np.ascontiguousarray(tokens[:, start : start + size]), step.length, step.bits)
            except ValueError as error:
                raise Refused("tokens", str(error)) from error
            made.append(torch.from_numpy(bits_nlK).to(self.device))
            start += size
        return made

    def condition(self, wanted: list[Prompt], branches: int, guided: bool) -> list[Past]:
        texts, lengths = [each.prompt for each in wanted], [len(each.prompt) for each in wanted]
        if guided:
            others = [
                self.model.unconditional(len(each.prompt)) if each.negative is None else each.negative
                for each in wanted
            ]
            texts, lengths = (
                texts + others,
                lengths + [max(*each) for each in zip(lengths, map(len, others), strict=True)],
            )
        pasts = self.model.text_pasts(texts, lengths)
        conditions = [pasts[start : start + len(wanted)] for start in range(0, len(pasts), len(wanted))]
        return [past for condition in conditions for _ in range(branches) for past in condition]

    def beside(self, conditions: list[list[Past]]) -> list[Past]:
        return [past for rows in zip(*conditions, strict=True) for past in rows]

    def begun(self, condition: list[Past], count: int) -> StarState:
        return StarState(condition, Past([], []), self.empty(count), temperature=torch.ones(count, device=self.device))

    def start(self, state: State[list[Past]]) -> torch.Tensor:
        guided = len(state.condition) // len(state.latent)
        return self.embed(state, 0)[0].repeat(guided, 1, 1)

    def embed(self, state: State[list[Past]], step: int) -> tuple[torch.Tensor, torch.Tensor]:
        content = self.model.embed(step_map(state.latent, self.schedule.steps[step]))
        return content, content.new_zeros(1, content.shape[1], 1)

    def run(self, state: StarState, x_RlD: torch.Tensor, span: Span) -> torch.Tensor:
        channels, last = self.model.config.head_dim, span.steps[-1]
        turn_2lp = torch.cat([step_turns(self.schedule, k, channels, self.device) for k in span.steps], dim=1)
        seen = [[text, *row_of(state.past, row)] for row, text in enumerate(state.condition)]
        x_RlD, left = self.model.run(x_RlD, turn_2lp, seen, self.schedule.is_reference(last), span.seen_lL)
        state.past, state.step = joined(left) if left else state.past, last
        return x_RlD

    def guided(self, state: StarState, x_RlD: torch.Tensor, guidance: torch.Tensor) -> torch.Tensor:
        logits_RlV = self.model.logits(x_RlD, self.schedule.steps[state.step].semantic)
        logits_RlV = logits_RlV * (1 / state.temperature.repeat(len(logits_RlV) // len(guidance)))[:, None, None]
        rows = logits_RlV[: len(guidance)]
        if len(logits_RlV) > len(guidance):
            unconditional = logits_RlV[len(guidance) :]
            rows = torch.stack(
                [
                    normalized_guidance(cond_lV, uncond_lV, float(strength))
                    for cond_lV, uncond_lV, strength in zip(rows, unconditional, guidance, strict=True)
                ]
            )
        return rows[..., 1::2] - rows[..., ::2]

    def spoil(self, tokens: torch.Tensor, seed: int, step: int, share: float) -> torch.Tensor:
        return corrupt_bits(tokens, seed, step, share)

    def append(self, latent: torch.Tensor, tokens: torch.Tensor, step: int) -> torch.Tensor:
        return add(latent, tokens, self.schedule.steps[step])

    def empty(self, count: int) -> torch.Tensor:
        sides = self.schedule.height, self.schedule.width
        return torch.zeros(count, self.model.config.channels, self.schedule.steps[0].frames, *sides, device=self.device)

    def pixels(self, latent: torch.Tensor) -> torch.Tensor:
        """Frames [n, 3, F, H, W] in [0, 1]; a video's first one becomes its second, as in the official code."""
        frames = (self.vae.decode(latent).clamp(-1, 1) + 1) / 2
        return torch.cat([frames[:, :, 1:2], frames[:, :, 1:]], dim=2) if frames.shape[2] > 1 else frames

    def sent(self, pair_nlBV: torch.Tensor) -> torch.Tensor:
        return send_bits(pair_nlBV)

    def is_seen(self, step: int) -> bool:
        return self.schedule.is_reference(step)

    def sees(self, step: int, earlier: int) -> bool:
        return self.schedule.reference(step) == earlier

    def temper(self, state: StarState, temperature: np.ndarray) -> None:
        state.temperature = torch.from_numpy(temperature).to(self.device)
