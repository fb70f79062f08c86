"""A request's own parameters (OIP `parameters`), as Triton hands them on."""

import json
import math
from dataclasses import dataclass

from vpg.serving.candidates import Sampling
from vpg.step import Refused


class Late(Exception):
    """Nobody wants the answer any more: HTTP 503."""


@dataclass(frozen=True)
class Parameters:
    """Those that concern the models."""

    decodes: bool = False
    deadline_ms: float = math.inf
    sampling: Sampling | None = None  # given: only candidates are wanted

    @classmethod
    def read(cls, text: str) -> "Parameters":
        """From Triton's JSON; raises Refused."""
        given = json.loads(text) if text else {}
        candidates = given.get("candidates", False)
        if not isinstance(candidates, bool):
            raise Refused("candidates", "neither true nor false")
        op = given.get("op")
        if op not in (None, "decode"):
            raise Refused("op", 'only "decode"')
        deadline = given.get("deadline_ms", math.inf)
        if isinstance(deadline, bool) or not isinstance(deadline, int | float) or not deadline >= 0:
            raise Refused("deadline_ms", "not a number from 0")
        if op is not None and candidates:
            raise Refused("candidates", "a decoding has none")
        return cls(op is not None, float(deadline), Sampling.read(given) if candidates else None)

    def check(self, passed_ms: float) -> None:
        """Raises Late; counted from when Triton handed the request on: its own `timeout` is the queue's."""
        if passed_ms >= self.deadline_ms:
            raise Late("deadline_ms: the deadline has passed")
