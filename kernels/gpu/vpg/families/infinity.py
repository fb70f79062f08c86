"""Infinity step by step: texts, bitwise tokens, guidance s in s cond + (1 - s) uncond on hidden states or on logits."""

from dataclasses import dataclass

import numpy as np
import torch

from vpg.bits import bytes_of, corrupt_bits, unpack
from vpg.corruption import Corruption
from vpg.layers.hidden_guidance import HiddenGuidance
from vpg.layers.rotary import turns
from vpg.models.infinity import Infinity
from vpg.models.infinity_condition import Condition, beside_each_other
from vpg.models.infinity_schedule import InfinitySchedule
from vpg.models.infinity_vae import InfinityVae
from vpg.span import Span
from vpg.step import Family, Refused, State, send_bits


@dataclass(frozen=True)
class Text:
    """A picture's prompt as the encoder's features [T, E], and what it shall not be (None: the trained row)."""

    prompt: torch.Tensor
    negative: torch.Tensor | None = None


class InfinityFamily(Family[Text, Condition]):
    kinds = frozenset({Corruption.EMBEDDING, Corruption.CODEBOOK})  # no learned positions
    unguided = 1.0

    def __init__(self, model: Infinity, vae: InfinityVae, schedule: InfinitySchedule, layer: int = 0) -> None:
        """Guidance after block depth + layer where layer is negative, on logits where it is 0."""
        if not -model.config.depth < layer <= 0:
            raise ValueError(f"a guidance layer of {layer} is not 0, nor within {model.config.depth} blocks of the end")
        if model.config.bits != vae.config.bits:
            raise ValueError(f"{model.config.bits} bits a token, the VAE has {vae.config.bits}")
        self.model, self.vae, self.schedule, self.layer = model, vae, schedule, layer
        self.lengths = schedule.lengths

    @property
    def device(self) -> torch.device:
        return self.vae.decoder.conv_in.weight.device

    @property
    def columns(self) -> list[int]:
        return [length * bytes_of(self.model.config.bits) for length in self.lengths]

    def split(self, tokens: np.ndarray, steps: int) -> list[torch.Tensor]:
        self.check_tokens(tokens, steps)
        bits, lengths = self.model.config.bits, self.lengths[:steps]
        try:
            made = torch.from_numpy(unpack(tokens, sum(lengths), bits)).to(self.device)
        except ValueError as error:
            raise Refused("tokens", str(error)) from error
        return list(made.split(lengths, dim=1)) if steps else []

    def condition(self, wanted: list[Text], branches: int, guided: bool) -> Condition:
        prompts = [text.prompt for text in wanted]
        others = [
            self.model.unconditional(len(text.prompt)) if text.negative is None else text.negative for text in wanted
        ]
        rows = prompts * branches + (others * branches if guided else [])
        return self.model.condition([text_TE.to(self.device) for text_TE in rows])

    def beside(self, conditions: list[Condition]) -> Condition:
        return beside_each_other(conditions)

    def start(self, state: State[Condition]) -> torch.Tensor:
        return self.model.embed_start(state.condition)

    def embed(self, state: State[Condition], step: int) -> tuple[torch.Tensor, torch.Tensor]:
        content = self.model.embed_step(step, self.vae.map_at(state.latent, self.schedule.sides[step]))
        return content, content.new_zeros(1, content.shape[1], 1)

    def run(self, state: State[Condition], x_RlD: torch.Tensor, span: Span) -> torch.Tensor:
        schedule, channels = self.schedule, self.model.config.width // self.model.config.heads
        turn_2lp = torch.cat([turns(schedule.sides[k], schedule.full, channels) for k in span.steps], dim=1)
        hidden = None
        if self.layer and len(x_RlD) > len(span.guidance_Bns):
            lengths = torch.tensor([self.lengths[k] for k in span.steps], device=self.device)
            hidden = HiddenGuidance(span.guidance_Bns.repeat_interleave(lengths, dim=1), self.layer)
        x_RlD, state.past = self.model.run(
            x_RlD, state.condition, turn_2lp.to(self.device), state.past, hidden, span.seen_lL
        )
        return x_RlD

    def guided(self, state: State[Condition], x_RlD: torch.Tensor, guidance: torch.Tensor) -> torch.Tensor:
        logits = self.model.logits(x_RlD, state.condition.text_RD[: len(x_RlD)])
        if len(logits) > len(guidance):
            strength, (cond, uncond) = guidance[:, None, None], logits.chunk(2)
            logits = strength * cond + (1 - strength) * uncond
        zero, one = logits.unflatten(-1, (-1, 2)).unbind(-1)
        return one - zero

    def spoil(self, tokens: torch.Tensor, seed: int, step: int, share: float) -> torch.Tensor:
        return corrupt_bits(tokens, seed, step, share)

    def append(self, latent: torch.Tensor, tokens: torch.Tensor, step: int) -> torch.Tensor:
        return self.vae.add(latent, tokens, self.schedule.sides[step])

    def empty(self, count: int) -> torch.Tensor:
        return self.vae.start(count, self.schedule.sides[-1])

    def pixels(self, latent: torch.Tensor) -> torch.Tensor:
        return (self.vae.decode(latent) + 1) / 2

    def sent(self, pair_nlBV: torch.Tensor) -> torch.Tensor:
        return send_bits(pair_nlBV)
