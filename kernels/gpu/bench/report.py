"""The figures as a table, in Markdown, one line a load as it is measured."""

import os
import platform
from pathlib import Path

import torch

from bench.measure import Figures, Times

NONE = "out of memory"
COLUMNS = (
    *("size", "rows", "pictures", "plain loop", "batched, hits", "exact, hits", "exact : batched"),
    *("a step, mean", "last step: hit", "missed, one pass", "exact: hit", "missed, replayed"),
)
HEAD = [f"| {' | '.join(COLUMNS)} |", f"| --- | {' | '.join('---:' for _ in COLUMNS[1:])} |"]


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return (
        f"{name}, {os.cpu_count()} cores ({torch.backends.cpu.get_cpu_capability()}), {torch.get_num_threads()} threads"
    )


def title(device: torch.device, dtype: torch.dtype) -> str:
    kind = str(dtype).removeprefix("torch.")
    return f"{device_name(device)}; blocks in {kind}; PyTorch {torch.__version__}; milliseconds a picture"


def line(size: str, figures: Figures) -> str:
    """Of a whole picture the ratio to the plain loop stands behind it."""
    load = figures.load
    plain, batched, exact = (whole(times, load.pictures) for times in (figures.plain, figures.batched, figures.exact))
    steps = len(figures.batched) if figures.batched else 1
    cells = [
        *(size, str(load.rows), str(load.pictures), shown(plain)),
        *(f"{shown(each)}{beside(each, plain)}" for each in (batched, exact)),
        NONE if batched is None or exact is None else f"{exact / batched:.2f}",
        shown(None if batched is None else batched / steps),
        *(shown(last(times, load.pictures)) for times in (figures.batched, figures.batched_miss)),
        *(shown(last(times, load.pictures)) for times in (figures.exact, figures.exact_miss)),
    ]
    return f"| {' | '.join(cells)} |"


def without_weights(size: str) -> str:
    return f"| {size} | | | {NONE}: the weights alone | {'| ' * (len(COLUMNS) - 4)}"


def whole(times: Times, pictures: int) -> float | None:
    return None if times is None else sum(times) / pictures


def last(times: Times, pictures: int) -> float | None:
    return None if times is None else times[-1] / pictures


def shown(ms: float | None) -> str:
    """Three digits that count."""
    if ms is None:
        return NONE
    return f"{ms:,.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 10 else f"{ms:.2f}"


def beside(ms: float | None, plain: float | None) -> str:
    return "" if ms is None or plain is None else f" ({ms / plain:.2f})"
