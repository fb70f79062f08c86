"""The tokenizer and the transformer of a folder: as published, or as far as their training has come."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn as nn

from sprites.checkpoint import load
from sprites.recipe import Recipe, choose
from sprites.run import Run
from vpg.models.var import Var
from vpg.models.vqvae import Vqvae


@dataclass
class Pair:
    """Both in float32, on the CPU, for inference."""

    var: Var
    tokenizer: Vqvae
    source: str

    @property
    def tokenizer_digest(self) -> str:
        return digest(self.tokenizer)

    @property
    def digest(self) -> str:
        """Figures of other weights are not of these."""
        return f"{digest(self.var)}-{self.tokenizer_digest}"


def digest(model: nn.Module) -> str:
    """Eight hex digits of the SHA-256 of its weights."""
    sha = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        sha.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return sha.hexdigest()[:8]


def load_pair(folder: Path) -> Pair:
    """Published weights (half precision, what is served) if there are some, else the newest state of the training."""
    if (folder / "config.json").exists():
        checkpoint = load(folder)
        return Pair(checkpoint.var, checkpoint.tokenizer, "published")
    return unfinished(Run(folder, seed=0), choose())


def unfinished(run: Run, recipe: Recipe) -> Pair:
    """Averaged weights of the transformer, and the tokenizer as it is."""
    tokenizer, var = Vqvae(recipe.autoencoder, recipe.quantizer), Var(recipe.var)
    made, source = run.load("tokenizer.pt"), "tokenizer.pt"
    if made is None:
        state = run.load("tokenizer-state.pt")
        if state is None:
            raise FileNotFoundError(f"{run.folder} holds neither config.json nor a state of the training")
        made, source = state["model"], f"tokenizer step {state['step']}"
    tokenizer.load_state_dict(made)
    if (made := run.load("transformer.pt")) is not None:
        var.load_state_dict(made)
        source += ", transformer.pt"
    elif (state := run.load("transformer-state.pt")) is not None:
        torch._foreach_copy_([parameter.data for parameter in var.parameters()], state["optimizer"]["averaged"])
        source += f", transformer step {state['step']}"
    else:
        source += ", transformer untrained"
    return Pair(var.eval().requires_grad_(False), tokenizer.eval().requires_grad_(False), source)
