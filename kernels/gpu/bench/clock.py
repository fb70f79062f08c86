"""Milliseconds in the device's own time: CUDA events on a GPU, the process's clock on a CPU."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Clock:
    def __init__(self, device: torch.device) -> None:
        self.on_gpu = device.type == "cuda"
        self.marks: list[torch.cuda.Event | float] = []

    @contextmanager
    def span(self) -> Iterator[None]:
        """What is launched in it; it does not wait for the device."""
        self.mark()
        yield
        self.mark()

    def mark(self) -> None:
        if self.on_gpu:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self.marks.append(event)
        else:
            self.marks.append(time.perf_counter())

    def read(self) -> list[float]:
        """One number a span so far."""
        pairs = list(zip(self.marks[::2], self.marks[1::2], strict=True))
        if not self.on_gpu:
            return [(end - begin) * 1000 for begin, end in pairs]
        torch.cuda.synchronize()
        return [begin.elapsed_time(end) for begin, end in pairs]
