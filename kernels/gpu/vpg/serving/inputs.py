"""The tensors of a request by name, each checked against what the contract says of it; a complaint names the field."""

from collections.abc import Collection, Mapping

import numpy as np

from vpg.step import Refused

LARGEST_SEED = 2**53 - 1


class Inputs:
    """Shapes are [n, ...]: n pictures, the first dimension of every tensor."""

    def __init__(self, tensors: Mapping[str, np.ndarray], names: Collection[str]) -> None:
        """All of the names must have come and nothing else may."""
        for name in tensors:
            if name not in names:
                raise Refused(name, "not an input here")
        for name in names:
            if name not in tensors:
                raise Refused(name, "missing")
        self.tensors = tensors
        self.count = len(next(iter(tensors.values())))
        for name, tensor in tensors.items():
            if tensor.ndim != 2 or len(tensor) != self.count or self.count == 0:
                raise Refused(name, f"shape {list(tensor.shape)}, not [n, ...] with n = {self.count} above 0")

    def column(self, name: str, dtype: type) -> np.ndarray:
        """[n] of a tensor [n, 1]."""
        tensor = self.tensors[name]
        if tensor.dtype != dtype or tensor.shape[1] != 1:
            raise Refused(name, f"{tensor.dtype} {list(tensor.shape)}, not {np.dtype(dtype)} [{self.count}, 1]")
        return tensor[:, 0]

    def shared(self, name: str) -> int:
        """INT32 [n, 1] that all say the same."""
        values = self.column(name, np.int32)
        if (values != values[0]).any():
            raise Refused(name, "differs between pictures of one request")
        return int(values[0])

    def floats(self, name: str) -> np.ndarray:
        """FP32 [n, any], all finite."""
        tensor = self.tensors[name]
        if tensor.dtype != np.float32:
            raise Refused(name, f"{tensor.dtype}, not float32")
        if not np.isfinite(tensor).all():
            raise Refused(name, "a value is not finite")
        return tensor

    def seeds(self, name: str) -> list[int]:
        """UINT64 [n, 1] of at most 53 bits."""
        seeds = [int(seed) for seed in self.column(name, np.uint64)]
        if max(seeds) > LARGEST_SEED:
            raise Refused(name, f"{max(seeds)} is above 2^53 - 1")
        return seeds

    def texts(self, name: str, longest: int | None = None) -> list[str]:
        """BYTES [n, 1], UTF-8."""
        try:
            texts = [bytes(value).decode() for value in self.column(name, np.object_)]
        except UnicodeDecodeError as error:
            raise Refused(name, "not UTF-8") from error
        if longest is not None and any(len(text) > longest for text in texts):
            raise Refused(name, f"longer than {longest}")
        return texts

    def choice(self, name: str, choices: Collection[str]) -> str:
        """BYTES [n, 1] that all say the same, one of a few."""
        values = self.texts(name)
        if values[0] not in choices:
            raise Refused(name, f"{values[0][:40]!r}, not one of {', '.join(repr(str(each)) for each in choices)}")
        if any(value != values[0] for value in values):
            raise Refused(name, "differs between pictures of one request")
        return values[0]
