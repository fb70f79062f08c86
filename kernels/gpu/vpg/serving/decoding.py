"""Model `{id}.decode`: tokens of any number of whole steps to an encoded picture or video."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch

from vpg.serving.film import film
from vpg.serving.inputs import Inputs
from vpg.serving.served import Served
from vpg.serving.still import STILLS, still
from vpg.step import Family, Refused

FILM = "mp4"


@dataclass(frozen=True)
class Decoding:
    """A request to decode, checked."""

    family: Family
    tokens: np.ndarray  # [n, L] as sent
    steps: int
    format: str


def read_decode(served: Served, tensors: Mapping[str, np.ndarray]) -> Decoding:
    """Raises Refused."""
    inputs = Inputs(tensors, ("tokens", "schedule", "format"))
    family = served.families[inputs.choice("schedule", served.families)]
    kind = inputs.choice("format", (*STILLS, FILM) if family.frames > 1 else STILLS)
    tokens, bounds = tensors["tokens"], list(accumulate(family.columns))
    if tokens.shape[1] not in bounds:
        raise Refused("tokens", f"{tokens.shape[1]} are not a number of whole steps")
    steps = bounds.index(tokens.shape[1]) + 1
    family.split(tokens, steps)
    return Decoding(family, tokens, steps, kind)


def decode(decoding: Decoding) -> np.ndarray:
    """`media`, object [n, 1]; each picture by itself, so that its bytes depend on its tokens alone."""
    made = [encode(decoding.family.decode(own[None], decoding.steps)[0], decoding.format) for own in decoding.tokens]
    return np.array([[file] for file in made], np.object_)


def encode(pixels: torch.Tensor, kind: str) -> bytes:
    """Of a picture [3, H, W] or a video's frames [3, F, H, W] in [0, 1]; a still of a video is its first frame."""
    rounded_FHW3 = rounded(pixels)
    return film(rounded_FHW3) if kind == FILM else still(rounded_FHW3[0], kind)


def rounded(pixels: torch.Tensor) -> np.ndarray:
    """uint8 [F, H, W, 3], a half rounded up; F = 1 of a picture."""
    frames_3FHW = pixels if pixels.dim() == 4 else pixels[:, None]
    return (frames_3FHW * 255 + 0.5).floor().clamp(0, 255).to(torch.uint8).permute(1, 2, 3, 0).cpu().numpy()
