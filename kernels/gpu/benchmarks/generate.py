"""Pictures of a served folder, step by step: requests as the edge sends them, answered by the endpoint's own code.

So what is measured is what users get: under the exact batch rule the same bytes as through the API, under the batched
one equal within the rounding that the server has too.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.draw import draw_bits, draw_codebook
from benchmarks.sampling import Sampling, guidance_of, tempers
from sprites.seeds import corruption_seed
from vpg.serving import candidates
from vpg.serving.batch_rule import BatchRule
from vpg.serving.decoding import rounded
from vpg.serving.endpoint import Endpoint
from vpg.serving.folder import json_of, open_folder
from vpg.serving.folders.place import Place
from vpg.serving.served import Served
from vpg.serving.step_request import read_step
from vpg.step import Family

Wanted = int | str  # a class, or a prompt


@dataclass
class Model:
    """A served folder, opened."""

    family: str
    served: Served
    schedules: dict[str, list[dict[str, int]]]  # t, h, w of each step
    rule: BatchRule
    cache_bytes: int

    @classmethod
    def open(cls, folder: Path, place: Place, rule: BatchRule, cache_bytes: int, numerics: str) -> "Model":
        described = json_of(folder / "model.json")
        schedules = {each["name"]: each["steps"] for each in described["schedules"]}
        served = open_folder(folder, place, numerics)
        return cls(described.get("family", "var"), served, schedules, rule, cache_bytes)

    def tokens(self, schedule: str, wanted: list[Wanted], seeds: list[int], sampling: Sampling) -> np.ndarray:
        """As they are sent, [n, L]: a picture a seed."""
        family, steps = self.served.families[schedule], self.schedules[schedule]
        endpoint = Endpoint(self.served, self.rule, self.cache_bytes)
        guidance = guidance_of(self.family, sampling.guidance_scale, len(steps))
        edge, own = tempers(sampling, family, steps)
        draw = draw_codebook if family.token_type is np.uint16 else draw_bits
        tokens = np.zeros((len(seeds), 0), family.token_type)
        for k in range(len(steps)):
            strength = float(np.float32(sampling.vpg_scale)) if k > 0 else 0.0
            request = tensors(self.served, schedule, wanted, seeds, tokens, guidance[: k + 1], sampling, strength, own)
            drawing = candidates.Sampling(strength, float(np.float32(edge)), sampling.top_k, sampling.top_p)
            pairs = endpoint.pairs(read_step(self.served, request))
            drawn = [draw(pair.logits_1lBV[0], drawing, seed, k) for pair, seed in zip(pairs, seeds, strict=True)]
            tokens = np.concatenate([tokens, np.stack(drawn)], axis=1)
        return tokens

    def pixels(self, schedule: str, tokens_L: np.ndarray) -> np.ndarray:
        """uint8 [F, H, W, 3] of one picture (F = 1) or video, by itself, as the decoder's endpoint makes its files."""
        family: Family = self.served.families[schedule]
        return rounded(family.decode(tokens_L[None], len(family.lengths))[0])


def tensors(
    served: Served,
    schedule: str,
    wanted: list[Wanted],
    seeds: list[int],
    tokens: np.ndarray,
    guidance: list[float],
    sampling: Sampling,
    strength: float,
    temperatures: list[float] | None,
) -> dict[str, np.ndarray]:
    """A step request, as the contract has it; the step is the last that guidance is given for."""
    count, k = len(seeds), len(guidance) - 1

    def column(values: list, dtype: type) -> np.ndarray:
        return np.array([[value] for value in values], dtype)

    def same(text: str) -> np.ndarray:
        return column([text.encode()] * count, np.object_)

    made = {
        "step": column([k] * count, np.int32),
        "schedule": same(schedule),
        "tokens": tokens,
        "guidance": np.array([guidance] * count, np.float32),
        "corruption_ratio": column([sampling.corruption_ratio if strength else 0.0] * count, np.float32),
        "corruption_kind": same(str(sampling.corruption_kind)),
        "corruption_seed": column([corruption_seed(seed) for seed in seeds], np.uint64),
        "prefix_key": column([f"{i}-{seed}".encode() for i, seed in enumerate(seeds)], np.object_),
    }
    if "class" in served.conditions.names:
        made["class"] = column(wanted, np.int32)
    else:
        made["prompt"] = column([str(each).encode() for each in wanted], np.object_)
        made["negative_prompt"] = same("")
    if temperatures is not None:
        made["temperature"] = column([temperatures[k]] * count, np.float32)
    return made
