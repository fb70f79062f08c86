"""InfinityStar: one picture and two clips, step by step, by the official classes and by ours.

Every step's bits are given, so nothing is drawn. The official code needs `einops`; stand-ins are there for the rest.
"""

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
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
from vpg.corruption import Corruption, sources
from vpg.families.infinitystar import InfinityStarFamily, Prompt
from vpg.layers.spacetime_codes import step_map
from vpg.layers.spacetime_schedule import CLIP_FRAMES, PYRAMIDS, Pyramid, named, unroll
from vpg.models.infinitystar import INFINITYSTAR_8B, InfinityStar, InfinityStarConfig
from vpg.models.infinitystar_vae import NOT_DECODING, InfinityStarVae, VideoDecoderConfig
from vpg.span import Span
from vpg.step import Ask, PrefixCorruption

CHECKOUT = "InfinityStar"
ABSENT = (
    *(
        "timm",
        "timm.loss",
        "timm.models.layers",
        "torchvision",
        "torchvision.models",
        "tqdm",
        "requests",
        "pytz",
        "cv2",
    ),
    *("imageio", stand_in("timm.models", register_model=lambda build: build)),
)
CONFIG = InfinityStarConfig(64, 4, chunks=2, heads=4, key_heads=2, hidden=256, text_width=24, text_length=512)
PYRAMID = Pyramid(4, 2, 4, image_repetitions=(3, 2, 1, 2), clip_repetitions=(2, 2, 2, 1))
SIDES, CLIPS, TEXT, NEGATIVE = [(1, 1), (1, 2), (2, 2), (3, 4)], [1, 2, 2], 6, 4
PLAN = unroll(PYRAMID, SIDES, CLIPS)
TEMPERATURES = [1.0] * len(SIDES) + [0.4] * len(SIDES) * 2  # of the scales
GUIDANCE, SHARE = 34.0, 0.4
VIDEO = VideoDecoderConfig(widths=(16, 16, 16, 8, 8))
PUBLISHED = {  # the official way to name a schedule
    f"{at}/{ratio}/{seconds}s": (area, key, 4 * seconds + 1)
    for at, area in (("480p", "0.40M"), ("720p", "0.90M"))
    for ratio, key in (("1:1", 1.0), ("16:9", 0.562), ("9:16", 1.777), ("3:1", 0.336))
    for seconds in (0, 3, 5, 10)
}


def text(seed: int, name: str, length: int) -> torch.Tensor:
    return uniform(seed, name, (length, CONFIG.text_width))


def bits(seed: int) -> list[torch.Tensor]:
    """Those of every step, [1, l, K]."""
    return [uniform(seed, f"bits.{k}", (1, step.length, step.bits)) > 0 for k, step in enumerate(PLAN.steps)]


def fill_vae(vae: nn.Module, seed: int) -> None:
    fill(vae, seed)
    with torch.no_grad():
        vae.scale_learnable_parameters += 1  # it divides


def some(video_B3FHW: torch.Tensor) -> np.ndarray:
    """Every third row and fifth column: all phases of the upsampling."""
    return video_B3FHW[..., ::3, ::5].numpy()


def settings(pyramid: Pyramid, clip_frames: int) -> SimpleNamespace:
    """The official arguments that building and generating read, as tools/infer_video_480p.py has them."""
    on = ("image_batch_size", "video_batch_size", "use_apg", "simple_text_proj", "use_two_stage_lfq")
    off = ("use_cfg", "use_learnable_dim_proj", "noise_input", "inject_sync")
    return SimpleNamespace(
        **dict.fromkeys(on, 1),
        **dict.fromkeys(off, 0),
        **dict.fromkeys(("dynamic_scale_schedule", "mask_type"), "infinity_elegant_clip20frames_v2"),
        image_scale_repetition=json.dumps(pyramid.image_repetitions),
        video_scale_repetition=json.dumps(pyramid.clip_repetitions),
        detail_scale_min_tokens=pyramid.detail_from,
        semantic_scales=pyramid.semantic_scales,
        semantic_scale_dim=pyramid.semantic_bits,
        detail_scale_dim=pyramid.detail_bits,
        frames_inner_clip=clip_frames,
        video_frames=81,
        temporal_compress_rate=4,
        steps_per_frame=4,
        context_frames=10000,
        context_interval=2,
        context_from_largest_no=1,
        max_repeat_times=10000,
        num_of_label_value=2,
        use_feat_proj=2,
        rope_type="4d",
        apg_norm_threshold=0.05,
    )


class Float32Torch(ModuleType):
    """`torch` whose bfloat16 is float32: the official attention rounds to it, which would hide every other error."""

    def __getattr__(self, name: str) -> object:
        return torch.float32 if name == "bfloat16" else getattr(torch, name)


def attention(q_BlHc: torch.Tensor, k_BlHc: torch.Tensor, v_BlHc: torch.Tensor, softmax_scale: float) -> torch.Tensor:
    """What flash_attn computes."""
    q, k, v = (x_BlHc.transpose(1, 2) for x_BlHc in (q_BlHc, k_BlHc, v_BlHc))
    return F.scaled_dot_product_attention(q, k, v, scale=softmax_scale).transpose(1, 2)


