"""InfinityStar: transformer, video VAE and Flan-T5, each a file or folder of its own; schedules are pyramids."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from vpg.checkpoint import fill, read
from vpg.families.infinitystar import InfinityStarFamily
from vpg.layers.spacetime_schedule import FPS, Pyramid, Schedule, plan, unroll
from vpg.models import infinitystar as transformer
from vpg.models import infinitystar_vae as video
from vpg.serving.folders.description import Schedules
from vpg.serving.folders.kind import Config, Opened, sizes
from vpg.serving.folders.place import Place
from vpg.serving.texts import Texts, directed
from vpg.text import FlanT5

WEIGHTS = {"transformer": "transformer.safetensors", "vae": "vae.safetensors", "text": "text"}
INPUTS = ("prompt", "negative_prompt", "temperature")
SIZES = {"480p": ("16:9/5s", "9:16/5s", "1:1/5s", "16:9/10s", "16:9/0s"), "720p": ("16:9/5s", "9:16/5s", "1:1/5s")}
PIXELS = 16  # of a token, a side


def published(size: str, names: Iterable[str] = ()) -> Config:
    """config.json of a published size, without its weights."""
    tables = {}
    for name in names or (f"{size}/{rest}" for rest in SIZES[size]):
        pyramid, scales, clips = plan(name)
        tables[name] = {"pyramid": asdict(pyramid), "scales": scales, "clips": clips}
    star, vae = asdict(transformer.INFINITYSTAR_8B), asdict(video.VideoDecoderConfig())
    return {"infinitystar": star, "vae": vae, "schedules": tables}


def facts(config: Config) -> dict[str, Any]:
    return {"tokens": "bitwise"}


def unrolled(config: Config) -> dict[str, Schedule]:
    """Each schedule's steps."""
    made = {}
    for name, table in config["schedules"].items():
        scales = [(height, width) for height, width in table["scales"]]
        made[name] = unroll(sizes(Pyramid, table, "pyramid"), scales, table["clips"])
    return made


def schedules(config: Config) -> Schedules:
    made = []
    for name, rows in unrolled(config).items():
        steps = [{"t": step.frames, "h": step.height, "w": step.width, "bits": step.bits} for step in rows.steps]
        size = f"{rows.width * PIXELS}x{rows.height * PIXELS}"
        made.append({"name": name, "size": size, "frames": rows.video_frames, "fps": FPS, "steps": steps})
    return made


def opened(config: Config, weights: dict[str, Path], place: Place, steps: bool) -> Opened:
    with torch.device("meta"):
        model = transformer.InfinityStar(sizes(transformer.InfinityStarConfig, config, "infinitystar"))
        vae = video.InfinityStarVae(sizes(video.VideoDecoderConfig, config, "vae"))
    fill(vae, read(weights["vae"], within="vae"), video.NOT_DECODING)
    texts = None
    if steps:
        fill(model, read(weights["transformer"]))
        place.put(model)
        texts = Texts(FlanT5(weights["text"], place.device, place.encoder), directed)
    place.put(vae)
    return Opened({name: InfinityStarFamily(model, vae, rows) for name, rows in unrolled(config).items()}, texts)
