"""Infinity: transformer, VAE and Flan-T5, each a file or folder of its own; schedules are rows of sides."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from vpg.checkpoint import fill, read
from vpg.families.infinity import InfinityFamily
from vpg.models import infinity as transformer
from vpg.models import infinity_vae as tokenizer
from vpg.models.infinity_schedule import InfinitySchedule, schedule
from vpg.serving.folders.description import Schedules
from vpg.serving.folders.kind import Config, Opened, sizes
from vpg.serving.folders.place import Place
from vpg.serving.texts import Texts
from vpg.text import FlanT5

WEIGHTS = {"transformer": "transformer.safetensors", "vae": "vae.safetensors", "text": "text"}
INPUTS = ("prompt", "negative_prompt")
SIZES = tuple(transformer.SIZES)
SCHEDULES = tuple(f"1M/{ratio}" for ratio in ("1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16"))


def published(size: str, names: Iterable[str] = SCHEDULES, guidance_layer: int = 0) -> Config:
    """config.json of a published size, without its weights."""
    infinity = transformer.SIZES[size]
    vae = tokenizer.VAES["d56" if infinity.bits == 56 else "d32"]
    tables = {name: asdict(schedule(name)) for name in names}
    return {"infinity": asdict(infinity), "vae": asdict(vae), "guidance_layer": guidance_layer, "schedules": tables}


def facts(config: Config) -> dict[str, Any]:
    return {"tokens": "bitwise"}


def schedules(config: Config) -> Schedules:
    vae, bits = config["vae"], config["infinity"]["bits"]
    pixels = vae["patch"] * 2 ** (len(vae["channels"]) - 1)  # of a token, a side
    made = []
    for name, table in config["schedules"].items():
        height, width = (side * pixels for side in table["sides"][-1])
        steps = [{"t": 1, "h": h, "w": w, "bits": bits} for h, w in table["sides"]]
        made.append({"name": name, "size": f"{width}x{height}", "steps": steps})
    return made


def opened(config: Config, weights: dict[str, Path], place: Place, steps: bool) -> Opened:
    with torch.device("meta"):
        model = transformer.Infinity(sizes(transformer.InfinityConfig, config, "infinity"))
        vae = tokenizer.InfinityVae(sizes(tokenizer.InfinityVaeConfig, config, "vae"))
    fill(vae, read(weights["vae"], within="vae"), tokenizer.UNUSED_KEYS, tokenizer.official_key)
    texts, layer, families = None, config["guidance_layer"], {}
    if steps:
        fill(model, read(weights["transformer"]), transformer.UNUSED_KEYS)
        place.put(model)
        texts = Texts(FlanT5(weights["text"], place.device, place.encoder))
    place.put(vae)
    for name, table in config["schedules"].items():
        rows = InfinitySchedule(tuple(map(tuple, table["sides"])), tuple(table["full"]))
        families[name] = InfinityFamily(model, vae, rows, layer)
    return Opened(families, texts, guidance_in_state=layer != 0)
