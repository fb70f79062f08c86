"""What the operator decides: config.pbtxt's parameters, and over them the environment (`weights` is VPG_WEIGHTS)."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from vpg.serving.batch_rule import BatchRule
from vpg.serving.folders.place import Place

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

Value = TypeVar("Value")


class SettingError(ValueError):
    """A setting that cannot be; the message names it."""


def whole(least: int) -> Callable[[str], int]:
    """A reader of whole numbers, which raises ValueError below the least."""

    def read(text: str) -> int:
        if (number := int(text)) < least:
            raise ValueError(f"{number} is below {least}")
        return number

    return read


@dataclass(frozen=True)
class Settings:
    """Of one model of a server."""

    weights: Path
    rule: BatchRule
    cache_bytes: int
    place: Place
    threads: int  # on a CPU
    numerics: str | None  # None: made from what is known

    @classmethod
    def read(cls, parameters: Mapping[str, str], folder: Path) -> "Settings":
        """`folder` is what a relative path starts from. Raises SettingError."""

        def value(name: str, default: str = "") -> str:
            return os.environ.get(f"VPG_{name.upper()}") or parameters.get(name) or default

        def read(name: str, default: str, parse: Callable[[str], Value], wanted: str) -> Value:
            text = value(name, default)
            try:
                return parse(text)
            except (ValueError, KeyError, RuntimeError) as error:
                raise SettingError(f"{name} (VPG_{name.upper()}): {text!r} is not {wanted}") from error

        if not value("weights"):
            raise SettingError("weights (VPG_WEIGHTS): missing, the folder with model.json")
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return cls(
            weights=(folder / value("weights")).resolve(),
            rule=read("rule", BatchRule.EXACT, BatchRule, " or ".join(BatchRule)),
            cache_bytes=read("cache_bytes", str(2**28), whole(0), "a number of bytes, from 0"),
            place=Place(
                read("device", device, torch.device, "a device of PyTorch, such as cuda:0"),
                read("dtype", "float32", DTYPES.__getitem__, f"one of {', '.join(DTYPES)}"),
            ),
            threads=read("threads", "1", whole(1), "a number of threads, from 1"),
            numerics=value("numerics") or None,
        )

    def named(self, model: str) -> str:
        """The numerics class: weights, build, kind of device, batch rule."""
        if self.numerics is not None:
            return self.numerics
        build = torch.__version__.split("+")[0]
        if self.place.device.type == "cuda":
            kind = torch.cuda.get_device_name(self.place.device).lower().replace(" ", "-")
        else:
            kind = f"cpu-{torch.backends.cpu.get_cpu_capability().lower()}-{self.threads}"
        if self.place.blocks != torch.float32:
            kind += f"-{self.place.blocks}".replace("torch.", "")
        return f"{model}/torch-{build}/{kind}/{self.rule.numerics}"
