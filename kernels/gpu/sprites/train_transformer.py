"""Training of the transformer on tokens, with sheets of samples from its averaged weights on the way."""

import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from sprites.classes import KINDS
from sprites.coarseness import coarseness
from sprites.contact_sheet import save_sheet
from sprites.data import to_bytes
from sprites.optimizer import Optimizer
from sprites.recipe import Recipe
from sprites.run import Alarm, Epochs, Run, warmup_stable_decay
from sprites.sample import sample
from sprites.train_tokenizer import load_tokenizer
from vpg.layers.quantizer import Quantizer
from vpg.models.var import Var

STAGE = 3
LABEL_DROPOUT = 0.1
AVERAGE = 0.998
FIRST_LOG_SCALE = math.log(6.0)


def new_transformer(recipe: Recipe) -> Var:
    """Every block starts as the identity with open gates."""
    model = Var(recipe.var)
    for name, parameter in model.named_parameters():
        last = name.split(".")[-1]
        if name.endswith(("attn.proj.weight", "ffn.fc2.weight")) or "ada_lin" in name or last == "bias":
            nn.init.zeros_(parameter)
    for block in model.blocks:
        block.ada_gss.data[:, :, :2] = 1.0
        block.attn.scale_mul_1H11.data.fill_(FIRST_LOG_SCALE)
    for embedding, deviation in ((model.class_emb.weight, 0.5), (model.head.weight, 0.02), (model.pos_1LC, 0.05)):
        nn.init.normal_(embedding, std=deviation)
    nn.init.normal_(model.lvl_embed.weight, std=0.05)
    return model.to(recipe.device)


def token_weights(scales: tuple[int, ...]) -> torch.Tensor:
    """[L], 1 on average: a coarse token weighs more, as far as it is wide, because a wrong one spoils more."""
    weight_L = coarseness(scales)
    return weight_L / weight_L.mean()


def averaged_copy(model: Var, optimizer: Optimizer) -> Var:
    average = copy.deepcopy(model).eval().requires_grad_(False)
    torch._foreach_copy_([parameter.data for parameter in average.parameters()], optimizer.averaged)
    return average


@torch.no_grad()
def nats_of(model: Var, quantizer: Quantizer, token_BL: torch.Tensor, label_B: torch.Tensor) -> torch.Tensor:
    """[L]: teacher-forced nats a token, on the CPU."""
    device, loss_L = model.head.weight.device, torch.zeros(token_BL.shape[1])
    for tokens, labels in zip(token_BL.split(250), label_B.split(250), strict=True):
        tokens = tokens.long().to(device)
        logits_BLV = model(labels.to(device), quantizer.decode(tokens)[0])
        loss = F.cross_entropy(logits_BLV.transpose(1, 2), tokens, reduction="none")
        loss_L += loss.sum(0).cpu() / len(token_BL)
    return loss_L


def test(run: Run, name: str, model: Var, quantizer: Quantizer, token_BL: torch.Tensor, label_B: torch.Tensor) -> None:
    """Log nats a token on fresh pictures, whole and by scale."""
    loss_L = nats_of(model, quantizer, token_BL, label_B)
    by_scale = " ".join(f"{part.mean():.3f}" for part in loss_L.split([side**2 for side in quantizer.config.scales]))
    run.log(f"{name} test: {loss_L.mean():.4f} nats a token; by scale {by_scale}; {loss_L.sum():.1f} a picture")


def batch_of(
    stored: dict[str, torch.Tensor], chosen: torch.Tensor, classes: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens [B, L] and labels [B] of some stored pictures; a dropped label is the one after the last class."""
    dropped = torch.rand(len(chosen), generator=generator) < LABEL_DROPOUT
    return stored["tokens"][chosen].long(), stored["labels"][chosen].masked_fill(dropped, classes)


def train_transformer(run: Run, recipe: Recipe) -> None:
    if run.path("transformer.pt").exists():
        return
    stored, fresh = run.load("codes.pt"), run.load("codes-test.pt")
    tokenizer = load_tokenizer(run, recipe)
    torch.manual_seed(run.seed)
    model = new_transformer(recipe)
    optimizer = Optimizer(model, AVERAGE, recipe.bf16)
    parts = {"model": model, "optimizer": optimizer}
    steps, first = recipe.transformer_steps, run.resume("transformer", parts)
    run.log(f"transformer: {sum(p.numel() for p in model.parameters())} parameters, {len(stored['labels'])} pictures")
    epochs = Epochs(len(stored["labels"]), recipe.transformer_batch, run.seed)
    save, sheet = Alarm(recipe.save_seconds), Alarm(recipe.sheet_seconds)
    weight_L, running = token_weights(recipe.var.scales).to(recipe.device), None

    def show(name: str) -> None:
        average = averaged_copy(model, optimizer)
        test(run, "transformer", average, tokenizer.quantize, fresh["tokens"][:1000], fresh["labels"][:1000])
        labels = torch.arange(len(KINDS), device=recipe.device).repeat_interleave(10)
        pictures = sample(average, tokenizer, labels, torch.Generator().manual_seed(1))
        run.write(name, lambda path: save_sheet(path, to_bytes(pictures), 10))

    for step in range(first, steps):
        batch = batch_of(stored, epochs.at(step), recipe.var.classes, run.generator(STAGE, step))
        token_BL, label_B = (part.to(recipe.device) for part in batch)
        with torch.no_grad():
            maps_BlC, _ = tokenizer.quantize.decode(token_BL)
        with torch.autocast(recipe.device, torch.bfloat16, enabled=recipe.bf16):
            logits_BLV = model(label_B, maps_BlC)
        loss_BL = F.cross_entropy(logits_BLV.float().transpose(1, 2), token_BL, reduction="none")
        loss = (loss_BL * weight_L).mean()
        loss.backward()
        optimizer.step(step, warmup_stable_decay(step, steps, warmup=100, decay=0.5))
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0:
            run.log(f"transformer {step}/{steps} loss {running:.4f}")
        if save.rings():
            run.keep("transformer", step + 1, parts)
        if sheet.rings():
            show(f"samples-{step + 1:06d}.png")
    show("samples.png")
    run.save("transformer.pt", averaged_copy(model, optimizer).state_dict())
