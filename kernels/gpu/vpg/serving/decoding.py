"""Model `{id}.decode`: tokens of any number of whole steps to an encoded picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate

import numpy as np
import torch
from PIL import Image

from vpg.serving.inputs import Inputs
from vpg.serving.served import Served
from vpg.step import Family, Refused

OPTIONS: dict[str, dict[str, int]] = {
    "png": {"compress_level": 9},
    "webp": {"quality": 92},
    "jpeg": {"quality": 92, "subsampling": 0},
}


@dataclass(frozen=True)
class Decoding:
    family: Family
    tokens: np.ndarray  # [n, L] as sent
    steps: int
    format: str


def read_decode(served: Served, tensors: Mapping[str, np.ndarray]) -> Decoding:
    """Raises Refused."""
    inputs = Inputs(tensors, ("tokens", "schedule", "format"))
    family = served.families[inputs.choice("schedule", served.families)]
    kind, tokens = inputs.choice("format", OPTIONS), tensors["tokens"]
    bounds = list(accumulate(family.lengths))
    if tokens.shape[1] not in bounds:
        raise Refused("tokens", f"{tokens.shape[1]} are not a number of whole steps")
    steps = bounds.index(tokens.shape[1]) + 1
    family.split(tokens, steps)
    return Decoding(family, tokens, steps, kind)


def decode(decoding: Decoding) -> np.ndarray:
    """`media`, object [n, 1]; each picture by itself, so that its bytes depend on its tokens alone."""
    files = [[encode(decoding.family.decode(own[None], decoding.steps)[0], decoding.format)] for own in decoding.tokens]
    return np.array(files, np.object_)


def encode(picture_3HW: torch.Tensor, kind: str) -> bytes:
    """A picture in [0, 1], a half rounded up."""
    pixels_HW3 = (picture_3HW * 255 + 0.5).floor().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
    file = BytesIO()
    Image.fromarray(pixels_HW3.cpu().numpy()).save(file, kind, **OPTIONS[kind])
    return file.getvalue()
