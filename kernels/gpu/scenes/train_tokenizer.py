"""Training of a side's tokenizer, on every richness of its series: python -m scenes.train_tokenizer [--side 64]."""

import torch

from scenes.folder import open_run, parser_of
from scenes.recipe import RICHNESS, SMALL, World, recipe
from sprites.data import to_range
from sprites.recipe import Recipe
from sprites.run import Run
from sprites.train_tokenizer import fit, pixel_loss, psnr, show_reconstructions, use_of_codes
from vpg.models.vqvae import Vqvae

TRAIN_SEED, TEST_SEED, TEST_PICTURES = 1000, 500_000, 600


def mixed_pictures(side: int, count: int, seed: int) -> torch.Tensor:
    """uint8 [count, 3, side, side], equal shares of every richness, in turn."""
    each = -(-count // len(RICHNESS[side]))
    drawn = [World(side, richness).draw(each, seed + i)[0] for i, richness in enumerate(RICHNESS[side])]
    return torch.stack(drawn, dim=1).flatten(0, 1)[:count]


@torch.no_grad()
def test(run: Run, model: Vqvae, pictures: torch.Tensor, worlds: int) -> None:
    """Log how well fresh pictures of each richness survive, and show some above what became of them."""
    x = to_range(pictures, "cpu")
    token_BL = model.encode(x)
    made = model.decode(model.quantize.decode(token_BL)[1]).clamp(-1, 1)
    psnr_B = psnr(made, x)
    by_richness = " ".join(f"{psnr_B[i::worlds].mean():.2f}" for i in range(worlds))
    used = use_of_codes(token_BL, model.quantize.config.vocab)
    run.log(f"tokenizer test: psnr by richness {by_richness} {used}")
    show_reconstructions(run, pictures, made, 15, zoom=128 // pictures.shape[-1])


def train_tokenizer(run: Run, side: int, plan: Recipe) -> None:
    if run.path("tokenizer.pt").exists():
        return
    pictures = mixed_pictures(side, plan.pictures, TRAIN_SEED)
    fresh = mixed_pictures(side, TEST_PICTURES, TEST_SEED)
    run.log(f"tokenizer: {len(pictures)} pictures drawn; {plan}")
    fit(run, plan, pictures, 0, pixel_loss, lambda model: test(run, model, fresh, len(RICHNESS[side])))


if __name__ == "__main__":
    parser = parser_of(__doc__)
    parser.add_argument("--side", type=int, choices=RICHNESS, default=SMALL)
    arguments = parser.parse_args()
    train_tokenizer(open_run(arguments, arguments.side), arguments.side, recipe(arguments.side))
