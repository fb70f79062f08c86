"""The figures of one model under one load: medians, or that the memory was not enough."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from bench.loops import missed, plain, walked
from bench.subject import Load, Subject
from vpg.serving.batch_rule import BatchRule

RUNS, LONG_MS = 3, 10_000
Made = TypeVar("Made")
Times = list[float] | None  # milliseconds of all pictures together; None: out of memory


@dataclass(frozen=True)
class Figures:
    load: Load
    plain: Times
    batched: Times
    exact: Times
    batched_miss: Times
    exact_miss: Times


def measure(subject: Subject, load: Load, device: torch.device) -> Figures:
    def repeated(work: Callable[..., list[float]], *rule: BatchRule) -> Times:
        return within_memory(lambda: median(lambda: work(subject, load, device, *rule)))

    return Figures(
        load,
        repeated(plain),
        repeated(walked, BatchRule.BATCHED),
        repeated(walked, BatchRule.EXACT),
        repeated(missed, BatchRule.BATCHED),
        repeated(missed, BatchRule.EXACT),
    )


def median(work: Callable[[], list[float]]) -> list[float]:
    """Of some runs after a first one, which warms up; of a long one that alone."""
    first = work()
    return first if sum(first) > LONG_MS else np.median([work() for _ in range(RUNS)], axis=0).tolist()


def within_memory(work: Callable[[], Made]) -> Made | None:
    """None where the memory was not enough; then what was taken is free again."""
    try:
        return work()
    except (RuntimeError, MemoryError) as error:
        if not is_lack_of_memory(error):
            raise
    gc.collect()
    torch.cuda.empty_cache()
    return None


def is_lack_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)