@contextlib.contextmanager
def official(folder: Path) -> Iterator[SimpleNamespace]:
    """The official modules, quiet and in float32."""
    absent = (*ABSENT, stand_in("flash_attn", flash_attn_func=attention, flash_attn_qkvpacked_func=None))
    with importable(folder, absent), contextlib.redirect_stdout(io.StringIO()):
        from infinity.models import basic, infinity
        from infinity.models.videovae.models import load_vae_bsq_wan_absorb_patchify as vae
        from infinity.schedules import dynamic_resolution, infinity_elegant

        basic.torch = Float32Torch("torch")
        yield SimpleNamespace(infinity=infinity, vae=vae, resolution=dynamic_resolution, elegant=infinity_elegant)


def official_vae(code: SimpleNamespace, args: SimpleNamespace, **changes: object) -> nn.Module:
    """The official VAE by its own settings but for changes, without a checkpoint."""
    build, no_file = code.vae.AutoencoderKLCogVideoX, patch.object(torch, "load", lambda *_, **__: {"vae": {}})

    def changed(settings: SimpleNamespace) -> nn.Module:
        vars(settings).update(changes)
        return build(settings)

    with no_file, patch.object(code.vae, "AutoencoderKLCogVideoX", changed):
        return code.vae.video_vae_model("", "dynamic", 64, global_args=args)


def official_transformer(build: Callable[..., nn.Module], args: SimpleNamespace, pn: str, text_width: int) -> nn.Module:
    """As tools/run_infinity.py builds it."""
    return build(
        vae_local=SimpleNamespace(codebook_dim=64),
        text_channels=text_width,
        text_maxlen=512,
        raw_scale_schedule=None,
        pad_to_multiplier=128,
        rope2d_each_sa_layer=1,
        rope2d_normalized_by_hw=2,
        add_lvl_embeding_on_first_block=0,
        pn=pn,
        train_h_div_w_list=[0.571, 1.0],
        video_frames=81,
        inference_mode=True,
        other_args=args,
    ).eval()


def label(text_TE: torch.Tensor) -> tuple[torch.Tensor, list[int], torch.Tensor, int]:
    """A text as the official code takes it."""
    return text_TE, [len(text_TE)], torch.tensor([0, len(text_TE)], dtype=torch.int32), len(text_TE)


def official_steps(
    code: SimpleNamespace, model: nn.Module, vae: nn.Module, seed: int, share: float
) -> dict[str, list[torch.Tensor]]:
    """What a generation by the official loop computes; with a share, of a corrupted prefix and a negative prompt."""
    args, figures = settings(PYRAMID, clip_frames=CLIPS[1]), {"input": [], "rows": [], "guided": []}
    scales, guidance = [(frames, *side) for frames in CLIPS for side in SIDES], code.infinity.normalized_guidance

    def embedded(_: nn.Module, given: tuple[torch.Tensor], made_1lD: torch.Tensor) -> torch.Tensor:
        figures["input"].append(given[0][0].clone())
        return made_1lD[:, torch.from_numpy(sources(seed, len(figures["input"]) - 1, made_1lD.shape[1], share))]

    def guided(*given: torch.Tensor, **options: object) -> torch.Tensor:
        figures["guided"].append(guidance(*given, **options))
        return figures["guided"][-1]

    hooks = [model.word_embed.register_forward_hook(embedded)]
    for head in (model.head, model.semantic_head2):
        hooks.append(head.register_forward_hook(lambda _, __, made: figures["rows"].append(made.clone())))
    with patch.object(code.infinity, "normalized_guidance", guided):
        codes = model.autoregressive_infer(
            args=args,
            vae=vae,
            scale_schedule=scales,
            label_B_or_BLT=label(text(seed, "text", TEXT)),
            negative_label_B_or_BLT=label(text(seed, "negative", NEGATIVE)) if share else None,
            g_seed=0,
            cfg_list=[GUIDANCE] * len(scales),
            tau_list=TEMPERATURES,
            gt_leak=len(scales),
            gt_ls_Bl=[bit.long().unflatten(1, step.size) for bit, step in zip(bits(seed), PLAN.steps, strict=True)],
            get_visual_rope_embeds=code.elegant.get_visual_rope_embeds,
            context_info=code.elegant.get_scale_pack_info(scales, len(SIDES) - 1, args),
            return_summed_code_only=True,
        )
    for hook in hooks:
        hook.remove()
    return figures | {"codes": [codes]}


