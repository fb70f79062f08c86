"""Sizes and numbers of the scenes series: a tokenizer for every side of a picture, transformers of a few sizes.

Pictures of 32 x 32 have tokens of 4 x 4 pixels: the regime of the trial in which VPG gained, and four times cheaper to
tokenize and to measure than 64 x 64, which have tokens of 8 x 8 and are what is shipped as `var-scenes`. A transformer
costs the same at either.
"""

from dataclasses import dataclass

import torch

from scenes.kinds import KINDS
from scenes.parameters import kinds_of
from scenes.world import make
from sprites.recipe import CODE_DIM, Recipe, autoencoder, cpu_bf16
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.var import VarConfig

SMALL, LARGE = 32, 64  # of a picture, in pixels a side
SCALES = (1, 2, 3, 4, 6, 8)
VOCAB = 512
RICHNESS = {SMALL: (0.0, 0.5, 1.0), LARGE: (0.15,)}  # of the pictures that a side's tokenizer is trained on
WIDTHS = {"s": (96, 3, 3), "m": (128, 4, 4), "l": (192, 6, 6)}  # width, depth, heads: about 0.4, 1 and 3 million
CHECKPOINTS = (1 / 16, 1 / 4, 1 / 2)  # of a training, kept beside its end


@dataclass(frozen=True)
class World:
    """Pictures of one side and one richness; a picture of 64 x 64 shows any kind, whatever its richness."""

    side: int
    richness: float

    @property
    def kinds(self) -> int:
        return kinds_of(self.richness) if self.side == SMALL else len(KINDS)

    def draw(self, count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures uint8 [count, 3, side, side] and labels int64 [count]."""
        pictures, labels = make(count, seed, self.side, self.richness, self.kinds)
        return torch.from_numpy(pictures), torch.from_numpy(labels)


@dataclass(frozen=True)
class Member:
    """One transformer of the series."""

    size: str  # of WIDTHS
    richness: float
    steps: int
    side: int = SMALL

    @property
    def world(self) -> World:
        return World(self.side, self.richness)

    @property
    def name(self) -> str:
        return f"{self.size}{self.side if self.side != SMALL else ''}-r{self.richness:g}-{self.steps}"

    def label(self, checkpoint: float = 1.0) -> str:
        return self.name if checkpoint == 1 else f"{self.name}@{checkpoint:g}"


def var(size: str) -> VarConfig:
    width, depth, heads = WIDTHS[size]
    return VarConfig(SCALES, VOCAB, CODE_DIM, width, depth, heads, classes=len(KINDS), shared_aln=True)


def recipe(side: int, size: str = "m") -> Recipe:
    """In the form that the training of sprites takes.

    No features: the tokenizer has no loss of theirs. No steps of the transformer: each member has its own.
    """
    small = side == SMALL
    return Recipe(
        device="cpu",
        pictures=40_000,
        features_steps=0,
        features_batch=0,
        tokenizer_steps=2200 if small else 11_000,
        tokenizer_batch=32 if small else 16,
        coded_pictures=30_000 if small else 100_000,
        transformer_steps=0,
        transformer_batch=64,
        autoencoder=autoencoder((48, 96) if small else (32, 64, 96), 1),
        quantizer=QuantizerConfig(SCALES, VOCAB, CODE_DIM, phis=len(SCALES)),
        var=var(size),
        bf16=cpu_bf16(),
    )
