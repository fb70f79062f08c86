"""A folder as `sprites.export` leaves it (kernels/weights/var-sprites), ready to be served."""

import hashlib
import json
from pathlib import Path

import torch

from vpg.checkpoint import CheckpointError, fill, read
from vpg.families.var import VarFamily
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.var import Var, VarConfig
from vpg.models.vqvae import Vqvae
from vpg.serving.condition import Classes
from vpg.serving.served import Served

WEIGHTS = ("transformer.safetensors", "tokenizer.safetensors")


def open_sprites(folder: Path, device: torch.device, numerics: str) -> Served[int]:
    """Raises CheckpointError when the weights are not those of model.json's revision."""
    described, config = (json.loads((folder / name).read_text()) for name in ("model.json", "config.json"))
    schedules = {schedule["name"]: schedule["steps"] for schedule in described["schedules"]}
    revision = digest(folder, schedules)
    if revision != described["revision"]:
        raise CheckpointError(f"{folder}: the weights are of revision {revision}, model.json of another")
    var = Var(VarConfig(**config["var"]))
    vqvae = Vqvae(AutoencoderConfig(**config["autoencoder"]), QuantizerConfig(**config["quantizer"]))
    for model, name in zip((var, vqvae), WEIGHTS, strict=True):
        fill(model, read(folder / name))
        model.to(device).eval().requires_grad_(False)
    family = VarFamily(var, vqvae)
    families = {name: family for name in schedules}
    return Served(described["id"], revision, numerics, families, Classes(var.config.classes))


def digest(folder: Path, schedules: dict[str, list[dict[str, int]]]) -> str:
    """SHA-256 of the weights' bytes, then the schedule table as JSON with sorted keys and no spaces."""
    made = hashlib.sha256()
    for name in WEIGHTS:
        made.update((folder / name).read_bytes())
    made.update(json.dumps(schedules, sort_keys=True, separators=(",", ":")).encode())
    return made.hexdigest()
