"""What serving a published size takes, from the configs alone: a table of weights and of what the cache keeps.

python -m vpg.serving.memory
"""

from dataclasses import dataclass

import torch
import torch.nn as nn

from vpg.families.infinity import InfinityFamily
from vpg.families.infinitystar import InfinityStarFamily
from vpg.families.var import VarFamily
from vpg.layers import spacetime_schedule
from vpg.layers.quantizer import QuantizerConfig
from vpg.models import infinity, infinity_schedule, infinity_vae, infinitystar, infinitystar_vae, var, vqvae
from vpg.serving.folders.place import BLOCKS
from vpg.step import Family
from vpg.text import LONGEST

GIB = 2**30


@dataclass(frozen=True)
class Size:
    name: str
    model: nn.Module
    decoder: nn.Module
    families: dict[str, Family]  # by the schedule's name


def weights(module: nn.Module, bytes_each: int = 4) -> int:
    """Bytes, the blocks in so many a number and the rest in float32."""
    return sum(
        tensor.numel() * (bytes_each if name.startswith(BLOCKS) else 4) for name, tensor in module.named_parameters()
    )


def kept(family: Family) -> int:
    """Numbers that the cache keeps of one branch of a whole guided picture: keys and values of both its rows."""
    positions = sum(length for k, length in enumerate(family.lengths) if family.is_seen(k))
    match family:
        case VarFamily():
            own = 2 * family.var.config.depth * family.var.config.width
        case InfinityFamily():
            alone = max(-family.layer - 1, 0)  # blocks after the guidance on hidden states: one row is left
            own = (2 * family.model.config.depth - alone) * family.model.config.width
        case InfinityStarFamily():
            own = 2 * family.model.config.depth * family.model.config.key_heads * family.model.config.head_dim
    return 2 * positions * own


def said(family: Family) -> int:
    """Numbers that the longest prompt comes to, keys and values of every block for both rows: kept once a picture."""
    match family:
        case InfinityFamily():
            return 4 * LONGEST * family.model.config.depth * family.model.config.width
        case InfinityStarFamily():
            config = family.model.config
            return 4 * LONGEST * config.depth * config.key_heads * config.head_dim
    return 0


def var_size(name: str) -> Size:
    config = var.SIZES[name]
    quantizer = QuantizerConfig(config.scales, config.vocab, config.code_dim)
    model, decoder = var.Var(config), vqvae.Vqvae(vqvae.OFFICIAL, quantizer)
    return Size(f"VAR {name}", model, decoder, {"512" if name == "d36" else "256": VarFamily(model, decoder)})


def infinity_size(name: str) -> Size:
    config = infinity.SIZES[name]
    model = infinity.Infinity(config)
    decoder = infinity_vae.InfinityVae(infinity_vae.VAES["d56" if config.bits == 56 else "d32"])
    names = ("1M/1:1", "0.25M/1:1")
    families = {each: InfinityFamily(model, decoder, infinity_schedule.schedule(each)) for each in names}
    return Size(f"Infinity {name}", model, decoder, families)


def infinitystar_size(name: str) -> Size:
    model = infinitystar.InfinityStar(infinitystar.INFINITYSTAR_8B)
    decoder = infinitystar_vae.InfinityStarVae(infinitystar_vae.VideoDecoderConfig())
    names = [f"{name}/16:9/{seconds}s" for seconds in ((5, 10) if name == "480p" else (5,))]
    families = {each: InfinityStarFamily(model, decoder, spacetime_schedule.named(each)) for each in names}
    return Size(f"InfinityStar {name}", model, decoder, families)


def text_encoder() -> int:
    """Numbers in Flan-T5-XL's encoder."""
    from transformers import T5Config, T5EncoderModel

    shape = {"d_model": 2048, "d_ff": 5120, "d_kv": 64, "num_layers": 24, "num_heads": 32, "vocab_size": 32128}
    return sum(each.numel() for each in T5EncoderModel(T5Config(**shape, feed_forward_proj="gated-gelu")).parameters())


def table() -> list[str]:
    """Markdown."""
    lines = [
        "| model | weights, float32 | weights, bfloat16 | decoder | schedule | steps, bfloat16 | prompt, bfloat16 |"
    ]
    lines.append("| --- | ---: | ---: | ---: | --- | ---: | ---: |")
    with torch.device("meta"):
        sizes = [var_size(name) for name in var.SIZES]
        sizes += [infinity_size(name) for name in ("2b", "8b")] + [infinitystar_size(name) for name in ("480p", "720p")]
        encoder = text_encoder()
    for size in sizes:
        for name, family in size.families.items():
            shown = [weights(size.model), weights(size.model, 2), weights(size.decoder)]
            shown = [f"{each / GIB:.2f}" for each in shown]
            keeps = [f"{2 * each(family) / GIB:.2f}" for each in (kept, said)]
            lines.append(f"| {' | '.join([size.name, *shown, f'`{name}`', *keeps])} |")
    return [
        *lines,
        "",
        f"Flan-T5-XL's encoder: {encoder * 4 / GIB:.2f} in float32, {encoder * 2 / GIB:.2f} in float16.",
    ]


if __name__ == "__main__":
    print("\n".join(table()))
