"""A small model of a family with random weights, as a served folder: what it draws is noise, all else is real.

    python -m vpg.serving.small --family infinitystar OUT [--seed S]

For tests and for trying the edge without a checkpoint; the same seed gives the same bytes.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn as nn
from safetensors.torch import save_file

from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.layers.spacetime_schedule import Pyramid
from vpg.models.infinity import Infinity, InfinityConfig
from vpg.models.infinity_schedule import InfinitySchedule
from vpg.models.infinity_vae import InfinityVae, InfinityVaeConfig
from vpg.models.infinitystar import InfinityStar, InfinityStarConfig
from vpg.models.infinitystar_vae import InfinityStarVae, VideoDecoderConfig
from vpg.models.var import Var, VarConfig
from vpg.models.vqvae import Vqvae
from vpg.serving.folder import write_folder
from vpg.serving.folders.kind import Config
from vpg.serving.small_text import save_encoder

TEXT_WIDTH = 128


@torch.no_grad()
def save(model: nn.Module, seed: int, path: Path) -> None:
    """Norms near 1, matrices that keep the variance, the rest small; buffers as they are."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        drawn = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() == 1:
            drawn = 1 + 0.1 * drawn if name.endswith(("weight", "gamma")) or "scale" in name else 0.1 * drawn
        elif name.endswith("weight") and "emb" not in name:
            drawn = drawn / math.sqrt(math.prod(parameter.shape[1:]))
        parameter.copy_(drawn)
    save_file({key: tensor.contiguous() for key, tensor in model.state_dict().items()}, path)


def var(folder: Path, seed: int) -> Config:
    scales, vocab = (1, 2, 3, 4, 6), 64
    pictures = AutoencoderConfig((8, 16, 16), 8, norm=False, attention=False)
    config = VarConfig(scales, vocab, 8, width=64, depth=3, heads=4, classes=5)
    codes = QuantizerConfig(scales, vocab, 8)
    save(Var(config), seed, folder / "transformer.safetensors")
    save(Vqvae(pictures, codes), seed + 1, folder / "tokenizer.safetensors")
    return {"var": asdict(config), "autoencoder": asdict(pictures), "quantizer": asdict(codes)}


def infinity(folder: Path, seed: int) -> Config:
    """20 bits a token, so that four bits of each third byte are unused; guidance on hidden states."""
    square, wide = ((1, 1), (2, 2), (3, 3), (4, 4), (6, 6)), ((1, 1), (1, 2), (2, 4), (3, 6))
    vae = InfinityVaeConfig(5, (32, 32, 32, 32), patch=2)
    config = InfinityConfig(depth=6, width=64, heads=4, chunks=3, bits=vae.bits, text_width=TEXT_WIDTH)
    save(Infinity(config), seed, folder / "transformer.safetensors")
    save(InfinityVae(vae), seed + 1, folder / "vae.safetensors")
    save_encoder(folder / "text", TEXT_WIDTH, seed + 2)
    rows = {"0.01M/1:1": InfinitySchedule(square, (12, 12)), "0.01M/2:1": InfinitySchedule(wide, (6, 12))}
    tables = {name: asdict(table) for name, table in rows.items()}
    return {"infinity": asdict(config), "vae": asdict(vae), "guidance_layer": -3, "schedules": tables}


def infinitystar(folder: Path, seed: int) -> Config:
    """A semantic scale, run twice, and a detail scale; a picture, a clip after it, and two."""
    config = InfinityStarConfig(64, 4, 2, heads=4, key_heads=2, hidden=128, text_width=TEXT_WIDTH)
    video = VideoDecoderConfig(widths=(16, 16, 16, 8, 8))
    save(InfinityStar(config), seed, folder / "transformer.safetensors")
    save(InfinityStarVae(video), seed + 1, folder / "vae.safetensors")
    save_encoder(folder / "text", TEXT_WIDTH, seed + 2)
    pyramid = Pyramid(2, 1, 4, image_repetitions=(2, 1), clip_repetitions=(2, 1))
    table = {"pyramid": asdict(pyramid), "scales": [[1, 2], [2, 4]]}
    clips = {"32p/2:1/1s": [1, 4], "32p/2:1/2s": [1, 4, 4], "32p/2:1/0s": [1]}
    tables = {name: table | {"clips": own} for name, own in clips.items()}
    return {"infinitystar": asdict(config), "vae": asdict(video), "schedules": tables}


FAMILIES: dict[str, Callable[[Path, int], Config]] = {"var": var, "infinity": infinity, "infinitystar": infinitystar}


def write_small(folder: Path, family: str, seed: int = 0) -> None:
    """Weights, model.json and config.json of `{family}-small`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_folder(folder, f"{family}-small", family, FAMILIES[family](folder, seed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=FAMILIES, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    write_small(given.out, given.family, given.seed)
    print(given.out)