def record_steps(code: SimpleNamespace, seed: int) -> Record:
    """Both of its generations, and two decodings."""
    sizes = {"embed_dim": CONFIG.width, "depth": CONFIG.depth, "block_chunks": CONFIG.chunks, "num_heads": CONFIG.heads}
    kinds = {"arch": "qwen", "num_key_value_heads": CONFIG.key_heads, "mlp_ratio": CONFIG.hidden / CONFIG.width}
    build = partial(code.infinity.Infinity, **sizes, **kinds)
    args = settings(PYRAMID, clip_frames=CLIPS[1])
    model = official_transformer(build, args, "0.06M", CONFIG.text_width)
    fill(model, seed)
    vae = official_vae(code, args, block_out_channels=list(reversed(VIDEO.widths)))
    fill_vae(vae, seed)
    clean, corrupted = (official_steps(code, model, vae, seed, share) for share in (0.0, SHARE))
    made = {"codes": clean["codes"][0]}
    for k, (conditional_lV, unconditional_lV) in enumerate(clean["rows"]):
        made |= {f"conditional.{k}": conditional_lV, f"unconditional.{k}": unconditional_lV}
        made |= {f"input.{k}": clean["input"][k], f"guided.{k}": log_odds(clean["guided"][k][0])}
        made |= {f"corrupted.{k}": log_odds(corrupted["guided"][k][0])} if k else {}
    made |= {"frames.video": vae.decode(made["codes"]), "frames.picture": vae.decode(made["codes"][:, :, :1])}
    return {name: some(x) if name.startswith("frames") else x.numpy() for name, x in made.items()}


def log_odds(logits_lV: torch.Tensor) -> torch.Tensor:
    zero_lK, one_lK = logits_lV.unflatten(-1, (-1, 2)).unbind(-1)
    return one_lK - zero_lK


def record_published(code: SimpleNamespace) -> Record:
    """Keys and shapes of the published sizes, and the scales of the official schedules."""
    args, width = settings(PYRAMIDS["480p"], CLIP_FRAMES), INFINITYSTAR_8B.text_width
    with without_weights():
        transformer = official_transformer(code.infinity.infinity_qwen8b, args, "0.40M", width)
        vae = official_vae(code, args)
    for name in NOT_DECODING:
        delattr(vae, name)
    tables, _ = code.resolution.get_dynamic_resolution_meta(args.dynamic_scale_schedule, 161)
    scales = {name: tables[key][area]["pt2scale_schedule"][t] for name, (area, key, t) in PUBLISHED.items()}
    made = {f"schedule.{name}": np.array(sizes) for name, sizes in scales.items()}
    return made | {"shapes.transformer": shapes(transformer), "shapes.vae": shapes(vae)}


@torch.no_grad()
def record(folder: Path, seed: int) -> Record:
    with official(folder) as code:
        return {"seed": np.array(seed), **record_steps(code, seed), **record_published(code)}


def run_steps(seed: int) -> Record:
    """Ours, from the same weights: rows from what is kept from clip to clip, guided ones from the tokens alone."""
    given, model, vae = bits(seed), InfinityStar(CONFIG).eval(), InfinityStarVae(VIDEO).eval()
    fill(model, seed)
    fill_vae(vae, seed)
    family, made = InfinityStarFamily(model, vae, PLAN), {}
    prompt = text(seed, "text", TEXT)
    plain, negated = Prompt(prompt), Prompt(prompt, text(seed, "negative", NEGATIVE))
    state = family.begin([plain], 1, guided=True)
    corruption = PrefixCorruption(Corruption.EMBEDDING, np.array([SHARE], np.float32), [seed])
    for k, step in enumerate(PLAN.steps):
        made[f"input.{k}"] = step_map(state.latent, step)[0]
        x_RlD = family.run(state, family.embed(state, k)[0].repeat(2, 1, 1), Span.one(k, torch.tensor([GUIDANCE])))
        made[f"conditional.{k}"], made[f"unconditional.{k}"] = model.logits(x_RlD, step.semantic)
        sent = np.concatenate([np.zeros((1, 0), np.uint8), *(pack(bit.numpy()) for bit in given[:k])], axis=1)
        heat = np.array([TEMPERATURES[step.clip * len(SIDES)]], np.float32)
        ask = Ask(k, sent, np.full((1, k + 1), GUIDANCE, np.float32), temperature=heat)
        made[f"guided.{k}"] = family.pair([plain], ask)[0, :, 0]
        if k:
            made[f"corrupted.{k}"] = family.pair([negated], replace(ask, corruption=corruption))[0, :, 1]
        state.latent = family.append(state.latent, given[k], k)
    made["codes"] = state.latent
    made |= {"frames.video": vae.decode(state.latent), "frames.picture": vae.decode(state.latent[:, :, :1])}
    return {name: some(x) if name.startswith("frames") else x.numpy() for name, x in made.items()}


def published() -> Record:
    """Keys and shapes of ours, and our scales without their repetitions."""
    with torch.device("meta"):
        made = {"shapes.transformer": shapes(InfinityStar(INFINITYSTAR_8B))}
        made["shapes.vae"] = shapes(InfinityStarVae(VideoDecoderConfig()))
    for name in PUBLISHED:
        scales = {(step.clip, step.scale): step.size for step in named(name).steps}
        made[f"schedule.{name}"] = np.array(list(scales.values()))
    return made


@torch.no_grad()
def compare(record: Record) -> Errors:
    return errors(record, run_steps(int(record["seed"])) | published())
