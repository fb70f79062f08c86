"""The keys and shapes of a state dict as bytes, so that a record can hold those of the published sizes."""

from collections.abc import Callable, Collection

import numpy as np
import torch.nn as nn


def shapes(module: nn.Module, without: Collection[str] = (), rename: Callable[[str], str] = str) -> np.ndarray:
    """uint8: the lines `key shape`, sorted, of every persistent tensor but those whose last name is left out."""
    state = module.state_dict()
    kept = (key for key in state if key.rsplit(".", 1)[-1] not in without)
    lines = sorted(f"{rename(key)} {tuple(state[key].shape)}" for key in kept)
    return np.frombuffer("\n".join(lines).encode(), np.uint8)
