"""Every size and number of the training, for a small CPU and for a GPU; lengths are in steps, not in time."""

from dataclasses import dataclass

import torch

from sprites.classes import KINDS
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.var import VarConfig

# Positions of a scale are drawn blind to each other, so what they must agree on is drawn first, a token at a time.
SCALES = (1, 1, 1, 1, 3, 5, 8)
VOCAB = 512
CODE_DIM = 16


@dataclass(frozen=True)
class Recipe:
    device: str
    pictures: int  # stored, for the features and the tokenizer
    features_steps: int
    features_batch: int
    tokenizer_steps: int
    tokenizer_batch: int
    coded_pictures: int  # fresh ones, for the transformer
    transformer_steps: int
    transformer_batch: int
    autoencoder: AutoencoderConfig
    quantizer: QuantizerConfig
    var: VarConfig
    bf16: bool
    save_seconds: float = 120.0  # wall clock; when a state is saved changes nothing in it
    sheet_seconds: float = 240.0


def autoencoder(channels: tuple[int, ...], decoder_blocks: int) -> AutoencoderConfig:
    return AutoencoderConfig(
        channels, CODE_DIM, 1, decoder_blocks, patch=2, norm=False, attention=False, middle=True, shuffle=True
    )


def var(width: int, depth: int, heads: int) -> VarConfig:
    return VarConfig(SCALES, VOCAB, CODE_DIM, width, depth, heads, classes=len(KINDS), shared_aln=True)


QUANTIZER = QuantizerConfig(SCALES, VOCAB, CODE_DIM, phis=len(SCALES))


def cpu_bf16() -> bool:
    """Whether this CPU multiplies bf16 itself; where it only emulates it, fp32 is faster."""
    return torch.cpu._is_avx512_bf16_supported()


def small() -> Recipe:
    return Recipe(
        device="cpu",
        pictures=40_000,
        features_steps=700,
        features_batch=32,
        tokenizer_steps=7200,
        tokenizer_batch=16,
        coded_pictures=60_000,
        transformer_steps=5400,
        transformer_batch=32,
        autoencoder=autoencoder((32, 64, 96), 1),
        quantizer=QUANTIZER,
        var=var(160, 6, 5),
        bf16=cpu_bf16(),
    )


def large() -> Recipe:
    return Recipe(
        device="cuda",
        pictures=100_000,
        features_steps=3000,
        features_batch=128,
        tokenizer_steps=30_000,
        tokenizer_batch=64,
        coded_pictures=1_000_000,
        transformer_steps=40_000,
        transformer_batch=256,
        autoencoder=autoencoder((64, 96, 160), 2),
        quantizer=QUANTIZER,
        var=var(384, 10, 6),
        bf16=True,
    )


def choose() -> Recipe:
    return large() if torch.cuda.is_available() else small()
