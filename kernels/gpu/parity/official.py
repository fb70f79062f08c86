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
        sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None) if name not in before else None
            if isinstance(module, StandIn) or str(file or "").startswith(str(folder)):
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
