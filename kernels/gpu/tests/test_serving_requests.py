"""A request's tensors become pictures, or a complaint that names the field."""

import json
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from test_serving import BEFORE, SERVED, VOCAB

from vpg.serving.decoding import decode, read_decode
from vpg.serving.parameters import Late, Parameters
from vpg.serving.step_request import read_step
from vpg.step import Refused

Tensors = dict[str, np.ndarray]


def text(*values: str) -> np.ndarray:
    return np.array([[value.encode()] for value in values], np.object_)


def request() -> Tensors:
    """Step 2 of two pictures."""
    return {
        "step": np.array([[2], [2]], np.int32),
        "schedule": text("s", "s"),
        "tokens": np.arange(2 * BEFORE[2], dtype=np.uint16).reshape(2, -1),
        "class": np.array([[3], [0]], np.int32),
        "guidance": np.array([[0, 0.5, 1], [0, 0, 0]], np.float32),
        "corruption_ratio": np.array([[0.5], [0.25]], np.float32),
        "corruption_kind": text("embedding", "embedding"),
        "corruption_seed": np.array([[7], [2**53 - 1]], np.uint64),
        "prefix_key": text("a", "é" * 256),
    }


def test_a_request_is_taken_apart_into_its_pictures() -> None:
    first, second = read_step(SERVED, request())
    assert (first.wanted, first.prefix_key, first.schedule, first.guided) == (3, "a", "s", True)
    assert (second.wanted, second.guided) == (0, False)
    assert second.ask.tokens.tolist() == [[5, 6, 7, 8, 9]] and second.ask.branches == 2
    assert second.ask.corruption.seed == [2**53 - 1] and second.ask.corruption.share.tolist() == [0.25]


def test_a_ratio_of_0_asks_for_one_branch_whatever_the_kind() -> None:
    plain = request() | {"corruption_ratio": np.zeros((2, 1), np.float32), "corruption_kind": text("", "")}
    assert [picture.ask.branches for picture in read_step(SERVED, plain)] == [1, 1]


def changed(name: str, value: np.ndarray) -> Callable[[], Tensors]:
    return lambda: request() | {name: value}


BAD: list[tuple[str, Callable[[], Tensors]]] = [
    *((name, lambda name=name: {key: value for key, value in request().items() if key != name}) for name in request()),
    ("prompt", changed("prompt", text("a boat", "a boat"))),
    ("step", changed("step", np.array([[2], [1]], np.int32))),
    ("step", changed("step", np.array([[4], [4]], np.int32))),
    ("step", changed("step", np.array([[-1], [-1]], np.int32))),
    ("step", changed("step", np.array([[2], [2]], np.float32))),
    ("step", changed("step", np.array([[2, 2], [2, 2]], np.int32))),
    ("class", changed("class", np.array([[1]], np.int32))),
    ("class", changed("class", np.array([[1], [5]], np.int32))),
    ("class", changed("class", np.array([[-1], [1]], np.int32))),
    ("schedule", changed("schedule", text("s", "t"))),
    ("schedule", changed("schedule", text("256", "256"))),
    ("tokens", changed("tokens", np.zeros((2, 4), np.uint16))),
    ("tokens", changed("tokens", np.full((2, 5), VOCAB, np.uint16))),
    ("tokens", changed("tokens", np.full((2, 5), -1, np.int32))),
    ("tokens", changed("tokens", np.zeros((2, 5), np.uint8))),
    ("guidance", changed("guidance", np.zeros((2, 2), np.float32))),
    ("guidance", changed("guidance", np.array([[0, 0, np.nan]] * 2, np.float32))),
    ("guidance", changed("guidance", np.zeros((2, 3), np.float64))),
    ("corruption_ratio", changed("corruption_ratio", np.array([[0.5], [0]], np.float32))),
    ("corruption_ratio", changed("corruption_ratio", np.array([[0.5], [1.5]], np.float32))),
    ("corruption_ratio", changed("corruption_ratio", np.array([[0.5], [np.nan]], np.float32))),
    ("corruption_kind", changed("corruption_kind", text("embedding", "token"))),
    ("corruption_kind", changed("corruption_kind", text("noise", "noise"))),
    ("corruption_kind", changed("corruption_kind", text("", ""))),
    ("corruption_kind", changed("corruption_kind", np.array([[b"\xff"], [b"\xff"]], np.object_))),
    ("corruption_seed", changed("corruption_seed", np.array([[7], [2**53]], np.uint64))),
    ("prefix_key", changed("prefix_key", text("a", "k" * 257))),
]


