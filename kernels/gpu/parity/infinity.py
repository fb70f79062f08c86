"""Infinity: figures of the official text to image loop, built small, and ours against them.

Three runs of two pictures with prompts of different lengths: guidance on logits, guidance on the hidden state after
block -5, and a patchified VAE (d56) with a negative prompt. One step of each has the strength 1, none.
"""

from argparse import Namespace
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from parity import Errors, Record, errors
from parity.official import importable, stand_in, without_weights
from parity.shapes import shapes
from parity.weights import fill, uniform
from vpg.bits import pack
from vpg.families.infinity import InfinityFamily, Text
from vpg.layers.hidden_guidance import HiddenGuidance
from vpg.layers.rotary import turns
from vpg.models.infinity import SIZES, Infinity, InfinityConfig
from vpg.models.infinity_schedule import InfinitySchedule
from vpg.models.infinity_vae import VAES, InfinityVae, InfinityVaeConfig, official_key
from vpg.step import Ask

CHECKOUT = "Infinity"
SCHEDULE = InfinitySchedule(((1, 1), (2, 1), (3, 2), (5, 3)), full=(8, 5))  # the last side is not used: places are
STRENGTHS = (4.0, 2.5, 1.0, 3.0)
LENGTHS, NEGATIVE_LENGTHS = (4, 7), (6, 3)
SIZE = InfinityConfig(depth=6, width=64, heads=4, chunks=3, text_width=256, text_length=9)
PATCHED = InfinityConfig(depth=6, width=64, heads=4, chunks=2, bits=56, text_width=256, text_length=9)


@dataclass(frozen=True)
class Run:
    config: InfinityConfig
    vae: InfinityVaeConfig
    layer: int = 0
    negative: bool = False


RUNS = {
    "logits": Run(SIZE, InfinityVaeConfig(32, (32, 32, 64, 64, 64))),
    "hidden": Run(SIZE, InfinityVaeConfig(32, (32, 32, 64, 64, 64)), layer=-5),
    "patch": Run(PATCHED, InfinityVaeConfig(14, (32, 32, 64, 64), patch=2), negative=True),
}


def attend(q: torch.Tensor, kv: torch.Tensor, cu_seqlens_q: torch.Tensor, cu_seqlens_k: torch.Tensor, **rest: float):
    """What flash-attn's varlen function computes, row by row: q [N, H, c], kv [M, 2, H, c]."""
    rows = zip(cu_seqlens_q[:-1], cu_seqlens_q[1:], cu_seqlens_k[:-1], cu_seqlens_k[1:], strict=True)
    made = []
    for q_from, q_to, k_from, k_to in rows:
        own, (keys, values) = q[q_from:q_to].transpose(0, 1), kv[k_from:k_to].permute(1, 2, 0, 3)
        made.append(F.scaled_dot_product_attention(own, keys, values, scale=rest["softmax_scale"]).transpose(0, 1))
    return torch.cat(made)


ABSENT = (
    *("timm", "timm.loss", "timm.models", "timm.models.layers", "pytz", "tqdm", "imageio", "torchvision"),
    stand_in("flash_attn", flash_attn_func=lambda q, k, v: None, flash_attn_varlen_kvpacked_func=attend),
)


def texts(seed: int, negative: bool) -> list[Text]:
    prompts = [uniform(seed, f"prompt {i}", (length, SIZE.text_width)) for i, length in enumerate(LENGTHS)]
    others = [uniform(seed, f"negative {i}", (length, SIZE.text_width)) for i, length in enumerate(NEGATIVE_LENGTHS)]
    return [Text(*both) for both in zip(prompts, others if negative else [None, None], strict=True)]


