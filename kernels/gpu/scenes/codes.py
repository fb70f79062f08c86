"""Pictures of one richness as tokens, for the transformers: drawn and encoded part by part, kept in the folder."""

import numpy as np
import torch

from scenes.recipe import SIZE
from scenes.world import make
from sprites.codes import encode
from sprites.run import Run
from vpg.models.vqvae import Vqvae

PART = 2000
CODES_SEED, TEST_SEED, TEST_PICTURES = 100_000, 510_000, 1000


def draw_codes(tokenizer: Vqvae, count: int, seed: int, richness: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens int16 [count, L] and labels [count]; part i is drawn from seed + i."""
    tokens, labels = [], []
    for i in range(-(-count // PART)):
        pictures, label = make(PART, seed + i, SIZE, richness)
        tokens.append(encode(tokenizer, torch.from_numpy(pictures), "cpu"))
        labels.append(torch.from_numpy(label))
    return torch.cat(tokens)[:count], torch.cat(labels)[:count]


def load_codes(run: Run, tokenizer: Vqvae, count: int, richness: float) -> dict[str, torch.Tensor]:
    """From the folder, or made now: tokens, labels, and those of fresh pictures."""
    offset = int(np.rint(richness * 100)) * 1000

    def draw() -> dict[str, torch.Tensor]:
        tokens, labels = draw_codes(tokenizer, count, CODES_SEED + offset, richness)
        fresh, fresh_labels = draw_codes(tokenizer, TEST_PICTURES, TEST_SEED + offset, richness)
        run.log(f"codes: {len(labels)} pictures of richness {richness:g}")
        return {"tokens": tokens, "labels": labels, "fresh": fresh, "fresh_labels": fresh_labels}

    return run.once(f"codes-r{richness:g}.pt", draw)
