"""A published checkpoint, as sprites.publish leaves its folder: read for inference, and named by its bytes."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file

from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.var import Var, VarConfig
from vpg.models.vqvae import Vqvae

UNNAMED = "var-sprites"  # whose checkpoint was published when there was no other
WEIGHTS = ("transformer.safetensors", "tokenizer.safetensors")


@dataclass
class Checkpoint:
    folder: Path
    id: str
    classes: list[str]
    var: Var
    tokenizer: Vqvae

    @property
    def bounds(self) -> list[int]:
        return self.var.config.bounds

    @property
    def steps(self) -> list[dict[str, int]]:
        return [{"t": 1, "h": side, "w": side} for side in self.var.config.scales]

    @property
    def schedule(self) -> str:
        """Its name: the picture's side in pixels."""
        return str(self.pixels_side)

    @property
    def pixels_side(self) -> int:
        decoder = self.tokenizer.decoder
        return self.var.config.scales[-1] * decoder.patch * 2 ** (len(decoder.up) - 1)


def load(folder: Path) -> Checkpoint:
    config = json.loads((folder / "config.json").read_text())
    var = Var(VarConfig(**config["var"]))
    tokenizer = Vqvae(AutoencoderConfig(**config["autoencoder"]), QuantizerConfig(**config["quantizer"]))
    for model, name in zip((var, tokenizer), WEIGHTS, strict=True):
        model.load_state_dict({key: value.float() for key, value in load_file(folder / name).items()})
        model.eval().requires_grad_(False)
    return Checkpoint(folder, config.get("id", UNNAMED), config["classes"], var, tokenizer)


def revision(folder: Path, schedules: dict[str, list[dict[str, int]]]) -> str:
    """SHA-256, in hex, of the bytes of transformer.safetensors, then those of tokenizer.safetensors, then the schedule
    table {name: [{"t", "h", "w"}, ...]} as UTF-8 JSON with sorted keys and no spaces."""
    digest = hashlib.sha256()
    for name in WEIGHTS:
        digest.update((folder / name).read_bytes())
    digest.update(json.dumps(schedules, sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()
