"""The end of a run: averaged weights in half precision, and a configuration that says how to build the models."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from sprites.classes import NAMES
from sprites.recipe import Recipe
from sprites.run import Run


def halve(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.half().contiguous() for name, tensor in state.items()}


def config_of(recipe: Recipe, classes: list[str], seed: int) -> dict[str, Any]:
    """What builds both models again."""
    return {
        "classes": classes,
        "seed": seed,
        "var": asdict(recipe.var),
        "autoencoder": asdict(recipe.autoencoder),
        "quantizer": asdict(recipe.quantizer),
    }


def write_published(run: Run, tokenizer: Mapping[str, Any], transformer: Mapping[str, Any], config: Mapping) -> None:
    """A checkpoint's folder, as sprites.export takes it, of both models' states."""
    for name, state in (("tokenizer", tokenizer), ("transformer", transformer)):
        half = halve(state)
        run.write(f"{name}.safetensors", lambda path, half=half: save_file(half, path))
    run.write("config.json", lambda path: Path(path).write_text(json.dumps(config, indent=2) + "\n"))
    run.log("published: tokenizer.safetensors, transformer.safetensors, config.json")


def publish(run: Run, recipe: Recipe) -> None:
    states = (run.load(f"{name}.pt") for name in ("tokenizer", "transformer"))
    write_published(run, *states, config_of(recipe, NAMES, run.seed))
