"""Prompts as a condition: decorated as the family was trained, encoded one by one, and the last ones remembered."""

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

from vpg.serving.inputs import Inputs
from vpg.step import Refused

MOST_BYTES = 2**16  # of a prompt: what the encoder reads is far less
REMEMBERED_BYTES = 2**26  # of features: 16 prompts of the longest, of Flan-T5-XL
EMPHASIS = ", Close-up on big objects, emphasize scale and detail"

Decoration = Callable[[str, str], str]  # of a prompt, for a schedule's name


@dataclass(frozen=True)
class Written:
    """What a picture shall show, and shall not (None: the trained unconditional row)."""

    prompt: torch.Tensor  # features [T, E]
    negative: torch.Tensor | None
    words: tuple[str, str]  # what they were made of


class Encoder(Protocol):
    """Of texts, such as `vpg.text.FlanT5`."""

    def encode(self, prompts: list[str]) -> list[torch.Tensor]:
        """Features [T, E] a prompt."""


def plain(prompt: str, schedule: str) -> str:
    """Infinity: as it was written."""
    return prompt


def directed(prompt: str, schedule: str) -> str:
    """InfinityStar: seconds in front, where there are any, and what its scripts put behind."""
    seconds = re.search(r"/([1-9]\d*)s$", schedule)
    return f"{f'<<<t={seconds[1]}s>>>' if seconds else ''}{prompt}{EMPHASIS}"


class Texts:
    """Inputs `prompt` and `negative_prompt`, each cut at the encoder's length."""

    names = ("prompt", "negative_prompt")

    def __init__(self, encoder: Encoder, decorate: Decoration = plain) -> None:
        self.encoder, self.decorate = encoder, decorate
        self.remembered: OrderedDict[bytes, torch.Tensor] = OrderedDict()  # by digest: a text may outweigh its features
        self.bytes = 0

    def read(self, inputs: Inputs) -> list[Written]:
        """One a picture."""
        prompts, negatives = (self.texts(inputs, name) for name in self.names)
        made = []
        for prompt, negative, schedule in zip(prompts, negatives, inputs.texts("schedule"), strict=True):
            words = self.decorate(prompt, schedule), negative
            made.append(Written(self.features(words[0]), self.features(negative) if negative else None, words))
        return made

    def texts(self, inputs: Inputs, name: str) -> list[str]:
        """An input's, none of them far too long."""
        if any(len(value) > MOST_BYTES for value in inputs.column(name, object)):
            raise Refused(name, f"longer than {MOST_BYTES} bytes")
        return inputs.texts(name)

    def features(self, text: str) -> torch.Tensor:
        """Encoded by itself, whatever stands beside it: so its features are its own to the bit."""
        name = hashlib.sha256(text.encode()).digest()
        if name in self.remembered:
            self.remembered.move_to_end(name)
            return self.remembered[name]
        [made_TE] = self.encoder.encode([text])
        self.remembered[name] = made_TE
        self.bytes += made_TE.nbytes
        while self.bytes > REMEMBERED_BYTES:
            self.bytes -= self.remembered.popitem(last=False)[1].nbytes
        return made_TE

    def key(self, wanted: Written) -> str:
        """Both texts, decorated."""
        return json.dumps(wanted.words)
