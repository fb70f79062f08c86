"""VAR: figures of the official class to image loop, built small in both layouts of AdaLN, and ours against them."""

from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import numpy as np
import torch

from parity import Errors, Record, errors
from parity.official import importable, stand_in, without_weights
from parity.shapes import shapes
from parity.weights import fill
from vpg.families.var import VarFamily
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.past import Past
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.var import SIZES, Var, VarConfig
from vpg.models.vqvae import OFFICIAL, Vqvae
from vpg.step import Ask

CHECKOUT = "VAR"
ABSENT = (stand_in("huggingface_hub", PyTorchModelHubMixin=object),)
IGNORED = ("lvl_1L", "attn_bias_for_masking", "ema_vocab_hit_SV")

SCALES, VOCAB, CODE_DIM, CLASSES, STRENGTH = (1, 2, 3, 3, 4), 24, 8, 5, 1.5
LABELS = [3, 0]
LAYOUTS = {
    "own": VarConfig(SCALES, VOCAB, CODE_DIM, 64, 3, 4, classes=CLASSES),
    "shared": VarConfig(SCALES, VOCAB, CODE_DIM, 48, 2, 3, classes=CLASSES, shared_aln=True, attn_l2_norm=False),
}


def official_vqvae(
    models: ModuleType, code_dim: int, width: int, vocab: int, scales: tuple[int, ...]
) -> torch.nn.Module:
    return models.VQVAE(vocab_size=vocab, z_channels=code_dim, ch=width, v_patch_nums=scales)


def official_var(models: ModuleType, config: VarConfig, vqvae: torch.nn.Module) -> torch.nn.Module:
    return models.VAR(
        vqvae,
        num_classes=config.classes,
        depth=config.depth,
        embed_dim=config.width,
        num_heads=config.heads,
        shared_aln=config.shared_aln,
        attn_l2_norm=config.attn_l2_norm,
        patch_nums=config.scales,
    )


def record(folder: Path, seed: int) -> Record:
    """Per layout and step: the input of block 0, logits of both rows, guided ones, tokens, f_hat, the next map.

    Also one picture, and the keys and shapes of the published sizes.
    """
    made: Record = {"seed": np.array(seed)}
    with importable(folder, ABSENT):
        import models  # the official package
        from models import var as official

        for layout, config in LAYOUTS.items():
            vqvae = official_vqvae(models, CODE_DIM, 32, VOCAB, SCALES)
            var = official_var(models, config, vqvae).eval()
            fill(vqvae, seed, "vqvae.")
            fill(var, seed, f"{layout}.")
            figures = listen(official, var, vqvae, seed)
            made |= {f"{layout}/{name}": array for name, array in figures.items()}
        with without_weights():
            for size, config in SIZES.items():
                whole = official_vqvae(models, config.code_dim, OFFICIAL.channels[0], config.vocab, config.scales)
                made[f"keys/{size}"] = shapes(official_var(models, config, whole), IGNORED)
            made["keys/vqvae"] = shapes(whole, IGNORED)
    return made


@torch.no_grad()
def listen(official: ModuleType, var: torch.nn.Module, vqvae: torch.nn.Module, seed: int) -> Record:
    """Runs the official loop and notes what passes between its parts."""
    heard: Record = {}
    count, sample = len(LABELS), official.sample_with_top_k_top_p_
    logits, fuse = var.get_logits, vqvae.quantize.get_next_autoregressive_input

    def note(name: str, tensor: torch.Tensor) -> None:
        step = sum(key.startswith(f"{name}.") for key in heard)
        heard[f"{name}.{step}"] = tensor.detach().clone().numpy()

    def note_logits(*given: torch.Tensor) -> torch.Tensor:
        both = logits(*given)
        note("conditional", both[:count])
        note("unconditional", both[count:])
        return both

    def note_sample(guided: torch.Tensor, **rest: object) -> torch.Tensor:
        note("guided", guided)
        token = sample(guided, **rest)
        note("token", token[:, :, 0].to(torch.int16))
        return token

    def note_fuse(*given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        latent, smaller = fuse(*given)
        note("codes", latent)
        note("map", smaller.flatten(2).transpose(1, 2))
        return latent, smaller

    hook = var.blocks[0].register_forward_pre_hook(lambda _, __, named: note("input", named["x"]), with_kwargs=True)
    with (
        patch.object(official, "sample_with_top_k_top_p_", note_sample),
        patch.object(var, "get_logits", note_logits),
        patch.object(vqvae.quantize, "get_next_autoregressive_input", note_fuse),
    ):
        label = torch.tensor(LABELS)
        pixels = var.autoregressive_infer_cfg(count, label, g_seed=seed, cfg=STRENGTH, top_k=12, top_p=0.96)
    hook.remove()
    return heard | {"pixels.0": pixels[:1].numpy()}


@torch.no_grad()
def compare(record: Record) -> Errors:
    """Part by part with the recorded tokens, and the whole of `vpg.step` for every step's guided logits."""
    seed, made = int(record["seed"]), {}
    for layout, config in LAYOUTS.items():
        vqvae = Vqvae(
            AutoencoderConfig((32, 32, 64, 64, 128), CODE_DIM), QuantizerConfig(SCALES, VOCAB, CODE_DIM)
        ).eval()
        var = Var(config).eval()
        fill(vqvae, seed, "vqvae.")
        fill(var, seed, f"{layout}.")
        tokens = [record[f"{layout}/token.{step}"] for step in range(len(SCALES))]
        made |= {f"{layout}/{name}": array for name, array in run(VarFamily(var, vqvae), tokens).items()}
    with without_weights():
        made |= {f"keys/{size}": shapes(Var(config)) for size, config in SIZES.items()}
        made["keys/vqvae"] = shapes(Vqvae(OFFICIAL, QuantizerConfig((1, 2), 4096, 32)))
    return errors(record, made, apart=["seed", *(name for name in record if "/token." in name)])


def run(family: VarFamily, tokens: list[np.ndarray]) -> Record:
    """Our figures, under the names of the record."""
    var, quantize, made = family.var, family.vqvae.quantize, {}
    count, steps = len(LABELS), len(SCALES)
    condition = var.condition(torch.tensor(LABELS + [CLASSES] * count))
    past, latent = Past([], []), family.empty(count)
    for step in range(steps):
        smaller = quantize.down(step, latent)
        x_RlD = var.embed_step(step, smaller).repeat(2, 1, 1) if step else var.embed_start(condition)
        logits, past = var.step(x_RlD, condition, past)
        token = torch.from_numpy(tokens[step]).long()
        latent = family.append(latent, token, step)
        following = quantize.down(min(step + 1, steps - 1), latent)
        strengths = np.float32(STRENGTH) * np.arange(step + 1, dtype=np.float32) / np.float32(steps - 1)
        prefix = np.concatenate([np.empty((count, 0)), *tokens[:step]], axis=1).astype(np.uint16)
        guided = family.pair(LABELS, Ask(step, prefix, np.tile(strengths, (count, 1))))[:, :, 0]
        made |= {
            f"input.{step}": x_RlD.numpy(),
            f"conditional.{step}": logits[:count].numpy(),
            f"unconditional.{step}": logits[count:].numpy(),
            f"guided.{step}": guided.numpy(),
            f"codes.{step}": latent.numpy(),
            f"map.{step}": following.numpy(),
        }
    every = np.concatenate(tokens, axis=1).astype(np.uint16)
    return made | {"pixels.0": family.decode(every[:1], steps).numpy()}
