"""Infinity as it is served: an exact class's bits, what a bad request is told, and pictures."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from bitwise_requests import answer, endpoint, request, text, tokens
from PIL import Image

from vpg.corruption import Corruption
from vpg.serving.batch_rule import BatchRule
from vpg.serving.decoding import decode, read_decode
from vpg.serving.folder import open_folder
from vpg.serving.folders.place import Place
from vpg.serving.served import Served
from vpg.serving.step_request import read_step
from vpg.step import Refused

KINDS = (None, Corruption.EMBEDDING, Corruption.CODEBOOK)


@pytest.fixture(scope="module")
def model(small_folder: Callable[[str], Path]) -> tuple[Served, list[dict]]:
    folder = small_folder("infinity")
    described = json.loads((folder / "model.json").read_text())
    return open_folder(folder, Place(), "n"), described["schedules"]


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_every_step_is_the_same_to_the_bit_found_or_not_and_beside_others(
    model: tuple[Served, list[dict]], kind: Corruption | None, at: int
) -> None:
    served, schedule = model[0], model[1][at]
    warm, cold = endpoint(served), endpoint(served, cache_bytes=0)
    for k, step in enumerate(schedule["steps"]):
        three, found = answer(warm, request(schedule, k, 3, kind))
        assert three.shape == (3, step["h"] * step["w"], 2 if kind and k else 1, step["bits"])
        assert found == (["hit"] * 3 if k else ["miss"] * 3) and np.isfinite(three).all()
        for count in (1, 3):
            again, found = answer(cold, request(schedule, k, count, kind))
            np.testing.assert_array_equal(again.view(np.uint16), three[:count].view(np.uint16))
            assert found == ["miss"] * count


def test_keys_and_values_depend_on_the_strengths_of_all_steps(model: tuple[Served, list[dict]]) -> None:
    served, schedule = model[0], model[1][0]
    assert served.guidance_in_state
    where = endpoint(served)
    answer(where, request(schedule, 2))
    other = request(schedule, 2)
    other["guidance"][0, 0] = 3
    assert answer(where, other)[1] == ["miss"]


def test_merged_pictures_agree_with_exact_ones_within_rounding(model: tuple[Served, list[dict]]) -> None:
    served, schedule = model[0], model[1][0]
    asked = request(schedule, 4, 3, Corruption.EMBEDDING)
    made, wanted = (answer(endpoint(served, rule), asked)[0].astype(np.float32) for rule in BatchRule)
    np.testing.assert_allclose(made, wanted, atol=2e-2, rtol=2e-2)


def test_prompts_and_strengths_matter(model: tuple[Served, list[dict]]) -> None:
    served, schedule = model[0], model[1][0]
    plain = request(schedule, 3)
    changed = {
        "prompt": text("a dog"),
        "negative_prompt": text("a dog"),
        "guidance": np.ones((1, 4), np.float32),
    }
    wanted = answer(endpoint(served), plain)[0]
    for name, value in changed.items():
        assert np.abs(answer(endpoint(served), plain | {name: value})[0] - wanted).max() > 1e-3, name


def test_a_bad_request_is_refused_by_the_field_s_name(model: tuple[Served, list[dict]]) -> None:
    served, schedule = model[0], model[1][0]
    good = request(schedule, 1)
    unused_bit = good["tokens"].copy()
    unused_bit[0, 2] |= 0x80
    bad = [
        ("tokens", {"tokens": unused_bit}),
        ("tokens", {"tokens": good["tokens"][:, 1:]}),
        ("tokens", {"tokens": good["tokens"].astype(np.uint16)}),
        ("prompt", {"prompt": np.array([[b"\xff\xfe"]], np.object_)}),
        ("prompt", {"prompt": text("a" * 70_000)}),
        ("negative_prompt", {"negative_prompt": text("a" * 70_000)}),
        ("negative_prompt", {"negative_prompt": np.zeros((1, 1), np.float32)}),
        ("temperature", {"temperature": np.ones((1, 1), np.float32)}),
        ("class", {"class": np.ones((1, 1), np.int32)}),
        ("schedule", {"schedule": text("1M/1:1")}),
        ("corruption_kind", {"corruption_ratio": np.ones((1, 1), np.float32), "corruption_kind": text("position")}),
        ("guidance", {"guidance": np.full((1, 2), np.inf, np.float32)}),
    ]
    for field, change in bad:
        with pytest.raises(Refused, match=f"^{field}: "):
            read_step(served, good | change)
    for name in good:
        with pytest.raises(Refused, match=f"^{name}: missing"):
            read_step(served, {key: value for key, value in good.items() if key != name})


def test_of_a_refused_request_nothing_is_encoded(model: tuple[Served, list[dict]]) -> None:
    served, schedule = model[0], model[1][0]
    good = request(schedule, 1) | {"prompt": text("nobody shall see this")}
    before = served.conditions.bytes
    for change in ({"prefix_key": text("k" * 257)}, {"tokens": good["tokens"][:, 1:]}):
        with pytest.raises(Refused):
            read_step(served, good | change)
    assert served.conditions.bytes == before
    read_step(served, good)
    assert served.conditions.bytes > before


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_whole_steps_become_pictures_of_the_schedule_s_size(model: tuple[Served, list[dict]], kind: str) -> None:
    served, schedule = model[0], model[1][1]
    for steps in (1, len(schedule["steps"])):
        asked = {
            "tokens": tokens(schedule["steps"][:steps], 2),
            "schedule": text(*[schedule["name"]] * 2),
            "format": text(kind, kind),
        }
        (first,), (second,) = decode(read_decode(served, asked))
        picture = Image.open(BytesIO(first))
        assert (picture.format, f"{picture.width}x{picture.height}") == (kind.upper(), schedule["size"])
        assert first != second and first == decode(read_decode(served, asked))[0, 0]
    with pytest.raises(Refused, match="^format: "):
        read_decode(served, asked | {"format": text("mp4", "mp4")})
    with pytest.raises(Refused, match="^tokens: "):
        read_decode(served, asked | {"tokens": asked["tokens"][:, 1:]})
