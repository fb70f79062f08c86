"""Checkpoints as published: read from a file or a folder of shards, checked key by key, and put into a model."""

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
import torch.nn as nn
from safetensors import SafetensorError
from safetensors.torch import load_file

State = Mapping[str, torch.Tensor]
DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


class CheckpointError(ValueError):
    """The checkpoint is not one of this model; the message names what is wrong, one line each."""


def read(path: Path, within: str | None = None) -> dict[str, torch.Tensor]:
    """Tensors of a .pth or .safetensors file, or of a folder with an index of shards; `within` is a key of a .pth."""
    if path.is_dir():
        return read_shards(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        made = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError) as error:
        raise CheckpointError(f"{path} cannot be read, is it whole? {error}") from error
    if within is not None:
        if not isinstance(made, dict) or within not in made:
            raise CheckpointError(f"{path}: no entry {within!r}")
        made = made[within]
    if not isinstance(made, dict) or not all(isinstance(each, torch.Tensor) for each in made.values()):
        entries = ", ".join(map(str, made)) if isinstance(made, dict) else type(made).__name__
        raise CheckpointError(f"{path} is not a flat state dict: {entries[:200]}")
    return made


def read_shards(folder: Path) -> dict[str, torch.Tensor]:
    """All shards that the one `*.index.json` names."""
    indices = sorted(folder.glob("*.index.json"))
    if len(indices) != 1:
        raise CheckpointError(f"{folder}: one *.index.json is needed, there are {len(indices)}")
    state: dict[str, torch.Tensor] = {}
    for name in sorted(set(json.loads(indices[0].read_text())["weight_map"].values())):
        if not (folder / name).exists():
            raise CheckpointError(f"{folder}: the shard {name} is missing")
        state.update(read(folder / name))
    return state


def fill(
    module: nn.Module,
    state: State,
    ignored: Collection[str] = (),
    rename: Callable[[str], str] = str,
) -> None:
    """Loads every tensor, or raises naming every key that is missing, unexpected, or of a wrong shape or dtype.

    A key is ignored when it, or its beginning up to a dot, is listed. Numbers take the dtype of the module's own; a
    module made on the meta device takes the checkpoint's tensors as they are.
    """
    theirs = {rename(key): tensor for key, tensor in state.items() if not listed(key, ignored)}
    ours = module.state_dict()
    faults = [f"missing: {key} {list(ours[key].shape)}" for key in ours if key not in theirs]
    faults += [f"unexpected: {key} {list(theirs[key].shape)}" for key in theirs if key not in ours]
    for key in ours.keys() & theirs.keys():
        wanted, given = ours[key], theirs[key]
        if wanted.shape != given.shape:
            faults.append(f"wrong shape: {key} is {list(given.shape)}, {list(wanted.shape)} is wanted")
        if given.dtype not in DTYPES:
            faults.append(f"wrong dtype: {key} is {given.dtype}, a floating one of at least 16 bits is wanted")
    if faults:
        raise CheckpointError("\n".join([f"not a checkpoint of this {type(module).__name__}:", *sorted(faults)]))
    module.load_state_dict(theirs, assign=any(tensor.is_meta for tensor in ours.values()))


def listed(key: str, names: Collection[str]) -> bool:
    """Whether the key, or its beginning up to a dot, is one of the names."""
    return any(key == name or key.startswith(f"{name}.") for name in names)
