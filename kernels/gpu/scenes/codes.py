"""Pictures of one richness as tokens, for the transformers: drawn and encoded part by part, kept in the folder."""

import numpy as np
import torch

from scenes.recipe import World
from sprites.codes import encode
from sprites.run import Run
from vpg.models.vqvae import Vqvae

PART = 2000
CODES_SEED, TEST_SEED, TEST_PICTURES = 100_000, 510_000, 1000


def draw_codes(tokenizer: Vqvae, world: World, count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens int16 [count, L] and labels [count]; part i is drawn from seed + i."""
    tokens, labels = [], []
    for i in range(-(-count // PART)):
        pictures, label = world.draw(PART, seed + i)
        tokens.append(encode(tokenizer, pictures, "cpu"))
        labels.append(label)
    return torch.cat(tokens)[:count], torch.cat(labels)[:count]


def load_codes(run: Run, tokenizer: Vqvae, world: World, count: int) -> dict[str, torch.Tensor]:
    """From the folder, or made now: tokens, labels, and those of fresh pictures."""
    offset = int(np.rint(world.richness * 100)) * 1000

    def draw() -> dict[str, torch.Tensor]:
        tokens, labels = draw_codes(tokenizer, world, count, CODES_SEED + offset)
        fresh, fresh_labels = draw_codes(tokenizer, world, TEST_PICTURES, TEST_SEED + offset)
        run.log(f"codes: {len(labels)} pictures of richness {world.richness:g}")
        return {"tokens": tokens, "labels": labels, "fresh": fresh, "fresh_labels": fresh_labels}

    return run.once(f"codes-r{world.richness:g}.pt", draw)
