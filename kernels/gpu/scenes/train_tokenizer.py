"""Training of the one tokenizer, on pictures of every richness of the series: python -m scenes.train_tokenizer."""

import numpy as np
import torch

from scenes.folder import open_run, parser_of
from scenes.recipe import RICHNESS, SIZE, recipe
from scenes.world import make
from sprites.data import to_range
from sprites.recipe import Recipe
from sprites.run import Run
from sprites.train_tokenizer import fit, pixel_loss, psnr, show_reconstructions, use_of_codes
from vpg.models.vqvae import Vqvae

TRAIN_SEED, TEST_SEED, TEST_PICTURES = 1000, 500_000, 600


def mixed_pictures(count: int, seed: int) -> torch.Tensor:
    """uint8 [count, 3, H, W], equal shares of every richness, in turn."""
    each = -(-count // len(RICHNESS))
    drawn = [make(each, seed + i, SIZE, richness)[0] for i, richness in enumerate(RICHNESS)]
    return torch.from_numpy(np.stack(drawn, axis=1).reshape(-1, 3, SIZE, SIZE)[:count])


@torch.no_grad()
def test(run: Run, model: Vqvae, pictures: torch.Tensor) -> None:
    """Log how well fresh pictures of each richness survive, and show some above what became of them."""
    x = to_range(pictures, "cpu")
    token_BL = model.encode(x)
    made = model.decode(model.quantize.decode(token_BL)[1]).clamp(-1, 1)
    psnr_B = psnr(made, x)
    by_richness = " ".join(f"{psnr_B[i :: len(RICHNESS)].mean():.2f}" for i in range(len(RICHNESS)))
    used = use_of_codes(token_BL, model.quantize.config.vocab)
    run.log(f"tokenizer test: psnr by richness {by_richness} {used}")
    show_reconstructions(run, pictures, made, 15, zoom=4)


def train_tokenizer(run: Run, plan: Recipe) -> None:
    if run.path("tokenizer.pt").exists():
        return
    pictures = mixed_pictures(plan.pictures, TRAIN_SEED)
    fresh = mixed_pictures(TEST_PICTURES, TEST_SEED)
    run.log(f"tokenizer: {len(pictures)} pictures drawn; {plan}")
    fit(run, plan, pictures, 0, pixel_loss, lambda model: test(run, model, fresh))


if __name__ == "__main__":
    train_tokenizer(open_run(parser_of(__doc__).parse_args()), recipe())
