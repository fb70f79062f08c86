"""One way to sample, wider than the API: what a sweep over the parts of visual prefix guidance varies."""

from dataclasses import dataclass, replace
from typing import Any

from scenes.recipe import SCALES
from vpg.corruption import Corruption

STEPS = len(SCALES)
SHAPES = {
    "constant": (1.0,) * STEPS,
    "falling": tuple(1 - k / (STEPS - 1) for k in range(STEPS)),
    "rising": tuple(k / (STEPS - 1) for k in range(STEPS)),
    "early": tuple(float(k < STEPS / 2) for k in range(STEPS)),
    "late": tuple(float(k >= STEPS / 2) for k in range(STEPS)),
    "middle": tuple(float(1 < k < STEPS - 1) for k in range(STEPS)),
}


@dataclass(frozen=True)
class Setting:
    cfg: float = 0.0  # gamma at the last step; ramped from 0
    temperature: float = 1.0
    top_p: float = 1.0
    strength: float = 0.0  # lambda
    ratio: float = 0.0  # n_p
    shape: tuple[float, ...] = SHAPES["constant"]  # of lambda, a factor a step
    kind: str = Corruption.EMBEDDING.value
    own: bool = True  # whether the step's own input is corrupted too, or only what earlier steps left
    anew: bool = False  # whether the whole prefix is corrupted anew at each step, or each step's input once

    @property
    def guided(self) -> bool:
        return self.strength != 0 and self.ratio != 0

    @property
    def label(self) -> str:
        parts = [f"CFG {self.cfg:g}"] if self.cfg else []
        parts += [f"T {self.temperature:g}"] if self.temperature != 1 else []
        parts += [f"top-p {self.top_p:g}"] if self.top_p < 1 else []
        if self.guided:
            shape = next((name for name, given in SHAPES.items() if given == self.shape), str(list(self.shape)))
            parts.append(f"VPG {self.strength:g} n_p {self.ratio:g}")
            parts += [shape] if shape != "constant" else []
            parts += [self.kind] if self.kind != Corruption.EMBEDDING else []
            parts += ["earlier only"] if not self.own else []
            parts += ["anew"] if self.anew else []
        return ", ".join(parts) or "plain"

    def unguided(self) -> "Setting":
        """The same without VPG: what it must beat."""
        default = Setting()
        names = ("strength", "ratio", "shape", "kind", "own", "anew")
        return replace(self, **{name: getattr(default, name) for name in names})


def read_setting(**given: Any) -> Setting:
    """Of fields as JSON has them."""
    return Setting(**(given | {"shape": tuple(given.get("shape", Setting.shape))}))


USUAL = Setting(strength=0.5, ratio=0.5)  # the VPG that every member is compared with
