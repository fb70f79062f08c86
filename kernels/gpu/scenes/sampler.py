"""Fast sampling of a whole set for the sweeps: some hundred pictures a pass, keys and values kept, every kind of VPG.

Set `seed` has the same uniforms and the same corrupted places under every setting, so settings compare picture by
picture. The random numbers are not the API's (philox, a picture at a time, as sprites.guided draws them): a set is for
statistics. Rows: conditional, then unconditional ones, of the generated prefix; the same of the corrupted one.

Shapes in names: B pictures, R rows, l positions of a step, L of all, D width, V vocabulary.
"""

from dataclasses import dataclass

import torch

from scenes.setting import Setting
from sprites.data import to_bytes
from sprites.guided import first_rows
from sprites.tokens import draw
from vpg.corruption import Corruption, gathered
from vpg.layers.past import Past
from vpg.layers.quantizer import Quantizer
from vpg.models.var import Condition, Var
from vpg.models.vqvae import Vqvae

BATCH = 200


@dataclass
class Places:
    """Which positions of a step are replaced in the corrupted branch, where each reads, and a random token for each."""

    source_Bl: torch.Tensor  # int64: the position read, its own where nothing is replaced
    hit_Bl: torch.Tensor  # bool
    entry_Bl: torch.Tensor  # int64

    @classmethod
    def drawn(cls, generator: torch.Generator, count: int, length: int, ratio: float, vocab: int) -> "Places":
        hit_Bl = torch.rand(count, length, generator=generator) < ratio
        jump_Bl = torch.randint(1, max(length, 2), (count, length), generator=generator)
        entry_Bl = torch.randint(0, vocab, (count, length), generator=generator)
        own_l = torch.arange(length)
        source_Bl = torch.where(hit_Bl, (own_l + jump_Bl) % length, own_l)
        return cls(source_Bl, hit_Bl, entry_Bl)

    def gather(self, x_BlD: torch.Tensor) -> torch.Tensor:
        """Of x for every picture, or one for all."""
        x_BlD = x_BlD.expand(len(self.source_Bl), -1, -1)
        return x_BlD.gather(1, self.source_Bl[..., None].expand_as(x_BlD))


