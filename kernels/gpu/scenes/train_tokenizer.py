"""Training of the one tokenizer, on pictures of every richness of the series: python -m scenes.train_tokenizer."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from scenes.folder import open_run, parser_of
from scenes.recipe import RICHNESS, SIZE, recipe
from scenes.world import make
from sprites.codebook import Codebook
from sprites.contact_sheet import save_sheet
from sprites.data import to_bytes, to_range
from sprites.recipe import Recipe
from sprites.run import Alarm, Epochs, Run, warmup_stable_decay
from sprites.train_tokenizer import (
    DECAY_EARLY,
    DECAY_LATE,
    EDGES,
    LATE,
    PEAK_RATE,
    REVIVE_EVERY,
    REVIVE_UNTIL,
    STAGE,
    VECTORS,
    edges,
    new_tokenizer,
)
from vpg.models.vqvae import Vqvae

TRAIN_SEED, TEST_SEED, TEST_PICTURES = 1000, 500_000, 600


def mixed_pictures(count: int, seed: int) -> torch.Tensor:
    """uint8 [count, 3, H, W], equal shares of every richness, in turn."""
    each = -(-count // len(RICHNESS))
    drawn = [make(each, seed + i, SIZE, richness)[0] for i, richness in enumerate(RICHNESS)]
    return torch.from_numpy(np.stack(drawn, axis=1).reshape(-1, 3, SIZE, SIZE)[:count])


def picture_loss(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    loss = F.l1_loss(made, true) + F.mse_loss(made, true)
    return loss + EDGES * sum(F.l1_loss(a, b) for a, b in zip(edges(made), edges(true), strict=True))


@torch.no_grad()
def test(run: Run, model: Vqvae, pictures: torch.Tensor) -> None:
    """Log how well fresh pictures of each richness survive, and show some above what became of them."""
    x = to_range(pictures, "cpu")
    token_BL = model.encode(x)
    made = model.decode(model.quantize.decode(token_BL)[1]).clamp(-1, 1)
    psnr_B = -10 * torch.log10((made - x).square().mean((1, 2, 3)) / 4)
    by_richness = " ".join(f"{psnr_B[i :: len(RICHNESS)].mean():.2f}" for i in range(len(RICHNESS)))
    share = torch.bincount(token_BL.flatten(), minlength=len(model.quantize.embedding.weight)) / token_BL.numel()
    perplexity = (-(share * (share + 1e-9).log()).sum()).exp()
    run.log(f"tokenizer test: psnr by richness {by_richness} codes {(share > 0).sum()} perplexity {perplexity:.0f}")
    rows = [half[15 * i : 15 * i + 15] for i in range(4) for half in (pictures[:60].numpy(), to_bytes(made[:60]))]
    run.write("reconstructions.png", lambda path: save_sheet(path, np.concatenate(rows), 15, zoom=4))


def train_tokenizer(run: Run, plan: Recipe) -> None:
    if run.path("tokenizer.pt").exists():
        return
    pictures = mixed_pictures(plan.pictures, TRAIN_SEED)
    fresh = mixed_pictures(TEST_PICTURES, TEST_SEED)
    run.log(f"tokenizer: {len(pictures)} pictures drawn; {plan}")
    torch.manual_seed(run.seed)
    model = new_tokenizer(plan)
    codebook = Codebook(model.quantize)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-4)
    parts = {"model": model, "codebook": codebook, "optimizer": optimizer}
    steps, first = plan.tokenizer_steps, run.resume("tokenizer", parts)
    epochs = Epochs(len(pictures), plan.tokenizer_batch, run.seed)
    save = Alarm(plan.save_seconds)

    for step in range(first, steps):
        generator, done = run.generator(STAGE, step), step / steps
        optimizer.param_groups[0]["lr"] = PEAK_RATE * warmup_stable_decay(step, steps, warmup=200, decay=0.5)
        x = to_range(pictures[epochs.at(step)], plan.device)
        with torch.autocast(plan.device, torch.bfloat16, enabled=plan.bf16):
            latent = model.latent(x)
        latent = latent.float()
        if step == 0:
            codebook.start(latent, generator)
        kept_B = torch.full((len(x),), len(plan.quantizer.scales))
        through, vector_loss, z_nC, token_n = codebook.quantize(latent, kept_B)
        with torch.autocast(plan.device, torch.bfloat16, enabled=plan.bf16):
            made = model.decode(through)
        loss = picture_loss(made.float(), x) + VECTORS * vector_loss
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        codebook.update(z_nC, token_n, len(x), DECAY_EARLY if done < LATE else DECAY_LATE)
        if step % REVIVE_EVERY == REVIVE_EVERY - 1 and done < REVIVE_UNTIL:
            codebook.revive(z_nC, len(x), generator)
        if step % 200 == 0:
            run.log(f"tokenizer {step}/{steps} loss {loss.item():.4f} vectors {vector_loss.item():.4f}")
        if save.rings():
            run.keep("tokenizer", step + 1, parts)
            test(run, model, fresh)
    test(run, model, fresh)
    run.save("tokenizer.pt", model.state_dict())


if __name__ == "__main__":
    train_tokenizer(open_run(parser_of(__doc__).parse_args()), recipe())
