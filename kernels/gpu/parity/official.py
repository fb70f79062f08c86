"""The official code as modules of its own folder, for the time of a recording, with stand-ins for what it lacks."""

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock, patch

import torch
import torch.nn as nn


class StandIn(ModuleType):
    """A module that has every attribute, for imports that the recording never calls."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> MagicMock:
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=f"{self.__name__}.{name}")


def stand_in(name: str, **attributes: object) -> StandIn:
    """A stand-in with some attributes that are called after all."""
    module = StandIn(name)
    module.__spec__ = ModuleSpec(name, loader=None)
    vars(module).update(attributes)
    return module


@contextmanager
def importable(folder: Path, absent: tuple[str | StandIn, ...] = ()) -> Iterator[None]:
    """Imports find the folder first, the absent modules are stand-ins, nothing prints; afterwards all is forgotten."""
    before = dict(sys.modules)
    stand_ins = [stand_in(each) if isinstance(each, str) else each for each in absent]
    sys.modules.update({module.__name__: module for module in stand_ins})
    sys.path.insert(0, str(folder))
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        gone = [name for name, module in sys.modules.items() if name not in before and is_of(module, folder)]
        gone += [name for name, module in sys.modules.items() if isinstance(module, StandIn)]
        sys.path.remove(str(folder))  # after the look at namespace packages, whose paths follow it
        for name in set(gone):
            del sys.modules[name]
        sys.modules.update({name: before[name] for name in before if name not in sys.modules})


@contextmanager
def without_weights() -> Iterator[None]:
    """Modules made here have shapes alone; the few numbers that constructors read back stay real."""
    with ExitStack() as stack:
        for name in ("linspace", "tensor"):
            stack.enter_context(patch.object(torch, name, partial(getattr(torch, name), device="cpu")))
        stack.enter_context(patch.object(nn.init, "trunc_normal_", lambda tensor, *rest, **named: tensor))
        for kind in (nn.Linear, nn.Embedding, nn.Conv2d, nn.Conv3d):  # slow even without numbers
            stack.enter_context(patch.object(kind, "reset_parameters", lambda module: None))
        stack.enter_context(torch.device("meta"))
        yield


def is_of(module: ModuleType, folder: Path) -> bool:
    """Whether it lies in the folder; a package without `__init__.py` has no file, only a path."""
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", [])]
    return any(str(place).startswith(f"{folder}/") for place in places)
