"""Requests of text families with random bits, and what an endpoint answers to them."""

import json

import numpy as np

from vpg.bits import bytes_of, pack
from vpg.corruption import Corruption
from vpg.serving.batch_rule import BatchRule
from vpg.serving.endpoint import Endpoint
from vpg.serving.served import Served
from vpg.serving.step_request import read_step

Tensors = dict[str, np.ndarray]
PROMPTS = ("a cat on a mat", "ein Hündchen, 雪", "")


def text(*values: str) -> np.ndarray:
    return np.array([[value.encode()] for value in values], np.object_)


def tokens(steps: list[dict[str, int]], count: int, seed: int = 0) -> np.ndarray:
    """Packed random bits of whole steps."""
    generator, parts = np.random.default_rng(seed), [np.zeros((count, 0), np.uint8)]
    for step in steps:
        shape = count, step["t"] * step["h"] * step["w"], step["bits"]
        parts.append(pack(generator.integers(2, size=shape)).reshape(count, shape[1] * bytes_of(step["bits"])))
    return np.concatenate(parts, axis=1)


def request(
    schedule: dict, step: int, count: int = 1, kind: Corruption | None = None, guidance: float = 4.0, seed: int = 0
) -> Tensors:
    """Step k of so many pictures under a schedule of model.json."""
    return {
        "step": np.full((count, 1), step, np.int32),
        "schedule": text(*[schedule["name"]] * count),
        "tokens": tokens(schedule["steps"][:step], 3, seed)[:count],
        "prompt": text(*PROMPTS[:count]),
        "negative_prompt": text(*["", "blurred", ""][:count]),
        "guidance": np.full((count, step + 1), guidance, np.float32),
        "corruption_ratio": np.full((count, 1), 0 if kind is None else 0.5, np.float32),
        "corruption_kind": text(*[kind or ""] * count),
        "corruption_seed": np.arange(count, dtype=np.uint64)[:, None] + 7,
        "prefix_key": text(*[f"picture {i}" for i in range(count)]),
    }


def endpoint(served: Served, rule: BatchRule = BatchRule.EXACT, cache_bytes: int = 2**24) -> Endpoint:
    return Endpoint(served, rule, cache_bytes)


def answer(where: Endpoint, tensors: Tensors) -> tuple[np.ndarray, list[str]]:
    """The pair, and for each picture what was found in the cache."""
    made = where.answer([read_step(where.served, tensors)])[0]
    return made.rows["logits"], [json.loads(said)["cache"] for (said,) in made.stats]
