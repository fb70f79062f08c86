"""Prompts are encoded one by one and once, cut where the encoder ends, and forgotten when there are too many."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from bitwise_requests import text

from vpg.serving import texts
from vpg.serving.inputs import Inputs
from vpg.serving.texts import Texts, directed
from vpg.step import Refused
from vpg.text import LONGEST, FlanT5


class Counting:
    """Features as long as the prompt; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode(self, prompts: list[str]) -> list[torch.Tensor]:
        self.asked.append(prompts)
        return [torch.full((len(prompt), 4), float(len(prompt))) for prompt in prompts]


def inputs(*prompts: str, negative: str = "") -> Inputs:
    count = len(prompts)
    tensors = {"prompt": text(*prompts), "negative_prompt": text(*[negative] * count)}
    return Inputs(tensors | {"schedule": text(*["480p/16:9/5s"] * count)}, ("prompt", "negative_prompt", "schedule"))


def test_a_prompt_is_encoded_by_itself_and_once() -> None:
    encoder = Counting()
    conditions = Texts(encoder)
    first, second, third = conditions.read(inputs("a", "bb", "a"))
    conditions.read(inputs("bb"))
    assert encoder.asked == [["a"], ["bb"]] and first.prompt is third.prompt
    assert first.negative is None and second.prompt.shape == (2, 4)


def test_both_prompts_name_a_state() -> None:
    conditions = Texts(Counting())
    read = [conditions.read(inputs(*each))[0] for each in (["a"], ["b"])]
    read += [conditions.read(inputs("a", negative=each))[0] for each in ("b", "c")]
    assert len({conditions.key(each) for each in read}) == 4
    assert conditions.key(conditions.read(inputs("a"))[0]) == conditions.key(read[0])


def test_the_least_recently_used_features_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "REMEMBERED_BYTES", 2 * 16)  # two prompts of one character
    encoder = Counting()
    conditions = Texts(encoder)
    for prompt in ("a", "b", "a", "c", "a", "b"):
        conditions.read(inputs(prompt))
    assert encoder.asked == [["a"], ["b"], ["c"], ["b"]] and conditions.bytes == 32
    conditions.read(inputs("long"))
    assert conditions.bytes == 0


def test_a_long_text_with_few_features_is_not_kept_beside_them() -> None:
    conditions = Texts(Counting())
    conditions.read(inputs("a" * 60_000))
    assert all(len(name) == 32 for name in conditions.remembered)


def test_a_duration_stands_in_front_and_what_the_scripts_add_behind() -> None:
    [read] = Texts(Counting(), directed).read(inputs("a cat", negative="b"))
    assert read.words == ("<<<t=5s>>>a cat, Close-up on big objects, emphasize scale and detail", "b")


@pytest.mark.parametrize("value", [b"\xc3(", b"a" * 65_537])
@pytest.mark.parametrize("name", ["prompt", "negative_prompt"])
def test_what_is_no_text_or_far_too_long_is_refused_by_name(name: str, value: bytes) -> None:
    given = inputs("a")
    given.tensors = given.tensors | {name: np.array([[value]], np.object_)}
    with pytest.raises(Refused, match=f"^{name}: "):
        Texts(Counting()).read(given)


def test_ten_thousand_characters_are_cut_at_the_encoder_s_length(small_folder: Callable[[str], Path]) -> None:
    conditions = Texts(FlanT5(small_folder("infinity") / "text"))
    long, longer, short = conditions.read(inputs("雪" * 10_000, "雪" * 20_000, ""))
    assert long.prompt.shape == (LONGEST, 128) and short.prompt.shape == (1, 128)
    assert longer.prompt.equal(long.prompt) and long.prompt.isfinite().all()