class Pass:
    """One set of rows being sampled."""

    def __init__(self, var: Var, quantizer: Quantizer, setting: Setting, label_B: torch.Tensor, seed: int) -> None:
        self.var, self.quantizer, self.setting, self.count = var, quantizer, setting, len(label_B)
        self.own = [label_B, torch.full_like(label_B, var.config.classes)] if setting.cfg else [label_B]
        self.steps, self.bounds = len(var.config.scales), var.config.bounds
        self.strengths = [setting.strength * factor if setting.ratio else 0.0 for factor in setting.shape]
        self.last_strong = max((k for k in range(1, self.steps) if self.strengths[k]), default=0)
        generator = torch.Generator().manual_seed(seed)
        self.uniform_BL = torch.rand(self.count, self.bounds[-1], generator=generator, dtype=torch.float64)
        self.corruption = torch.Generator().manual_seed(seed + 1_000_003)
        self.f_BChw = torch.zeros(self.count, var.config.code_dim, quantizer.full, quantizer.full)
        self.spoiled = [self.f_BChw]  # of kind `codebook`: the picture before each step, from replaced tokens
        self.content: list[torch.Tensor] = []  # of each step, clean, [B, l, D]
        self.tokens: list[torch.Tensor] = []

    def places(self, k: int) -> Places:
        length = self.bounds[k + 1] - self.bounds[k]
        return Places.drawn(self.corruption, self.count, length, self.setting.ratio, self.var.config.vocab)

    def place_embedding(self, k: int) -> torch.Tensor:
        return self.var.places()[:, self.bounds[k] : self.bounds[k + 1]]

    def clean(self, k: int) -> torch.Tensor:
        return self.content[k] + self.place_embedding(k)

    def corrupted(self, k: int, places: Places) -> torch.Tensor:
        """What enters block 0 of the corrupted branch at step k > 0, [B, l, D]."""
        content_BlD, kind = self.content[k], Corruption(self.setting.kind)
        if kind is Corruption.CODEBOOK:
            content_BlD = self.var.word_embed(self.quantizer.down(k, self.spoiled[k]))
        return gathered(kind, content_BlD, self.place_embedding(k), places.gather)

    def rows(self, x_BlD: torch.Tensor) -> torch.Tensor:
        return x_BlD.repeat(len(self.own), 1, 1)

    def guide(self, logits_RlV: torch.Tensor, k: int) -> torch.Tensor:
        if not self.setting.cfg:
            return logits_RlV
        gamma = self.setting.cfg * k / (self.steps - 1)
        return (1 + gamma) * logits_RlV[: self.count] - gamma * logits_RlV[self.count :]

    def run(self) -> torch.Tensor:
        """int64 [B, L]."""
        setting, var = self.setting, self.var
        paired = self.last_strong > 0
        apart = paired and (setting.anew or not setting.own)  # the corrupted branch runs by itself
        together = paired and not apart
        labels = torch.cat(self.own * (2 if together else 1))
        condition, rows = var.condition(labels), len(self.own) * self.count
        own_condition, _ = first_rows(condition, Past([], []), rows)
        past, corrupted_past = Past([], []), Past([], [])
        for k in range(self.steps):
            if together and k > self.last_strong:
                together, (condition, past) = False, first_rows(condition, past, rows)
            if k == 0:
                own_BD = var.class_emb(self.own[0])
                self.content.append(own_BD[:, None] + var.pos_start)
                x_RlD = var.embed_start(condition)
            else:
                self.content.append(var.word_embed(self.quantizer.down(k, self.f_BChw)))
                x_RlD = self.rows(self.clean(k))
                if together:
                    x_RlD = torch.cat([x_RlD, self.rows(self.corrupted(k, self.places(k)))])
            logits_RlV, past = var.step(x_RlD, condition, past)
            l_BlV = self.guide(logits_RlV[:rows], k)
            if self.strengths[k] and k > 0 and paired:
                other = logits_RlV[rows:]
                if apart:
                    other, corrupted_past = self.other_logits(k, own_condition, corrupted_past)
                l_BlV = l_BlV + self.strengths[k] * (l_BlV - self.guide(other, k))
            elif apart and k < self.last_strong and not setting.anew:
                _, corrupted_past = self.other_logits(k, own_condition, corrupted_past)
            self.choose(k, l_BlV)
        return torch.cat(self.tokens, dim=1)

    def other_logits(self, k: int, condition: Condition, past: Past) -> tuple[torch.Tensor, Past]:
        """The corrupted branch by itself: rows [R, l, V] of step k, and its past with this step corrupted in it."""
        if self.setting.anew:
            return self.logits_anew(k, condition), past
        x_RlD = self.var.embed_start(condition) if k == 0 else self.rows(self.corrupted(k, self.places(k)))
        logits_RlV, after = self.var.step(x_RlD, condition, past)
        if not self.setting.own:
            clean_RlD = self.var.embed_start(condition) if k == 0 else self.rows(self.clean(k))
            logits_RlV, _ = self.var.step(clean_RlD, condition, past)
        return logits_RlV, after

    def logits_anew(self, k: int, condition: Condition) -> torch.Tensor:
        own = [self.clean(k)] if not self.setting.own else []
        if self.setting.kind == Corruption.CODEBOOK:
            self.spoiled = self.spoiled[:1]
            for j, token_Bl in enumerate(self.tokens):
                self.spoil(j, token_Bl)
        parts = [self.corrupted(j, self.places(j)) for j in range(1, k + 1 - len(own))] + own
        x_RlD = torch.cat([self.var.embed_start(condition), *(self.rows(part) for part in parts)], dim=1)
        end = self.bounds[k + 1]
        hidden, _ = self.var.run(x_RlD, condition, Past([], []), self.var.mask_LL[:end, :end] == 0)
        return self.var.logits(hidden[:, self.bounds[k] :], condition)

    def choose(self, k: int, l_BlV: torch.Tensor) -> None:
        """Draw step k's tokens and put them into the picture so far."""
        r_n = self.uniform_BL[:, self.bounds[k] : self.bounds[k + 1]].flatten()
        setting, quantizer = self.setting, self.quantizer
        token_Bl = draw(l_BlV.float().flatten(0, 1), r_n, setting.temperature, 0, setting.top_p).view(self.count, -1)
        self.tokens.append(token_Bl)
        self.f_BChw = self.f_BChw + quantizer.up(k, quantizer.embedding(token_Bl))
        if setting.kind == Corruption.CODEBOOK and setting.guided and not setting.anew:
            self.spoil(k, token_Bl)

    def spoil(self, k: int, token_Bl: torch.Tensor) -> None:
        """Put step k's tokens, a share of them replaced, into the picture of the corrupted branch."""
        places = self.places(k)
        spoiled_Bl = torch.where(places.hit_Bl, places.entry_Bl, token_Bl)
        self.spoiled.append(self.spoiled[-1] + self.quantizer.up(k, self.quantizer.embedding(spoiled_Bl)))


@torch.no_grad()
def sample_tokens(
    var: Var, quantizer: Quantizer, setting: Setting, label_B: torch.Tensor, seed: int, bf16: bool = True
) -> torch.Tensor:
    """int64 [B, L]: a set of pictures of these classes."""
    parts = []
    for i, labels in enumerate(label_B.split(BATCH)):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            parts.append(Pass(var, quantizer, setting, labels, seed * 10_000 + i).run())
    return torch.cat(parts)


@torch.no_grad()
def decode(tokenizer: Vqvae, token_BL: torch.Tensor, scales: int | None = None) -> torch.Tensor:
    """uint8 [B, 3, H, W], of all scales or only of the first so many."""
    quantizer, made = tokenizer.quantize, []
    sides = quantizer.config.scales
    for tokens in token_BL.long().split(BATCH):
        parts = tokens.split([side**2 for side in sides], dim=1)
        f_BChw = sum(quantizer.up(k, quantizer.embedding(part)) for k, part in enumerate(parts[:scales]))
        made.append(torch.from_numpy(to_bytes(tokenizer.decode(f_BChw.contiguous(memory_format=torch.channels_last)))))
    return torch.cat(made)
