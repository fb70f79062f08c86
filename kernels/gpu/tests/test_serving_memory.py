"""What the table says is kept is what the cache holds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bitwise_requests import answer, endpoint, request, text

from vpg.serving.cache import StepState
from vpg.serving.folder import KINDS, open_folder
from vpg.serving.folders.place import Place
from vpg.serving.memory import kept, table


@pytest.mark.parametrize("family", KINDS)
def test_a_guided_branch_leaves_as_many_keys_and_values(small_folder: Callable[[str], Path], family: str) -> None:
    served = open_folder(small_folder(family), Place(), "n")
    for name, own in served.families.items():
        last, where = len(own.lengths) - 1, endpoint(served)
        steps = [{"t": 1, "h": 1, "w": length, "bits": 8} for length in own.lengths]
        asked = request({"name": name, "steps": steps}, last)
        asked["tokens"] = np.zeros((1, sum(own.columns[:last])), np.uint8)
        if family == "var":
            asked = {key: value for key, value in asked.items() if "prompt" not in key}
            asked |= {"class": np.zeros((1, 1), np.int32), "tokens": asked["tokens"].astype(np.uint16)}
        if served.tempered:
            asked["temperature"] = np.ones((1, 1), np.float32)
        answer(where, asked | {"schedule": text(name)})
        steps = [state for state in where.cache.states.values() if isinstance(state, StepState)]
        assert sum(state.bytes for state in steps) == 4 * kept(own)


def test_the_table_of_the_docs_is_what_the_configs_give() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "gpu.md").read_text()
    cells = {tuple(cell.strip() for cell in line.split("|")) for line in docs.splitlines()}
    made = table()
    assert all(tuple(cell.strip() for cell in line.split("|")) in cells for line in made if not line.startswith("| -"))
