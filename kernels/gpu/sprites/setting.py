"""One way to sample: the parameters of the API, and what they mean at every step."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Setting:
    guidance_scale: float = 0.0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    vpg_scale: float = 0.0
    vpg_schedule: str | tuple[float, ...] = "constant"  # or "ramp", or a factor a step
    corruption_ratio: float = 0.0

    def __post_init__(self) -> None:
        """What has no effect is put to its default, so that equal settings are equal."""
        if isinstance(self.vpg_schedule, list):
            object.__setattr__(self, "vpg_schedule", tuple(self.vpg_schedule))
        if self.vpg_scale == 0 or self.corruption_ratio == 0:
            for name, value in (("vpg_scale", 0.0), ("vpg_schedule", "constant"), ("corruption_ratio", 0.0)):
                object.__setattr__(self, name, value)

    @property
    def label(self) -> str:
        """Short, for tables."""
        parts = [f"CFG {self.guidance_scale:g}"]
        parts += [f"top-p {self.top_p:g}"] if self.top_p < 1 else []
        parts += [f"top-k {self.top_k}"] if self.top_k else []
        parts += [f"T {self.temperature:g}"] if self.temperature != 1 else []
        if self.vpg_scale:
            given = self.vpg_schedule
            schedule = "falling" if given == falling(len(given)) else str(given)
            parts.append(f"VPG {self.vpg_scale:g} {schedule}, n_p {self.corruption_ratio:g}")
        return ", ".join(parts)

    def guidance(self, steps: int) -> list[float]:
        """t of every step, VAR's ramp."""
        return [float(np.float32(self.guidance_scale * share)) for share in ramp(steps)]

    def strengths(self, steps: int) -> list[float]:
        """lambda of every step, in float64 and then rounded once."""
        match self.vpg_schedule:
            case "constant":
                factors: tuple[float, ...] = (1.0,) * steps
            case "ramp":
                factors = tuple(ramp(steps))
            case list() | tuple():
                factors = self.vpg_schedule
            case _:
                raise ValueError(f"vpg_schedule is neither constant, ramp nor a list: {self.vpg_schedule}")
        if len(factors) != steps:
            raise ValueError(f"vpg_schedule must have {steps} factors, not {len(factors)}")
        return [float(np.float32(self.vpg_scale * factor)) for factor in factors]


def ramp(steps: int) -> list[float]:
    return [k / (steps - 1) if steps > 1 else 1.0 for k in range(steps)]


def falling(steps: int) -> tuple[float, ...]:
    """The ramp backwards."""
    return tuple(ramp(steps)[::-1])
