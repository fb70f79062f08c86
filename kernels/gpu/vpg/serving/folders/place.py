"""Where a model's weights go: a device, and the blocks' dtype; all around the blocks stays float32."""

from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.nn as nn

Model = TypeVar("Model", bound=nn.Module)
BLOCKS = ("blocks.", "block_chunks.")


@dataclass(frozen=True)
class Place:
    device: torch.device = torch.device("cpu")
    blocks: torch.dtype = torch.float32

    @property
    def encoder(self) -> torch.dtype:
        """The text encoder's: half precision beside half-precision blocks on a GPU, as in the official code."""
        half = self.blocks != torch.float32 and self.device.type == "cuda"
        return torch.float16 if half else torch.float32

    @torch.no_grad()
    def put(self, model: Model) -> Model:
        """Ready to serve; tensor by tensor, so that no model is there twice."""
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            dtype = self.blocks if name.startswith(BLOCKS) else torch.float32
            tensor.data = tensor.data.to(self.device, dtype if tensor.is_floating_point() else None)
        return model.eval().requires_grad_(False)
