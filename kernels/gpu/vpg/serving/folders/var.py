"""VAR: a folder as `sprites.export` leaves it (kernels/weights/var-sprites), or one beside the published files."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vpg.checkpoint import fill, read
from vpg.families.var import VarFamily
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.models import var as transformer
from vpg.models import vqvae as tokenizer
from vpg.serving.condition import Classes
from vpg.serving.folders.description import Schedules
from vpg.serving.folders.kind import Config, Opened, sizes
from vpg.serving.folders.place import Place

WEIGHTS = {"transformer": "transformer.safetensors", "tokenizer": "tokenizer.safetensors"}
INPUTS = ("class",)
SIZES = tuple(transformer.SIZES)


def published(size: str) -> Config:
    """config.json of a published size, without its weights."""
    var = transformer.SIZES[size]
    quantizer = QuantizerConfig(var.scales, var.vocab, var.code_dim)
    return {"var": asdict(var), "autoencoder": asdict(tokenizer.OFFICIAL), "quantizer": asdict(quantizer)}


def facts(config: Config) -> dict[str, Any]:
    names = config.get("classes") or [str(label) for label in range(config["var"]["classes"])]
    return {"tokens": "codebook", "vocabulary": config["var"]["vocab"], "classes": names}


def schedules(config: Config) -> Schedules:
    """The one that its position embeddings were trained on; by default named by its side in pixels."""
    scales, pictures = config["var"]["scales"], sizes(AutoencoderConfig, config, "autoencoder")
    side = scales[-1] * 2 ** (len(pictures.channels) - 1) * pictures.patch
    steps = [{"t": 1, "h": scale, "w": scale} for scale in scales]
    return [{"name": config.get("schedule", str(side)), "size": f"{side}x{side}", "steps": steps}]


def opened(config: Config, weights: dict[str, Path], place: Place, steps: bool) -> Opened:
    shape = sizes(transformer.VarConfig, config, "var")
    var = transformer.Var(shape if steps else replace(shape, depth=0))  # decoding reads its sizes alone
    pictures, codes = sizes(AutoencoderConfig, config, "autoencoder"), sizes(QuantizerConfig, config, "quantizer")
    vqvae = tokenizer.Vqvae(pictures, codes)
    fill(vqvae, read(weights["tokenizer"]), tokenizer.UNUSED_KEYS)
    if steps:
        fill(var, read(weights["transformer"]), transformer.UNUSED_KEYS)
        place.put(var)
    family = VarFamily(var, place.put(vqvae))
    return Opened({each["name"]: family for each in schedules(config)}, Classes(var.config.classes) if steps else None)
