"""Candidates are the tokens that the contract names, of the very bits that a dense answer has, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_serving import VOCAB, endpoint, picture

from vpg.serving.candidates import NO_TOKEN, Sampling, check, narrow
from vpg.serving.parameters import Parameters
from vpg.step import Refused

VECTORS = Path(__file__).parents[3] / "test" / "vectors"
PLAIN = Sampling(strength=1.5, temperature=1.0, top_k=0, top_p=1.0)


def z_of(pair_BV: np.ndarray, sampling: Sampling) -> np.ndarray:
    """float32 [V], an operation a line."""
    g, c = pair_BV[0].astype(np.float32), pair_BV[-1].astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        d = g - c
        e = np.float32(sampling.strength) * d
        z = g + e
        if sampling.temperature > 0:
            z = z / np.float32(sampling.temperature)
    largest = np.finfo(np.float32).max
    return np.where(np.isneginf(g), g, np.clip(z, -largest, largest))


def left_over(pair_BV: np.ndarray, sampling: Sampling) -> tuple[list[int], float]:
    """The tokens of one row and the mass, one token at a time."""
    z = z_of(pair_BV, sampling).astype(np.float64)
    if sampling.temperature == 0:
        return [int(z.argmax())], 1.0
    edge = np.sort(z)[-sampling.top_k] if 0 < sampling.top_k < len(z) else -np.inf
    ranked = sorted((i for i in range(len(z)) if z[i] >= max(edge, z.max() - 64)), key=lambda i: (-z[i], i))
    mass, before, tokens = sum(np.exp(z[i] - z.max()) for i in ranked), 0.0, []
    for i in ranked:
        if sampling.top_p < 1 and before >= (sampling.top_p + 1e-4) * mass:
            break
        tokens.append(i)
        before += np.exp(z[i] - z.max())
    return sorted(tokens), mass


def rows(random: np.random.Generator, shape: str, size: tuple[int, ...]) -> np.ndarray:
    """float16 [n, l, B, V] as an endpoint sends it."""
    if shape == "ties":
        pair = -random.integers(0, 5, size).astype(np.float32)
    else:
        pair = random.normal(-8, 60000 if shape == "wide" else 2.5, size).astype(np.float32).clip(-65504, 65504)
    if shape == "masked":
        masked = np.broadcast_to(random.random(size)[..., :1, :] < 0.7, size).copy()
        masked[..., 0] = False
        pair[masked] = -np.inf
    return pair.astype(np.float16)


def agree(pair_nlBV: np.ndarray, sampling: Sampling) -> None:
    made = narrow(torch.from_numpy(pair_nlBV), sampling)
    count, mass, token, logits = made.values()
    n, length, branches, _ = pair_nlBV.shape
    assert list(made) == ["candidate_count", "candidate_mass", "candidate_token", "candidate_logits"]
    assert [values.dtype for values in made.values()] == [np.int32, np.float32, np.uint16, np.float16]
    assert count.shape == mass.shape == (n, length)
    assert token.shape[1] == count.sum(1).max() and logits.shape == (*token.shape, branches)
    for i in range(n):
        at = 0
        for u in range(length):
            wanted, weighs = left_over(pair_nlBV[i, u], sampling)
            own = slice(at, at + count[i, u])
            assert token[i, own].tolist() == wanted
            np.testing.assert_array_equal(logits[i, own].view(np.uint16), pair_nlBV[i, u].T[wanted].view(np.uint16))
            assert mass[i, u] == pytest.approx(weighs, rel=2**-23) and 1 <= mass[i, u] <= pair_nlBV.shape[-1]
            at += count[i, u]
        assert (token[i, at:] == NO_TOKEN).all() and np.isneginf(logits[i, at:]).all()


@pytest.mark.parametrize("shape", ["logits", "ties", "wide", "masked"])
@pytest.mark.parametrize("branches", [1, 2])
def test_random_rows_leave_what_a_plain_reference_leaves(shape: str, branches: int) -> None:
    random = np.random.default_rng(branches)
    for _ in range(60):
        sampling = Sampling(
            strength=float(np.float32(random.choice([0, 1.5, -0.5, 1e6, 3e38]))),
            temperature=float(np.float32(random.choice([0, 1, 0.7, 0.01, 3, 1e-30]))),
            top_k=int(random.choice([0, 1, 5, 40, 64, 1000])),
            top_p=float(random.choice([0, 0.5, 0.96, 0.9998, 1, random.random()])),
        )
        agree(rows(random, shape, (2, 3, branches, int(random.integers(1, 65)))), sampling)


def test_equal_logits_all_stay_in_top_k_and_go_by_index_in_top_p() -> None:
    pair = torch.tensor([[[[-1, 0, 0, -1, 0, -2]]]], dtype=torch.float16)
    kept = {
        (2, 1.0): [1, 2, 4],
        (4, 1.0): [0, 1, 2, 3, 4],
        (3, 0.5): [1, 2],
        (0, 0.0): [1],
    }
    for (top_k, top_p), wanted in kept.items():
        made = narrow(pair, replace(PLAIN, top_k=top_k, top_p=top_p))
        assert made["candidate_token"].tolist() == [wanted]
    assert narrow(pair, replace(PLAIN, temperature=0.0))["candidate_token"].tolist() == [[1]]


def test_a_row_that_is_all_masked_is_our_failure() -> None:
    with pytest.raises(FloatingPointError):
        narrow(torch.full((1, 1, 1, 4), -torch.inf, dtype=torch.float16), PLAIN)


def vectors(name: str) -> list[dict]:
    return json.loads((VECTORS / f"{name}.json").read_text()) if VECTORS.exists() else []


@pytest.mark.parametrize("wanted", vectors("candidates"), ids=lambda case: case["name"])
def test_golden_vectors_agree(wanted: dict) -> None:
    case = next(case for case in vectors("codebook") if case["name"] == wanted["name"])
    given = case["settings"]
    single = {name: float(np.frombuffer(bytes.fromhex(given[name]), ">f4")[0]) for name in ("lambda", "temperature")}
    pair = np.frombuffer(bytes.fromhex(case["logits"]), "<f2").reshape(1, given["length"], given["branches"], -1)
    made = narrow(torch.from_numpy(pair.copy()), Sampling(*single.values(), given["topK"], given["topP"]))
    assert made["candidate_count"].tolist() == [wanted["counts"]]
    assert made["candidate_token"].tolist() == [wanted["tokens"]]
    assert made["candidate_logits"].astype("<f2").tobytes().hex() == wanted["logits"]
    masses = np.array([int(word, 16) for word in wanted["masses"]], np.uint32).view(np.float32)
    np.testing.assert_allclose(made["candidate_mass"][0], masses, rtol=2**-23)


def test_the_endpoint_narrows_each_request_of_a_batch_on_its_own() -> None:
    requests = [[picture(1), picture(2)], [picture(3)], [picture(4)]]
    samplings = [replace(PLAIN, top_k=5), None, replace(PLAIN, temperature=0.0)]
    dense = [answer.rows["logits"] for answer in endpoint().answer(requests)]
    first, second, third = endpoint().answer(requests, samplings)
    np.testing.assert_array_equal(second.rows["logits"].view(np.uint16), dense[1].view(np.uint16))
    for answer, logits, sampling in ((first, dense[0], samplings[0]), (third, dense[2], samplings[2])):
        for name, values in narrow(torch.from_numpy(logits), sampling).items():
            np.testing.assert_array_equal(answer.rows[name], values)
    assert third.rows["candidate_count"].tolist() == [[1] * 16]
    assert first.rows["candidate_token"].max() in (NO_TOKEN, *range(VOCAB))


GIVEN = {"candidates": True, "lambda": 1, "temperature": 0.7, "top_k": 5.0, "top_p": 0.9}


def test_parameters_ask_for_candidates() -> None:
    sampling = Parameters.read(json.dumps(GIVEN)).sampling
    assert sampling == Sampling(1.0, float(np.float32(0.7)), 5, 0.9)
    assert Parameters.read(json.dumps(GIVEN | {"candidates": False})).sampling is None
    assert Parameters.read(json.dumps(GIVEN | {"temperature": 1e-60})).sampling == replace(sampling, temperature=0.0)


BAD = {
    "candidates": ("yes", 1, None),
    "lambda": (None, "1", True, 1e39, [1]),
    "temperature": (None, -1, 1e39, False),
    "top_k": (None, -1, 2.5, "5"),
    "top_p": (None, -0.1, 1.1, True),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_parameter_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(Refused, match=f"^{name}: "):
        Parameters.read(json.dumps(GIVEN | {name: value}))


@pytest.mark.parametrize("name", ["lambda", "temperature", "top_k", "top_p"])
def test_a_missing_parameter_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(Refused, match=f"^{name}: "):
        Parameters.read(json.dumps({key: value for key, value in GIVEN.items() if key != name}))


def test_candidates_are_refused_of_bits_and_of_a_decoding() -> None:
    check(np.uint16)
    with pytest.raises(Refused, match="^candidates: "):
        check(np.uint8)
    with pytest.raises(Refused, match="^candidates: "):
        Parameters.read(json.dumps(GIVEN | {"op": "decode"}))
