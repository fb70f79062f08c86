"""Benchmarks draw what the edge draws: the golden vectors, and the requests of a picture."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.draw import draw_bits, draw_codebook
from benchmarks.generate import Model
from benchmarks.sampling import BASE, Sampling, first_clip, guidance_of, published
from sprites.seeds import corruption_seed
from vpg.corruption import Corruption
from vpg.serving.batch_rule import BatchRule
from vpg.serving.candidates import Sampling as Drawing
from vpg.serving.folders import infinity, infinitystar, var
from vpg.serving.folders.place import Place
from vpg.step import Ask, PrefixCorruption

VECTORS = Path(__file__).parents[3] / "test" / "vectors"


def from_hex(text: str) -> float:
    return float(np.frombuffer(bytes.fromhex(text), ">f4")[0])


def cases(kind: str) -> list[dict]:
    path = VECTORS / f"{kind}.json"
    return json.loads(path.read_text()) if path.exists() else []


@pytest.mark.parametrize("case", [*cases("codebook"), *cases("bitwise")], ids=lambda case: case["name"])
def test_drawn_tokens_are_those_of_the_golden_vectors(case: dict) -> None:
    given = case["settings"]
    shape = (given["length"], given["branches"], given["width"])
    pair_lBV = torch.from_numpy(np.frombuffer(bytes.fromhex(case["logits"]), "<f2").reshape(shape).copy())
    drawing = Drawing(from_hex(given["lambda"]), from_hex(given["temperature"]), given["topK"], given["topP"])
    draw = draw_bits if given["tokens"] == "bitwise" else draw_codebook
    assert draw(pair_lBV, drawing, given["seed"], given["step"]).tobytes().hex() == case["drawn"]


@pytest.fixture(scope="module")
def open_model(small_folder: Callable[[str], Path]) -> Callable[[str, BatchRule], Model]:
    return lambda family, rule: Model.open(small_folder(family), Place(), rule, 2**28, "tests")


SETTINGS = {
    "var": Sampling(1.5, 1.0, 50, 0.96, vpg_scale=2.0, corruption_ratio=0.5),
    "infinity": Sampling(3.0, 0.5, 900, 0.97, vpg_scale=0.5, corruption_ratio=0.5),
    "infinitystar": Sampling(4.0, (1.0, 0.4), vpg_scale=0.5, corruption_ratio=0.5),
}
SCHEDULES = {"var": "24", "infinity": "0.01M/1:1", "infinitystar": "32p/2:1/1s"}


def wanted_of(family: str) -> list[int | str]:
    return [1, 3] if family == "var" else ["a red bench", "a cow"]


def alone(model: Model, family: str, sampling: Sampling, wanted: int | str, seed: int) -> np.ndarray:
    """The contract read aloud: every step asked of the family itself, without a cache and without a batch."""
    schedule = SCHEDULES[family]
    own, steps = model.served.families[schedule], model.schedules[schedule]
    tokens, drawn = np.zeros((1, 0), own.token_type), draw_codebook if family == "var" else draw_bits
    shown = wanted
    if family != "var":
        from vpg.serving.inputs import Inputs

        texts = {"prompt": str(wanted), "negative_prompt": "", "schedule": schedule}
        arrays = {name: np.array([[text.encode()]], np.object_) for name, text in texts.items()}
        [shown] = model.served.conditions.read(Inputs(arrays, list(arrays)))
    for k in range(len(steps)):
        guidance = np.array([guidance_of(family, sampling.guidance_scale, len(steps))[: k + 1]], np.float32)
        share = np.array([sampling.corruption_ratio], np.float32)
        corruption = PrefixCorruption(Corruption.EMBEDDING, share, [corruption_seed(seed)])
        heat, edge = None, sampling.temperature
        if family == "infinitystar":
            image, video = sampling.temperature
            heat, edge = np.array([image if k < first_clip(steps) else video], np.float32), 1.0
        strength = sampling.vpg_scale if k else 0.0
        ask = Ask(k, tokens, guidance, corruption if strength else None, heat)
        pair_lBV = own.step([shown], ask)[0]
        drawing = Drawing(float(np.float32(strength)), edge, sampling.top_k, sampling.top_p)
        tokens = np.concatenate([tokens, drawn(pair_lBV, drawing, seed, k)[None]], axis=1)
    return tokens[0]


@pytest.mark.parametrize("family", SETTINGS)
def test_under_the_exact_rule_pictures_together_are_those_that_each_is_alone(family: str, open_model) -> None:
    model, sampling, seeds = open_model(family, BatchRule.EXACT), SETTINGS[family], [7, 8]
    made = model.tokens(SCHEDULES[family], wanted_of(family), seeds, sampling)
    for tokens_L, wanted, seed in zip(made, wanted_of(family), seeds, strict=True):
        assert tokens_L.tolist() == alone(model, family, sampling, wanted, seed).tolist()


@pytest.mark.parametrize("family", SETTINGS)
def test_vpg_changes_what_is_drawn_and_nothing_before_the_second_step(family: str, open_model) -> None:
    model, sampling, schedule = open_model(family, BatchRule.BATCHED), SETTINGS[family], SCHEDULES[family]
    plain, guided = (model.tokens(schedule, wanted_of(family), [7, 8], each) for each in (sampling.plain, sampling))
    first = model.served.families[schedule].columns[0]
    assert (plain[:, :first] == guided[:, :first]).all() and (plain != guided).any()


def test_published_settings_are_the_papers() -> None:
    scales = {size: published("var", var.published(size)) for size in ("d16", "d20", "d24", "d30", "d36")}
    assert [scales[size].vpg_scale for size in ("d16", "d20", "d24", "d30")] == [3.0, 2.4, 1.8, 1.3]
    assert scales["d36"] is None and {each.corruption_ratio for each in scales.values() if each} == {0.1}
    assert scales["d16"].plain == BASE["var"] == Sampling(1.5, 1.0, 900, 0.96)
    two, eight = (published("infinity", infinity.published(size)) for size in ("2b", "8b"))
    assert (two.vpg_scale, two.corruption_ratio, eight) == (0.2, 0.1, None)
    star = published("infinitystar", infinitystar.published("480p"))
    assert (star.vpg_scale, star.corruption_ratio, star.temperature) == (0.25, 0.05, (1.0, 0.4))


def test_two_temperatures_change_where_the_first_clip_begins() -> None:
    described = infinitystar.schedules(infinitystar.published("480p"))
    steps = {each["name"]: each["steps"] for each in described}
    assert first_clip(steps["480p/16:9/5s"]) == 42 and first_clip(steps["480p/16:9/0s"]) == 42
