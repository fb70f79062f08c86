"""VAR step by step: class labels, codebook tokens, guidance on logits with t in (1 + t) cond - t uncond."""

import numpy as np
import torch

from vpg.corruption import Corruption, corrupt_tokens
from vpg.layers.past import beside
from vpg.models.var import Condition, Var
from vpg.models.vqvae import Vqvae
from vpg.span import Span
from vpg.step import Family, Refused, State, send_codebook


class VarFamily(Family[int, Condition]):
    kinds = frozenset(Corruption)
    unguided = 0.0
    token_type = np.uint16

    def __init__(self, var: Var, vqvae: Vqvae) -> None:
        self.var, self.vqvae = var, vqvae
        self.lengths = [side * side for side in var.config.scales]

    @property
    def device(self) -> torch.device:
        return self.vqvae.quantize.embedding.weight.device

    def split(self, tokens: np.ndarray, steps: int) -> list[torch.Tensor]:
        self.check_tokens(tokens, steps)
        if (tokens >= self.var.config.vocab).any():
            raise Refused("tokens", f"a token is not below {self.var.config.vocab}")
        made = torch.from_numpy(tokens.astype(np.int64)).to(self.device)
        return list(made.split(self.lengths[:steps], dim=1)) if steps else []

    def condition(self, wanted: list[int], branches: int, guided: bool) -> Condition:
        classes = self.var.config.classes
        if any(not 0 <= label < classes for label in wanted):
            raise Refused("class", f"not one of {classes} classes, from 0")
        labels = wanted * branches + [classes] * (len(wanted) * branches if guided else 0)
        return self.var.condition(torch.tensor(labels, device=self.device))

    def beside(self, conditions: list[Condition]) -> Condition:
        shared = [each.shared_B16D for each in conditions]
        return Condition(beside([each.class_BD for each in conditions]), None if None in shared else beside(shared))

    def start(self, state: State[Condition]) -> torch.Tensor:
        return self.var.embed_start(state.condition)

    def embed(self, state: State[Condition], step: int) -> tuple[torch.Tensor, torch.Tensor]:
        bounds = self.var.config.bounds
        content = self.var.word_embed(self.vqvae.quantize.down(step, state.latent))
        return content, self.var.places()[:, bounds[step] : bounds[step + 1]]

    def run(self, state: State[Condition], x_RlD: torch.Tensor, span: Span) -> torch.Tensor:
        x_RlD, state.past = self.var.run(x_RlD, state.condition, state.past, span.seen_lL)
        return x_RlD

    def guided(self, state: State[Condition], x_RlD: torch.Tensor, guidance: torch.Tensor) -> torch.Tensor:
        logits = self.var.logits(x_RlD, state.condition)
        if len(logits) == len(guidance):
            return logits
        t, (cond, uncond) = guidance[:, None, None], logits.chunk(2)
        return (1 + t) * cond - t * uncond

    def spoil(self, tokens: torch.Tensor, seed: int, step: int, share: float) -> torch.Tensor:
        return corrupt_tokens(tokens, seed, step, share, self.var.config.vocab)

    def append(self, latent: torch.Tensor, tokens: torch.Tensor, step: int) -> torch.Tensor:
        return latent + self.vqvae.quantize.up(step, self.vqvae.quantize.embedding(tokens))

    def empty(self, count: int) -> torch.Tensor:
        full = self.vqvae.quantize.full
        return torch.zeros(count, self.var.config.code_dim, full, full, device=self.device)

    def pixels(self, latent: torch.Tensor) -> torch.Tensor:
        return (self.vqvae.decode(latent).clamp(-1, 1) + 1) / 2

    def sent(self, pair_nlBV: torch.Tensor) -> torch.Tensor:
        return send_codebook(pair_nlBV)
