"""Bitwise tokens are packed, checked and corrupted as the step contract says."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from vpg.bits import bytes_of, corrupt_bits, pack, unpack

VECTORS = Path(__file__).parents[3] / "test" / "vectors" / "corruption.json"


@pytest.mark.parametrize("bits", [1, 8, 12, 32, 56, 64])
def test_tokens_come_back_from_their_bytes(bits: int) -> None:
    token_Blb = np.random.default_rng(bits).integers(0, 2, (2, 5, bits), np.uint8)
    packed_By = pack(token_Blb)
    assert packed_By.shape == (2, 5 * bytes_of(bits)) and packed_By.dtype == np.uint8
    assert (unpack(packed_By, 5, bits) == token_Blb).all()


def test_the_first_bit_is_the_lowest_of_the_first_byte() -> None:
    token_Blb = np.zeros((1, 1, 12), np.uint8)
    token_Blb[0, 0, [0, 9]] = 1
    assert pack(token_Blb).tolist() == [[1, 2]]


def test_a_set_unused_bit_is_refused() -> None:
    with pytest.raises(ValueError, match="above the 12"):
        unpack(np.array([[0, 16]], np.uint8), 1, 12)


@pytest.mark.skipif(not VECTORS.exists(), reason="no golden vectors here")
def test_corrupted_bits_agree_with_the_golden_vectors() -> None:
    for case in json.loads(VECTORS.read_text())["bitwise"]:
        fill = {value: torch.full((1, case["length"], case["width"]), value, dtype=torch.uint8) for value in (0, 1)}
        made = {v: corrupt_bits(same, case["seed"], case["step"], case["ratio"])[0] for v, same in fill.items()}
        hit = (made[0] == made[1]).all(dim=1).tolist()  # whatever stood there before
        found = [[u, "".join(map(str, made[0][u].tolist()))] for u in range(case["length"]) if hit[u]]
        assert found == case["replaced"]
