"""Small tensors only: one thread is faster than two, most of all beside other work."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A family's small model as a served folder, made once."""
    from vpg.serving.small import write_small

    @cache
    def folder(family: str) -> Path:
        made = tmp_path_factory.mktemp(family)
        write_small(made, family)
        return made

    return folder
