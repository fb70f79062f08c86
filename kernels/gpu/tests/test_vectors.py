"""Seeds, corruption, mixing and drawing agree with the golden vectors that both languages share."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sprites.seeds import corruption_seed, picture_seed, uniforms
from sprites.tokens import draw, mix, temper
from vpg.corruption import corrupt_tokens, sources
from vpg.philox import philox

FOLDER = Path(__file__).parents[3] / "test" / "vectors"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="no golden vectors here")


def vectors(name: str) -> dict | list:
    return json.loads((FOLDER / f"{name}.json").read_text())


def from_hex(text: str, kind: str) -> float:
    """A number of the kind `>f4` or `>f8`, as the vectors write it."""
    return float(np.frombuffer(bytes.fromhex(text), kind)[0])


def counter_of(case: dict) -> list[int]:
    return [int(word, 16) for word in case["counter"]]


def halves(texts: list[str]) -> torch.Tensor:
    return torch.from_numpy(np.array([int(text, 16) for text in texts], np.uint16).view(np.float16)).float()


def test_philox_words_agree() -> None:
    for case in vectors("philox")["random123"]:
        low, high = (int(word, 16) for word in case["key"])
        words = philox(low + (high << 32), np.array([counter_of(case)], np.uint32))[0]
        assert [f"{word:08x}" for word in words] == case["words"]
    for case in vectors("philox")["seeded"]:
        words = philox(case["seed"], np.array([counter_of(case)], np.uint32))[0]
        assert [f"{word:08x}" for word in words] == case["words"], case


def test_uniforms_agree() -> None:
    sampling = [case for case in vectors("philox")["seeded"] if counter_of(case)[2:] == [1, 0]]
    assert sampling
    for case in sampling:
        u, k = counter_of(case)[:2]
        assert uniforms(case["seed"], k, u + 1)[u] == from_hex(case["r"][0], ">f8"), case


def test_seeds_agree() -> None:
    for case in vectors("seeds"):
        for picture in case["pictures"]:
            assert picture_seed(case["seed"], picture["picture"]) == picture["seed"]
        assert corruption_seed(case["seed"]) == case["corruption"]


def test_corruption_agrees() -> None:
    for case in vectors("corruption")["index"]:
        read = sources(case["seed"], case["step"], case["length"], case["ratio"])
        assert read.tolist() == case["index"], case
    for case in vectors("corruption")["codebook"]:
        none = torch.full((1, case["length"]), -1)
        made = corrupt_tokens(none, case["seed"], case["step"], case["ratio"], case["width"])[0].tolist()
        assert [[u, token] for u, token in enumerate(made) if token != -1] == case["replaced"], case


def test_mixing_agrees_bit_for_bit() -> None:
    for case in vectors("mixing"):
        gen, corr, wanted = zip(*case["pairs"], strict=True)
        l_n = mix(halves(gen), halves(corr), from_hex(case["lambda"], ">f4"))
        z_n = temper(l_n, from_hex(case["temperature"], ">f4"))
        assert [f"{word:08x}" for word in z_n.numpy().view(np.uint32)] == list(wanted)


@pytest.mark.parametrize("case", vectors("codebook") if FOLDER.exists() else [], ids=lambda case: case["name"])
def test_drawn_tokens_agree(case: dict) -> None:
    settings = case["settings"]
    length, branches, width = (settings[name] for name in ("length", "branches", "width"))
    pairs = torch.from_numpy(np.frombuffer(bytes.fromhex(case["logits"]), "<f2").copy()).float()
    gen_nV, *corrupted = pairs.view(length, branches, width).unbind(1)
    l_nV = mix(gen_nV, corrupted[0] if corrupted else None, from_hex(settings["lambda"], ">f4"))
    r_n = torch.from_numpy(uniforms(settings["seed"], settings["step"], length))
    drawn = draw(l_nV, r_n, from_hex(settings["temperature"], ">f4"), settings["topK"], settings["topP"])
    assert drawn.tolist() == np.frombuffer(bytes.fromhex(case["drawn"]), "<u2").tolist()
