"""A model with random weights, and requests to it: random tokens, of every picture another condition.

Times do not depend on the numbers; no checkpoint is needed. Nothing is decoded: of the tokenizers only what makes maps
of tokens has its size.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np
import torch
import torch.nn as nn

from vpg.bits import pack
from vpg.corruption import Corruption
from vpg.families.infinity import InfinityFamily, Text
from vpg.families.infinitystar import InfinityStarFamily, Prompt
from vpg.families.var import VarFamily
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.layers.spacetime_schedule import Schedule
from vpg.models.infinity import Infinity, InfinityConfig
from vpg.models.infinity_schedule import InfinitySchedule
from vpg.models.infinity_vae import InfinityVae, InfinityVaeConfig
from vpg.models.infinitystar import InfinityStar, InfinityStarConfig
from vpg.models.infinitystar_vae import InfinityStarVae, VideoDecoderConfig
from vpg.models.var import Var, VarConfig
from vpg.models.vqvae import Vqvae
from vpg.serving.served import Served
from vpg.serving.step_request import Picture
from vpg.step import Ask, Family, PrefixCorruption

PROMPT_TOKENS = 64
SHARE, STRENGTH = 0.3, 3.0
SPREAD = 0.05  # of random parameters
DECODER = AutoencoderConfig((8, 16), code_dim=32, norm=False, attention=False)
Draw = Callable[[int], list[np.ndarray]]  # so many pictures' tokens as they are sent, one array a step


@dataclass(frozen=True)
class Load:
    """Rows of a picture: 1, the generated prefix alone; 2, the pair; 4, the pair with guidance, two conditions."""

    rows: int
    pictures: int

    @property
    def branches(self) -> int:
        return min(self.rows, 2)


class Given:
    """Conditions that come as they are."""

    names = ()

    def key(self, wanted: object) -> str:
        return str(id(wanted))


@dataclass(frozen=True)
class Subject:
    family: Family
    wanted: Callable[[int], object]  # of a picture by its number
    draw: Draw

    @cached_property
    def steps(self) -> int:
        return len(self.family.lengths)

    @cached_property
    def served(self) -> Served:
        return Served("bench", "", "", {"s": self.family}, Given())

    def ask(self, load: Load) -> Ask:
        """The last step of all pictures: all that a whole generation needs."""
        n, guided = load.pictures, load.rows == 4
        corruption = None
        if load.branches == 2:
            corruption = PrefixCorruption(Corruption.EMBEDDING, np.full(n, SHARE, np.float32), list(range(n)))
        guidance = np.full((n, self.steps), STRENGTH if guided else self.family.unguided, np.float32)
        heat = np.ones(n, np.float32) if self.family.tempered else None
        tokens = np.concatenate(self.draw(n)[:-1], axis=1)
        return Ask(self.steps - 1, tokens, guidance, corruption, heat)

    def pictures(self, load: Load) -> list[list[Picture]]:
        """Of every step, the pictures as an endpoint reads them."""
        whole, sizes = self.ask(load), [0, *accumulate(each.shape[1] for each in self.draw(1))]
        wanted = [self.wanted(i) for i in range(load.pictures)]
        return [
            [
                Picture("s", each, part(whole, slice(i, i + 1), k, sizes[k]), str(i), self.family.unguided)
                for i, each in enumerate(wanted)
            ]
            for k in range(self.steps)
        ]


def part(whole: Ask, own: slice, k: int, size: int) -> Ask:
    """Step k of some pictures."""
    drawn = whole.corruption
    corruption = None if drawn is None else PrefixCorruption(drawn.kind, drawn.share[own], drawn.seed[own])
    heat = None if whole.temperature is None else whole.temperature[own]
    return Ask(k, whole.tokens[own, :size], whole.guidance[own, : k + 1], corruption, heat)


def placed(module: nn.Module, device: torch.device) -> nn.Module:
    return module.to(device).eval().requires_grad_(False)


@torch.no_grad()
def filled(module: nn.Module, device: torch.device) -> nn.Module:
    """What was made on the meta device, with random parameters: it never takes more memory than it needs."""
    module.to_empty(device=device)
    for parameter in module.parameters():
        parameter.uniform_(-SPREAD, SPREAD)
    for buffer in module.buffers():
        buffer.zero_()
    return placed(module, device)


def var(config: VarConfig, device: torch.device, dtype: torch.dtype) -> Subject:
    with device:
        model = Var(config).cast_blocks(dtype)
        vqvae = Vqvae(DECODER, QuantizerConfig(config.scales, config.vocab, config.code_dim))
    family = VarFamily(placed(model, device), placed(vqvae, device))

    def draw(n: int) -> list[np.ndarray]:
        random = np.random.default_rng(0)
        return [random.integers(config.vocab, size=(n, length), dtype=np.uint16) for length in family.lengths]

    return Subject(family, lambda i: i % config.classes, draw)


def infinity(
    config: InfinityConfig,
    vae_config: InfinityVaeConfig,
    schedule: InfinitySchedule,
    device: torch.device,
    dtype: torch.dtype,
) -> Subject:
    """Guidance on logits, so that all rows go through all blocks."""
    with torch.device("meta"):
        model = Infinity(config).cast_blocks(dtype)
    family = InfinityFamily(
        filled(model, device), placed(InfinityVae(replace(vae_config, channels=(32,))), device), schedule
    )
    texts = prompts(config.text_width, device)
    return Subject(family, lambda i: Text(texts(i)), bits([config.bits] * len(family.lengths), family.lengths))


def infinitystar(config: InfinityStarConfig, schedule: Schedule, device: torch.device, dtype: torch.dtype) -> Subject:
    with torch.device("meta"):
        model = InfinityStar(config).cast_blocks(dtype)
    vae = InfinityStarVae(VideoDecoderConfig(widths=(16, 16, 16, 8, 8)))
    family = InfinityStarFamily(filled(model, device), placed(vae, device), schedule)
    texts = prompts(config.text_width, device)
    return Subject(family, lambda i: Prompt(texts(i)), bits([step.bits for step in schedule.steps], family.lengths))


def prompts(width: int, device: torch.device) -> Callable[[int], torch.Tensor]:
    """Features by a picture's number."""
    return lambda i: torch.randn(PROMPT_TOKENS, width, generator=torch.Generator().manual_seed(i)).to(device)


def bits(widths: list[int], lengths: list[int]) -> Draw:
    def draw(n: int) -> list[np.ndarray]:
        random = np.random.default_rng(0)
        steps = zip(widths, lengths, strict=True)
        return [pack(random.integers(2, size=(n, length, width), dtype=np.uint8)) for width, length in steps]

    return draw