def official_vae(config: InfinityVaeConfig) -> nn.Module:
    from infinity.models.bsq_vae import vae

    base, depth = config.channels[0], len(config.channels)
    made, multiples = vae.AutoEncoder, [width // base for width in config.channels]
    with patch.object(vae, "AutoEncoder", lambda args: made(Namespace(**vars(args) | {"base_ch": base}))):
        return vae.vae_model(
            None, "dynamic", config.code_dim, 2**config.code_dim, True, 2 ** (depth - 1), multiples, multiples
        )


def official_infinity(official: ModuleType, config: InfinityConfig, vae: nn.Module, patchify: bool) -> nn.Module:
    return official.Infinity(
        vae,
        text_channels=config.text_width,
        text_maxlen=config.text_length,
        embed_dim=config.width,
        depth=config.depth,
        num_heads=config.heads,
        shared_aln=True,
        fused_norm=True,
        block_chunks=config.chunks,
        rope2d_each_sa_layer=1,
        rope2d_normalized_by_hw=2,
        pad_to_multiplier=128,
        apply_spatial_patchify=int(patchify),
        inference_mode=True,
    )


def record(folder: Path, seed: int) -> Record:
    """Per run and step: the input of block 0, the logits, guided log-odds, tokens, sum of codes; the first picture."""
    made: Record = {"seed": np.array(seed)}
    with ExitStack() as stack:
        stack.enter_context(importable(folder, ABSENT))
        stack.enter_context(patch.object(torch, "compile", lambda **_: lambda function: function))
        from infinity.models import infinity as official

        for size, config in SIZES.items():
            vae_config = VAES["d56" if config.bits == 56 else "d32"]
            with without_weights():
                whole = official_vae(vae_config)
                made[f"keys/{size}"] = shapes(official_infinity(official, config, whole, vae_config.patch > 1))
                made[f"keys/vae d{vae_config.bits}"] = shapes(whole.decoder, rename=official_key)

        stack.enter_context(patch.object(torch, "bfloat16", torch.float32))  # cross attention rounds to it
        used, ratio = [(1, *side) for side in SCHEDULE.sides], SCHEDULE.full[0] / SCHEDULE.full[1]
        table = {"0.06M": {"scales": used}, "1M": {"scales": [*used, (1, *SCHEDULE.full)]}}
        stack.enter_context(patch.object(official, "dynamic_resolution_h_w", {ratio: table}))
        for name, run in RUNS.items():
            vae = official_vae(run.vae)
            model = official_infinity(official, run.config, vae, run.vae.patch > 1).eval()
            fill(vae.decoder, seed, f"{run.vae.bits}.", official_key)
            fill(model, seed, f"{run.config.bits}.")
            figures = listen(official, model, vae, run, seed)
            made |= {f"{name}/{figure}": array for figure, array in figures.items()}
    return made


def compact(features: list[torch.Tensor]) -> tuple[torch.Tensor, list[int], torch.Tensor, int]:
    """Texts as the official code takes them: one after the other, with their lengths and borders."""
    lengths = [len(each) for each in features]
    borders = torch.tensor([0, *np.cumsum(lengths)], dtype=torch.int32)
    return torch.cat(features), lengths, borders, max(lengths)


@torch.no_grad()
def listen(official: ModuleType, model: nn.Module, vae: nn.Module, run: Run, seed: int) -> Record:
    """Runs the official loop and notes what passes between its parts."""
    heard: Record = {}
    wanted, count, steps = texts(seed, run.negative), len(LENGTHS), len(SCHEDULE.sides)
    sample, logits, decode = (
        official.sample_with_top_k_top_p_also_inplace_modifying_logits_,
        model.get_logits,
        vae.decode,
    )
    interpolate = F.interpolate

    def note(name: str, tensor: torch.Tensor) -> None:
        step = sum(key.startswith(f"{name}.") for key in heard)
        heard[f"{name}.{step}"] = tensor.detach().clone().numpy()

    def note_logits(*given: torch.Tensor) -> torch.Tensor:
        made = logits(*given)
        note("conditional", made[:count])
        if len(made) > count:  # not where the strength is none
            step = sum(key.startswith("conditional.") for key in heard) - 1
            heard[f"unconditional.{step}"] = made[count:].numpy()
        return made

    def note_sample(pairs: torch.Tensor, **rest: object) -> torch.Tensor:
        odds = pairs[..., 1] - pairs[..., 0]
        note("guided", odds.unflatten(1, (-1, run.config.bits)))
        bits = sample(pairs, **rest)
        note("token", bits[..., 0].unflatten(1, (-1, run.config.bits)).bool())
        return bits

    def note_interpolate(tensor: torch.Tensor, **rest: object) -> torch.Tensor:
        whole = (1, *(side * run.vae.patch for side in SCHEDULE.sides[-1]))
        if tuple(tensor.shape[2:]) == whole:  # the sum; one step's codes are smaller
            note("codes", tensor.squeeze(2))
        return interpolate(tensor, **rest)

    def note_decode(latent: torch.Tensor) -> torch.Tensor:
        note("codes", latent)
        pixels = decode(latent)
        note("pixels", pixels[:1])
        return pixels

    first = model.block_chunks[0].module[0]
    hook = first.register_forward_pre_hook(lambda _, __, named: note("input", named["x"]), with_kwargs=True)
    with ExitStack() as stack:
        stack.enter_context(patch.object(official, sample.__name__, note_sample))
        stack.enter_context(patch.object(official.F, "interpolate", note_interpolate))
        stack.enter_context(patch.object(model, "get_logits", note_logits))
        stack.enter_context(patch.object(vae, "decode", note_decode))
        model.autoregressive_infer_cfg(
            vae=vae,
            scale_schedule=[(1, *side) for side in SCHEDULE.sides],
            label_B_or_BLT=compact([text.prompt for text in wanted]),
            negative_label_B_or_BLT=compact([text.negative for text in wanted]) if run.negative else None,
            B=count,
            g_seed=seed,
            cfg_list=list(STRENGTHS),
            tau_list=[1.0] * steps,
            top_k=900,
            top_p=0.97,
            cfg_insertion_layer=[run.layer],
            vae_type=run.vae.code_dim,
            returns_vemb=1,
            ret_img=True,
            inference_mode=True,
        )
    hook.remove()
    return heard


@torch.no_grad()
def compare(record: Record) -> Errors:
    """Part by part with the recorded tokens, and the whole of `vpg.step` for every step's guided log-odds."""
    seed, made = int(record["seed"]), {}
    for name, run in RUNS.items():
        model, vae = Infinity(run.config).eval(), InfinityVae(run.vae).eval()
        fill(model, seed, f"{run.config.bits}.")
        fill(vae.decoder, seed, f"{run.vae.bits}.")
        tokens = [record[f"{name}/token.{step}"] for step in range(len(SCHEDULE.sides))]
        family = InfinityFamily(model, vae, SCHEDULE, run.layer)
        made |= {
            f"{name}/{figure}": array for figure, array in figures(family, texts(seed, run.negative), tokens).items()
        }
    with without_weights():
        made |= {f"keys/{size}": shapes(Infinity(config)) for size, config in SIZES.items()}
        made |= {f"keys/vae {name}": shapes(InfinityVae(config).decoder) for name, config in VAES.items()}
    return errors(record, made, apart=["seed", *(name for name in record if "/token." in name)])


def figures(family: InfinityFamily, wanted: list[Text], tokens: list[np.ndarray]) -> Record:
    """Ours, under the names of the record."""
    made: Record = {}
    count, config = len(wanted), family.model.config
    strengths = np.tile(np.array(STRENGTHS, np.float32), (count, 1))
    state = family.begin(wanted, branches=1, guided=True)
    for step, side in enumerate(SCHEDULE.sides):
        x_RlD = family.start(state) if step == 0 else family.embed(state, step)[0].repeat(2, 1, 1)
        made[f"input.{step}"] = x_RlD.numpy()
        turn_2lp = turns(side, SCHEDULE.full, config.width // config.heads)
        hidden = HiddenGuidance(torch.from_numpy(strengths[:, step, None]), family.layer) if family.layer else None
        x_RlD, state.past = family.model.run(x_RlD, state.condition, turn_2lp, state.past, hidden)
        logits = family.model.logits(x_RlD, state.condition.text_RD[: len(x_RlD)])
        made |= {f"conditional.{step}": logits[:count].numpy(), f"unconditional.{step}": logits[count:].numpy()}
        prefix = np.concatenate([np.empty((count, 0), np.uint8), *(pack(each) for each in tokens[:step])], axis=1)
        made[f"guided.{step}"] = family.pair(wanted, Ask(step, prefix, strengths[:, : step + 1]))[:, :, 0].numpy()
        state.latent = family.append(state.latent, torch.from_numpy(tokens[step]), step)
        made[f"codes.{step}"] = state.latent.numpy()
    return made | {"pixels.0": family.vae.decode(state.latent[:1]).numpy()}
