"""What the operator decides: config.pbtxt's parameters, and over them the environment (`weights` is VPG_WEIGHTS)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from vpg.serving.batch_rule import BatchRule
from vpg.serving.folders.place import Place

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Settings:
    weights: Path
    rule: BatchRule
    cache_bytes: int
    place: Place
    threads: int  # on a CPU
    numerics: str | None  # None: made from what is known

    @classmethod
    def read(cls, parameters: Mapping[str, str], folder: Path) -> "Settings":
        """`folder` is what a relative path starts from."""

        def value(name: str, default: str = "") -> str:
            return os.environ.get(f"VPG_{name.upper()}") or parameters.get(name) or default

        device = value("device", "cuda" if torch.cuda.is_available() else "cpu")
        return cls(
            weights=(folder / value("weights")).resolve(),
            rule=BatchRule(value("rule", BatchRule.EXACT)),
            cache_bytes=int(value("cache_bytes", str(2**28))),
            place=Place(torch.device(device), DTYPES[value("dtype", "float32")]),
            threads=int(value("threads", "1")),
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
