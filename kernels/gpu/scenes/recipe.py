"""Sizes and numbers of the scenes series: one tokenizer for every richness, transformers of a few sizes.

Pictures of 32 x 32 with tokens of 4 x 4 pixels: the regime of the trial in which VPG gained, and four times cheaper to
tokenize and to measure than 64 x 64; a transformer costs the same at either.
"""

from dataclasses import dataclass

from scenes.kinds import KINDS
from sprites.recipe import CODE_DIM, Recipe, autoencoder, cpu_bf16
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.var import VarConfig

SIZE = 32  # of a picture, in pixels
SCALES = (1, 2, 3, 4, 6, 8)
VOCAB = 512
RICHNESS = (0.0, 0.5, 1.0)  # of the series
WIDTHS = {"s": (96, 3, 3), "m": (128, 4, 4), "l": (192, 6, 6)}  # width, depth, heads: about 0.4, 1 and 3 million
CHECKPOINTS = (1 / 16, 1 / 4, 1 / 2)  # of a training, kept beside its end


@dataclass(frozen=True)
class Member:
    """One transformer of the series."""

    size: str  # of WIDTHS
    richness: float
    steps: int

    @property
    def name(self) -> str:
        return f"{self.size}-r{self.richness:g}-{self.steps}"

    def label(self, checkpoint: float = 1.0) -> str:
        return self.name if checkpoint == 1 else f"{self.name}@{checkpoint:g}"


def var(size: str) -> VarConfig:
    width, depth, heads = WIDTHS[size]
    return VarConfig(SCALES, VOCAB, CODE_DIM, width, depth, heads, classes=len(KINDS), shared_aln=True)


def recipe(size: str = "m") -> Recipe:
    """In the form that the training of sprites takes.

    No features: the tokenizer has no loss of theirs. No steps of the transformer: each member has its own.
    """
    return Recipe(
        device="cpu",
        pictures=40_000,
        features_steps=0,
        features_batch=0,
        tokenizer_steps=2200,
        tokenizer_batch=32,
        coded_pictures=30_000,
        transformer_steps=0,
        transformer_batch=64,
        autoencoder=autoencoder((48, 96), 1),
        quantizer=QuantizerConfig(SCALES, VOCAB, CODE_DIM, phis=len(SCALES)),
        var=var(size),
        bf16=cpu_bf16(),
    )
