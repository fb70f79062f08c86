"""The end of a run: averaged weights in half precision, and a configuration that says how to build the models."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file

from sprites.classes import NAMES
from sprites.recipe import Recipe
from sprites.run import Run


def halve(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.half().contiguous() for name, tensor in state.items()}


def publish(run: Run, recipe: Recipe) -> None:
    for name in ("tokenizer", "transformer"):
        state = halve(run.load(f"{name}.pt"))
        run.write(f"{name}.safetensors", lambda path, state=state: save_file(state, path))
    config = {
        "classes": NAMES,
        "seed": run.seed,
        "var": asdict(recipe.var),
        "autoencoder": asdict(recipe.autoencoder),
        "quantizer": asdict(recipe.quantizer),
    }
    run.write("config.json", lambda path: Path(path).write_text(json.dumps(config, indent=2) + "\n"))
    run.log("published: tokenizer.safetensors, transformer.safetensors, config.json")
