"""How pictures are sampled: the request's fields as the edge's plan makes steps of them, and the published settings."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sprites.setting import ramp
from vpg.corruption import Corruption
from vpg.step import Family

Temperature = float | tuple[float, float]  # of a video: of its first picture, and of the clips after it


@dataclass(frozen=True)
class Sampling:
    """As in a request; lambda is the same at every step, as in the paper."""

    guidance_scale: float
    temperature: Temperature = 1.0
    top_k: int = 0
    top_p: float = 1.0
    vpg_scale: float = 0.0
    corruption_ratio: float = 0.1
    corruption_kind: Corruption = Corruption.EMBEDDING

    @property
    def plain(self) -> "Sampling":
        """The same without VPG."""
        return replace(self, vpg_scale=0.0)

    def said(self) -> dict[str, Any]:
        """As an API request would say it."""
        temperature = self.temperature
        if isinstance(temperature, tuple):
            temperature = {"image": temperature[0], "video": temperature[1]}
        corruption = {"ratio": self.corruption_ratio, "kind": str(self.corruption_kind)}
        vpg = {"scale": self.vpg_scale, "schedule": "constant", "corruption": corruption} if self.vpg_scale else False
        cut = {"top_k": self.top_k, "top_p": self.top_p}
        return {"guidance_scale": self.guidance_scale, "temperature": temperature, **cut, "vpg": vpg}


def guidance_of(family: str, scale: float, steps: int) -> list[float]:
    """One a step: VAR's ramp, Infinity's and InfinityStar's scale as it is (src/plan/guidance.ts)."""
    shares = ramp(steps) if family == "var" else [1.0] * steps
    return [float(np.float32(scale * share)) for share in shares]


def tempers(sampling: Sampling, family: Family, steps: list[dict[str, int]]) -> tuple[float, list[float] | None]:
    """What the sampler divides by, and what the model divides by at each step, if it does (src/plan/temperature.ts)."""
    given = sampling.temperature
    if not family.tempered:
        if isinstance(given, tuple):
            raise ValueError("two temperatures are for videos")
        return given, None
    if given == 0:
        return 0.0, [1.0] * len(steps)
    image, video = given if isinstance(given, tuple) else (given, given)
    first = first_clip(steps)
    return 1.0, [image if k < first else video for k in range(len(steps))]


def first_clip(steps: list[dict[str, int]]) -> int:
    """The step with which a video's first clip begins: frames change, or the scales start again."""
    for k in range(1, len(steps)):
        step, before = steps[k], steps[k - 1]
        if step["t"] != before["t"] or step["h"] * step["w"] < before["h"] * before["w"]:
            return k
    return len(steps)


# Of VPG's paper (arXiv 2605.30317): lambda by the depth of VAR, n_p 0.1; the rest is the base model's own script.
VAR_SCALES = {16: 3.0, 20: 2.4, 24: 1.8, 30: 1.3}
BASE = {
    "var": Sampling(1.5, 1.0, 900, 0.96),
    "infinity": Sampling(4.0, 0.5, 900, 0.97),
    "infinitystar": Sampling(34.0, (1.0, 0.4)),
}


def published(family: str, config: dict[str, Any]) -> Sampling | None:
    """The paper's settings for a served folder's config.json; None for a model that it did not try."""
    base = BASE[family]
    match family:
        case "var":
            scale = VAR_SCALES.get(config["var"]["depth"])
            return replace(base, vpg_scale=scale) if scale else None
        case "infinity" if config["infinity"]["depth"] == 32:
            return replace(base, vpg_scale=0.2)
        case "infinitystar" if config["infinitystar"]["depth"] == 36:
            return replace(base, vpg_scale=0.25, corruption_ratio=0.05)
    return None
