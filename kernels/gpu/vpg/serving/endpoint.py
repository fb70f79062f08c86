"""Step requests to their answers: the branches of all, run as the batch rule says, put together again as pairs."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch

from vpg.serving.batch_rule import BatchRule
from vpg.serving.branch import branches_of
from vpg.serving.cache import PrefixCache
from vpg.serving.candidates import Sampling, narrow
from vpg.serving.served import Served
from vpg.serving.step_request import Picture
from vpg.serving.walk import walk

Wanted = TypeVar("Wanted")


@dataclass(frozen=True)
class Answer:
    """To one request of n pictures."""

    stats: np.ndarray  # object [n, 1], JSON as bytes
    rows: dict[str, np.ndarray]  # `logits`, float16 [n, l, B, V], or the candidates that take their place
    device_ms: float
    hits: int


@dataclass(frozen=True)
class Pair:
    """One picture's step."""

    logits_1lBV: torch.Tensor  # float16
    device_ms: float
    hit: bool


class Endpoint(Generic[Wanted]):
    """Used by one thread."""

    def __init__(self, served: Served[Wanted], rule: BatchRule, cache_bytes: int) -> None:
        self.served, self.rule, self.cache = served, rule, PrefixCache(cache_bytes)

    def answer(
        self, requests: list[list[Picture[Wanted]]], samplings: Sequence[Sampling | None] | None = None
    ) -> list[Answer]:
        """One a request; with a sampling, only the candidates that it leaves."""
        pairs, answers, at = self.pairs([picture for request in requests for picture in request]), [], 0
        for request, sampling in zip(requests, samplings or [None] * len(requests), strict=True):
            own = pairs[at : at + len(request)]
            at += len(request)
            pair_nlBV = torch.cat([each.logits_1lBV for each in own])
            made = {"logits": pair_nlBV.cpu().numpy()} if sampling is None else narrow(pair_nlBV, sampling)
            said = [[self.stats(each.device_ms, each.hit)] for each in own]
            total_ms, hits = sum(each.device_ms for each in own), sum(each.hit for each in own)
            answers.append(Answer(np.array(said, np.object_), made, total_ms, hits))
        return answers

    def pairs(self, pictures: Sequence[Picture[Wanted]]) -> list[Pair]:
        """One a picture, as they are sent but still on the device."""
        branches = [branches_of(self.served, self.cache, picture) for picture in pictures]
        rows: dict[int, torch.Tensor] = {}
        took: dict[int, float] = {}
        for batch in self.rule.batches([branch for own in branches for branch in own]):
            family, begin = self.served.families[batch[0].picture.schedule], time.perf_counter()
            made_nlV = walk(family, self.cache, batch, self.rule.in_one_pass)
            if made_nlV.is_cuda:
                torch.cuda.synchronize(made_nlV.device)
            ms = (time.perf_counter() - begin) * 1000 / len(batch)
            for branch, row_lV in zip(batch, made_nlV, strict=True):
                rows[id(branch)], took[id(branch)] = row_lV, ms
        made = []
        for picture, own in zip(pictures, branches, strict=True):
            family = self.served.families[picture.schedule]
            sent_1lBV = family.sent(torch.stack([rows[id(branch)] for branch in own], dim=1)[None])
            if sent_1lBV.isnan().any():
                raise FloatingPointError("a logit is not a number")
            ms, hit = sum(took[id(branch)] for branch in own), all(branch.hit for branch in own)
            made.append(Pair(sent_1lBV, ms, hit))
        return made

    def stats(self, device_ms: float, hit: bool) -> bytes:
        """One picture's."""
        said = {"device_ms": round(device_ms, 3), "cache": "hit" if hit else "miss"}
        return json.dumps(said | {"revision": self.served.revision, "numerics": self.served.numerics}).encode()
