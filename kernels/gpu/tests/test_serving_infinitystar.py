"""InfinityStar as it is served: every step of its clips to the bit, temperature, and MP4s that others can read."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from bitwise_requests import answer, endpoint, request, text, tokens
from PIL import Image

from vpg.corruption import Corruption
from vpg.serving.decoding import decode, read_decode
from vpg.serving.folder import open_folder
from vpg.serving.folders.place import Place
from vpg.serving.served import Served
from vpg.serving.step_request import read_step
from vpg.step import Refused

KINDS = (None, Corruption.EMBEDDING, Corruption.CODEBOOK)
Tensors = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def model(small_folder: Callable[[str], Path]) -> tuple[Served, dict[str, dict]]:
    folder = small_folder("infinitystar")
    described = json.loads((folder / "model.json").read_text())
    return open_folder(folder, Place(), "n"), {each["name"].rsplit("/")[-1]: each for each in described["schedules"]}


def heated(tensors: Tensors, temperature: float = 0.4) -> Tensors:
    return tensors | {"temperature": np.full((len(tensors["step"]), 1), temperature, np.float32)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_is_the_same_to_the_bit_found_or_not_and_beside_others(
    model: tuple[Served, dict[str, dict]], kind: Corruption | None
) -> None:
    served, schedule = model[0], model[1]["2s"]
    warm, cold, clip = endpoint(served), endpoint(served, cache_bytes=0), 3
    for k, step in enumerate(schedule["steps"]):
        three, found = answer(warm, heated(request(schedule, k, 3, kind, 34)))
        assert three.shape == (3, step["t"] * step["h"] * step["w"], 2 if kind and k else 1, step["bits"])
        assert found == (["hit"] * 3 if k >= clip else ["miss"] * 3)  # the first clip sees the text alone
        for count in (1, 3):
            again, found = answer(cold, heated(request(schedule, k, count, kind, 34)))
            np.testing.assert_array_equal(again.view(np.uint16), three[:count].view(np.uint16))
            assert found == ["miss"] * count


def test_a_temperature_divides_where_there_is_no_guidance(model: tuple[Served, dict[str, dict]]) -> None:
    served, schedule = model[0], model[1]["1s"]
    cold, hot = (
        answer(endpoint(served), heated(request(schedule, 4, guidance=1), heat))[0].astype(np.float32)
        for heat in (0.5, 2)
    )
    np.testing.assert_allclose(cold, 4 * hot, atol=2e-3, rtol=2e-3)


def test_the_duration_is_part_of_the_prompt(model: tuple[Served, dict[str, dict]]) -> None:
    served, schedules = model
    said = [read_step(served, heated(request(schedules[name], 0)))[0].wanted.words for name in ("1s", "0s")]
    ending = "a cat on a mat, Close-up on big objects, emphasize scale and detail"
    assert said == [("<<<t=1s>>>" + ending, ""), (ending, "")]


@pytest.mark.parametrize("heat", [0, -1, np.nan])
def test_a_temperature_that_is_none_is_refused(model: tuple[Served, dict[str, dict]], heat: float) -> None:
    with pytest.raises(Refused, match="^temperature: "):
        read_step(model[0], heated(request(model[1]["1s"], 1), heat))


def test_it_needs_a_temperature(model: tuple[Served, dict[str, dict]]) -> None:
    with pytest.raises(Refused, match="^temperature: missing"):
        read_step(model[0], request(model[1]["1s"], 1))


def decoding(schedule: dict, kind: str, steps: int | None = None, count: int = 1) -> Tensors:
    return {
        "tokens": tokens(schedule["steps"][:steps], 2)[:count],
        "schedule": text(*[schedule["name"]] * count),
        "format": text(*[kind] * count),
    }


@pytest.mark.parametrize(("name", "steps", "frames"), [("1s", 6, 17), ("1s", 4, 17), ("1s", 2, 1), ("2s", 9, 33)])
def test_a_video_is_an_mp4_of_the_frames_begun(
    model: tuple[Served, dict[str, dict]], name: str, steps: int, frames: int
) -> None:
    served, schedule = model[0], model[1][name]
    (first,), (second,) = decode(read_decode(served, decoding(schedule, "mp4", steps, 2)))
    with av.open(BytesIO(first)) as file:
        video, made = file.streams.video[0], list(file.decode(video=0))
        assert f"{video.width}x{video.height}" == schedule["size"] and video.average_rate == schedule["fps"]
        assert len(made) == frames and video.codec_context.name == "h264"
    assert frames == schedule["frames"] or steps < len(schedule["steps"])
    assert first != second and first == decode(read_decode(served, decoding(schedule, "mp4", steps)))[0, 0]


@pytest.mark.parametrize("name", ["0s", "1s"])
def test_a_still_is_the_picture_or_the_first_frame(model: tuple[Served, dict[str, dict]], name: str) -> None:
    served, schedule = model[0], model[1][name]
    asked = read_decode(served, decoding(schedule, "png"))
    pixels = asked.family.decode(asked.tokens, asked.steps)[0, :, 0].permute(1, 2, 0).numpy()
    made = np.asarray(Image.open(BytesIO(decode(asked)[0, 0])))
    assert np.abs(made - pixels * 255).max() <= 0.501


def test_a_picture_is_no_mp4(model: tuple[Served, dict[str, dict]]) -> None:
    with pytest.raises(Refused, match="^format: "):
        read_decode(model[0], decoding(model[1]["0s"], "mp4"))