@pytest.mark.parametrize(("field", "make"), BAD)
def test_a_bad_request_is_refused_by_the_field_s_name(field: str, make: Callable[[], Tensors]) -> None:
    with pytest.raises(Refused, match=f"^{field}: "):
        read_step(SERVED, make())


def test_a_refusal_lists_what_there_is_in_plain_words() -> None:
    with pytest.raises(Refused, match="^corruption_kind: 'noise', not one of 'embedding', 'token', 'position', 'co"):
        read_step(SERVED, request() | {"corruption_kind": text("noise", "noise")})


def test_parameters_are_read_and_refused_by_name() -> None:
    assert Parameters.read("") == Parameters()
    read = Parameters.read(json.dumps({"op": "decode", "deadline_ms": 5, "timeout": 5000}))
    assert read.decodes and read.deadline_ms == 5
    read.check(4.9)
    for passed in (5, 6):
        with pytest.raises(Late):
            read.check(passed)
    for name, value in {"candidates": "yes", "op": "encode", "deadline_ms": "soon"}.items():
        with pytest.raises(Refused, match=f"^{name}: "):
            Parameters.read(json.dumps({name: value}))
    for value in (-1, True, None):
        with pytest.raises(Refused, match="^deadline_ms: "):
            Parameters.read(json.dumps({"deadline_ms": value}))


def decoding(tokens: np.ndarray, kind: str = "png") -> Tensors:
    return {"tokens": tokens, "schedule": text("s", "s"), "format": text(kind, kind)}


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_whole_steps_decode_to_pictures_of_full_size(steps: int) -> None:
    tokens = np.random.default_rng(0).integers(VOCAB, size=(2, BEFORE[steps]), dtype=np.uint16)
    pixels = SERVED.families["s"].decode(tokens, steps).permute(0, 2, 3, 1).numpy()
    for (file,), wanted_HW3 in zip(decode(read_decode(SERVED, decoding(tokens))), pixels, strict=True):
        made_HW3 = np.asarray(Image.open(BytesIO(file)))
        assert np.abs(made_HW3 - wanted_HW3 * 255).max() <= 0.501


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_a_picture_is_what_its_format_says_and_the_same_again(kind: str) -> None:
    tokens = np.zeros((2, BEFORE[-1]), np.uint16)
    ((first,), (second,)) = decode(read_decode(SERVED, decoding(tokens, kind)))
    assert first == second and Image.open(BytesIO(first)).format == kind.upper()


@pytest.mark.parametrize(
    ("field", "tensors"),
    [
        ("tokens", decoding(np.zeros((2, 2), np.uint16))),
        ("tokens", decoding(np.zeros((2, 0), np.uint16))),
        ("tokens", decoding(np.full((2, 1), VOCAB, np.uint16))),
        ("tokens", decoding(np.full((2, 1), -1, np.int32))),
        ("format", decoding(np.zeros((2, 1), np.uint16), "mp4")),
        ("schedule", decoding(np.zeros((2, 1), np.uint16)) | {"schedule": text("x", "x")}),
        ("class", decoding(np.zeros((2, 1), np.uint16)) | {"class": np.zeros((2, 1), np.int32)}),
    ],
)
def test_a_bad_decoding_is_refused_by_the_field_s_name(field: str, tensors: Tensors) -> None:
    with pytest.raises(Refused, match=f"^{field}: "):
        read_decode(SERVED, tensors)
