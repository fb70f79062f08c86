"""Training of the tokenizer: autoencoder and codebook together, on pixels, edges and the features of the classifier."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from sprites.codebook import Codebook
from sprites.contact_sheet import save_sheet
from sprites.data import load_pictures, to_bytes, to_range
from sprites.recipe import Recipe
from sprites.run import Alarm, Epochs, Run, warmup_stable_decay
from sprites.train_features import Features, load_features
from vpg.models.vqvae import Vqvae

STAGE = 2
PEAK_RATE = 2e-3
EDGES, VECTORS, FEATURES = 0.5, 0.25, 0.03  # weights of the losses beside L1 and L2
COARSE, COARSE_SHARE = 0.6, 3  # weight of the loss of pictures cut short; one in so many is
REVIVE_EVERY, REVIVE_UNTIL = 20, 0.7
DECAY_EARLY, DECAY_LATE, LATE = 0.98, 0.99, 0.3


def new_tokenizer(recipe: Recipe) -> Vqvae:
    """Residual branches start at nothing, so that the network starts near a linear map."""
    model = Vqvae(recipe.autoencoder, recipe.quantizer).to(recipe.device, memory_format=torch.channels_last)
    for name, parameter in model.named_parameters():
        if ".conv2." in name:
            nn.init.zeros_(parameter)
    return model


def load_tokenizer(run: Run, recipe: Recipe) -> Vqvae:
    model = new_tokenizer(recipe)
    model.load_state_dict(run.load("tokenizer.pt"))
    return model.eval().requires_grad_(False)


def edges(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x[:, :, 1:] - x[:, :, :-1], x[:, :, :, 1:] - x[:, :, :, :-1]


def coarse_loss(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    return F.l1_loss(made, true) + F.mse_loss(made, true)


def pixel_loss(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    loss = coarse_loss(made, true)
    return loss + EDGES * sum(F.l1_loss(a, b) for a, b in zip(edges(made), edges(true), strict=True))


def picture_loss(made: torch.Tensor, true: torch.Tensor, features: Features) -> torch.Tensor:
    loss = pixel_loss(made, true)
    with torch.no_grad():
        wanted = features.maps(true)
    for map_made, map_true in zip(features.maps(made), wanted, strict=True):
        loss = loss + FEATURES * F.l1_loss(map_made, map_true) / (map_true.abs().mean() + 1e-3)
    return loss


def kept_scales(scales: int, count: int, cut: int, generator: torch.Generator) -> torch.Tensor:
    """How many scales of each picture are decoded: all, but of the first `cut` pictures fewer.

    A coarse scale that must do alone learns to say what is seen from afar, colours above all. The positions of a scale
    are drawn blind to each other, so what coarse scales leave open, finer ones decide differently here and there.
    """
    kept = torch.full((count,), scales)
    kept[:cut] = torch.randint(1, scales, (cut,), generator=generator)
    return kept


def psnr(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """[B], in dB, of pictures in [-1, 1]."""
    return -10 * torch.log10((made - true).square().mean((1, 2, 3)) / 4)


def use_of_codes(token_BL: torch.Tensor, vocab: int) -> str:
    """How many occur, and how many as frequent as each other would say as much."""
    share = torch.bincount(token_BL.flatten(), minlength=vocab).float() / token_BL.numel()
    perplexity = (-(share * (share + 1e-9).log()).sum()).exp()
    return f"codes {(share > 0).sum()} perplexity {perplexity:.0f}"


def show_reconstructions(run: Run, pictures: torch.Tensor, made: torch.Tensor, columns: int, zoom: int = 2) -> None:
    """Four rows of pictures, each above what became of them."""
    before, after = pictures.numpy(), to_bytes(made[: 4 * columns])
    rows = [half[columns * i : columns * (i + 1)] for i in range(4) for half in (before, after)]
    run.write("reconstructions.png", lambda path: save_sheet(path, np.concatenate(rows), columns, zoom))


@torch.no_grad()
def test(run: Run, model: Vqvae, recipe: Recipe, pictures: torch.Tensor) -> None:
    """Log how well fresh pictures survive, and show some above what became of them."""
    x = to_range(pictures[:500], recipe.device)
    token_BL = model.encode(x)
    by_scale, f_BChw = [], 0.0
    for k, token_Bl in enumerate(token_BL.split([side**2 for side in recipe.quantizer.scales], dim=1)):
        f_BChw = f_BChw + model.quantize.up(k, model.quantize.embedding(token_Bl))
        made = model.decode(f_BChw).clamp(-1, 1)
        psnr_B = psnr(made, x)
        by_scale.append(f"{psnr_B.mean():.2f}")
    run.log(f"tokenizer test: psnr {psnr_B.mean():.2f} worst {psnr_B.min():.2f} l1 {(made - x).abs().mean() / 2:.4f} "
            f"{use_of_codes(token_BL, recipe.quantizer.vocab)}; by scale {' '.join(by_scale)}")  # fmt: skip
    show_reconstructions(run, pictures, made, 10)


def fit(
    run: Run,
    recipe: Recipe,
    pictures: torch.Tensor,
    cut: int,
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    show: Callable[[Vqvae], None],
) -> None:
    """Write tokenizer.pt, trained on pictures uint8 [n, 3, H, W]; of each batch the first `cut` are cut short.

    The loss is of what was made of a batch and of the batch itself, in [-1, 1]; that of the codes is added here.
    """
    torch.manual_seed(run.seed)
    model = new_tokenizer(recipe)
    codebook = Codebook(model.quantize)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-4)
    parts = {"model": model, "codebook": codebook, "optimizer": optimizer}
    steps, first = recipe.tokenizer_steps, run.resume("tokenizer", parts)
    epochs = Epochs(len(pictures), recipe.tokenizer_batch, run.seed)
    save, sheet = Alarm(recipe.save_seconds), Alarm(recipe.sheet_seconds / 2)
    revived = 0

    for step in range(first, steps):
        generator, done = run.generator(STAGE, step), step / steps
        optimizer.param_groups[0]["lr"] = PEAK_RATE * warmup_stable_decay(step, steps, warmup=200, decay=0.5)
        x = to_range(pictures[epochs.at(step)], recipe.device)
        with torch.autocast(recipe.device, torch.bfloat16, enabled=recipe.bf16):
            latent = model.latent(x)
        latent = latent.float()
        if step == 0:
            codebook.start(latent, generator)
        kept = kept_scales(len(recipe.quantizer.scales), len(x), cut, generator)
        through, vector_loss, z_nC, token_n = codebook.quantize(latent, kept)
        with torch.autocast(recipe.device, torch.bfloat16, enabled=recipe.bf16):
            made = model.decode(through)
        loss = loss_of(made.float(), x) + VECTORS * vector_loss
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        codebook.update(z_nC, token_n, len(x), DECAY_EARLY if done < LATE else DECAY_LATE)
        if step % REVIVE_EVERY == REVIVE_EVERY - 1 and done < REVIVE_UNTIL:
            revived += codebook.revive(z_nC, len(x), generator)
        if step % 100 == 0:
            run.log(
                f"tokenizer {step}/{steps} loss {loss.item():.4f} vectors {vector_loss.item():.4f} revived {revived}"
            )
            revived = 0
        if save.rings():
            run.keep("tokenizer", step + 1, parts)
        if sheet.rings():
            show(model)
    show(model)
    run.save("tokenizer.pt", model.state_dict())


def train_tokenizer(run: Run, recipe: Recipe) -> None:
    if run.path("tokenizer.pt").exists():
        return
    pictures, _ = load_pictures(run, "pictures.pt")
    fresh, _ = load_pictures(run, "test.pt")
    features = load_features(run, recipe.device)
    cut = recipe.tokenizer_batch // COARSE_SHARE

    def loss_of(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
        return picture_loss(made[cut:], true[cut:], features) + COARSE * coarse_loss(made[:cut], true[:cut])

    fit(run, recipe, pictures, cut, loss_of, lambda model: test(run, model, recipe, fresh))
