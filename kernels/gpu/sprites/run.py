"""One training run on disk: states that survive a kill, and randomness that depends on the step alone."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch


class Part(Protocol):
    """A model, an optimizer: whatever a training changes."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> Any: ...


class Run:
    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        return self.folder / name

    def log(self, line: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)

    def write(self, name: str, write: Callable[[Path], None]) -> None:
        """Write a file whole or not at all."""
        unfinished = self.folder / f"unfinished-{name}"
        write(unfinished)
        os.replace(unfinished, self.path(name))

    def save(self, name: str, state: dict) -> None:
        self.write(name, lambda path: torch.save(state, path))

    def load(self, name: str) -> dict | None:
        path = self.path(name)
        return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None

    def once(self, name: str, make: Callable[[], dict]) -> dict:
        """From the folder, or made now and kept there."""
        if (state := self.load(name)) is None:
            state = make()
            self.save(name, state)
        return state

    def keep(self, name: str, step: int, parts: Mapping[str, Part]) -> None:
        """What a training needs to go on at this step, in NAME-state.pt."""
        self.save(f"{name}-state.pt", {"step": step, **{key: part.state_dict() for key, part in parts.items()}})

    def resume(self, name: str, parts: Mapping[str, Part]) -> int:
        """Put the parts back as they were last kept, if they were; returns the step to go on at."""
        if (state := self.load(f"{name}-state.pt")) is None:
            return 0
        for key, part in parts.items():
            part.load_state_dict(state[key])
        self.log(f"{name} resumes at step {state['step']}")
        return state["step"]

    def generator(self, stage: int, step: int) -> torch.Generator:
        """The randomness of one step: a resumed run draws what an undisturbed one draws."""
        return torch.Generator().manual_seed((self.seed * 16 + stage) * 10_000_000 + step)


class Alarm:
    """Rings when so many seconds of wall clock have passed since it last rang."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.last = seconds, time.monotonic()

    def rings(self) -> bool:
        now = time.monotonic()
        if now - self.last < self.seconds:
            return False
        self.last = now
        return True


class Epochs:
    """Batches of indices: every index once an epoch, in an order that the seed and the epoch decide."""

    def __init__(self, count: int, batch: int, seed: int) -> None:
        self.batch, self.seed, self.count = batch, seed, count
        self.a_pass = count // batch
        self.epoch, self.order = -1, torch.empty(0, dtype=torch.long)

    def at(self, step: int) -> torch.Tensor:
        epoch, place = divmod(step, self.a_pass)
        if epoch != self.epoch:
            self.epoch = epoch
            self.order = torch.randperm(self.count, generator=torch.Generator().manual_seed(self.seed * 1000 + epoch))
        return self.order[place * self.batch : (place + 1) * self.batch]


def warmup_stable_decay(step: int, steps: int, warmup: int, decay: float) -> float:
    """The share of the peak rate: up, flat, and down to 0 over the last part `decay`."""
    return min(1.0, (step + 1) / warmup, (steps - step) / (steps * decay))
