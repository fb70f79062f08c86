"""The two models as Triton's Python backend runs them; `model.py` of each is only a name for one of these classes."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
import triton_python_backend_utils as pb

from vpg.serving import candidates
from vpg.serving.batch_rule import BatchRule
from vpg.serving.decoding import decode, read_decode
from vpg.serving.endpoint import Answer, Endpoint
from vpg.serving.folder import open_folder
from vpg.serving.metrics import Metrics
from vpg.serving.parameters import Late, Parameters
from vpg.serving.served import Served
from vpg.serving.settings import Settings
from vpg.serving.step_request import Picture, read_step
from vpg.step import Refused

ROOT = Path(__file__).resolve().parents[4]  # the repository: relative weights start there


def opened(args: dict[str, str], steps: bool) -> tuple[Settings, Served]:
    """From what Triton hands over; whatever is wrong is raised, and Triton's log says it."""
    config = json.loads(args["model_config"])
    given = {name: entry["string_value"] for name, entry in config.get("parameters", {}).items()}
    settings = Settings.read(given, ROOT)
    torch.set_num_threads(settings.threads)
    numerics = settings.named(args["model_name"].removesuffix(".decode"))
    served = open_folder(settings.weights, settings.place, numerics, steps)
    log(f"{args['model_name']}: {served.numerics}, revision {served.revision}, on {settings.place.device}")
    return settings, served


def log(line: str) -> None:
    """On standard error, which Triton passes on: no message through the memory it shares with this process."""
    print(line, file=sys.stderr, flush=True)


def tensors_of(request: Any) -> dict[str, Any]:
    """numpy's, by name."""
    return {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}


def refusal(message: str, code: int) -> Any:
    """A response with nothing else in it."""
    return pb.InferenceResponse(output_tensors=[], error=pb.TritonError(message, code))


def failed(error: Exception) -> Any:
    """400 naming the field, 503 past the deadline, 500 for what is our fault; of that the log says more."""
    match error:
        case Refused():
            return refusal(str(error), pb.TritonError.INVALID_ARG)
        case Late():
            return refusal(str(error), pb.TritonError.UNAVAILABLE)
        case _:
            log(f"{type(error).__name__}: {error}")
            return refusal("the model failed", pb.TritonError.INTERNAL)


class Call:
    """One request of a batch, and what becomes of it."""

    def __init__(self, request: Any) -> None:
        self.request, self.begin, self.response = request, time.perf_counter(), None
        self.parameters = Parameters()
        self.pictures: list[Picture] = []

    def read_parameters(self) -> None:
        """An error becomes its response."""
        try:
            self.parameters = Parameters.read(self.request.parameters())
        except Exception as error:
            self.response = failed(error)

    def read(self, served: Served) -> None:
        """Its parameters, and the pictures of a step that somebody wants still; an error becomes its response."""
        self.read_parameters()
        if self.parameters.decodes or not self.waits():
            return
        try:
            if self.parameters.sampling is not None:
                candidates.check(served.token_type)
            self.pictures = read_step(served, tensors_of(self.request))
        except Exception as error:
            self.response = failed(error)

    def waits(self) -> bool:
        """Whether somebody wants its answer still."""
        if self.response is None and self.request.is_cancelled():
            self.response = refusal("cancelled", pb.TritonError.CANCELLED)
        if self.response is None:
            try:
                self.parameters.check((time.perf_counter() - self.begin) * 1000)
            except Late as error:
                self.response = failed(error)
        return self.response is None

    def answer(self, answer: Answer) -> None:
        """With what a step came to."""
        self.send({"stats": answer.stats, **answer.rows})

    def send(self, outputs: dict[str, Any]) -> None:
        """What was asked for, in the contract's order. Triton would leave out the rest itself, but 2.51 frees such
        arrays without Python's lock (fixed by python_backend #390)."""
        asked = self.request.requested_output_names()
        tensors = [pb.Tensor(name, value) for name, value in outputs.items() if name in asked or not asked]
        self.response = pb.InferenceResponse(output_tensors=tensors)

    def decode(self, served: Served) -> None:
        """Answers as `{id}.decode` does; an error becomes its response."""
        try:
            self.send({"media": decode(read_decode(served, tensors_of(self.request)))})
        except Exception as error:
            self.response = failed(error)


class DecodeModel:
    """`{id}.decode`"""

    steps = False

    def initialize(self, args: dict[str, str]) -> None:
        """Once, by Triton."""
        self.settings, self.served = opened(args, self.steps)

    def execute(self, requests: list[Any]) -> list[Any]:
        """A response a request, in their order."""
        calls = [Call(request) for request in requests]
        for call in calls:
            call.read_parameters()
            if call.waits():
                call.decode(self.served)
        return [call.response for call in calls]


class StepModel(DecodeModel):
    """`{id}`; with the request parameter `op` = `decode` it answers as `{id}.decode` would."""

    steps = True

    def initialize(self, args: dict[str, str]) -> None:
        super().initialize(args)
        self.endpoint = Endpoint(self.served, self.settings.rule, self.settings.cache_bytes)
        self.metrics = Metrics(args["model_name"])

    def finalize(self) -> None:
        del self.metrics

    def execute(self, requests: list[Any]) -> list[Any]:
        calls = [Call(request) for request in requests]
        for call in calls:
            call.read(self.served)
        for call in calls:
            if call.parameters.decodes and call.waits():
                call.decode(self.served)
        self.step([call for call in calls if call.response is None])
        return [call.response for call in calls]

    def step(self, calls: list[Call]) -> None:
        """Under the exact rule nothing is gained by running requests together, and a failure stays with its own."""
        answers: list[Answer] = []
        for together in [[call] for call in calls] if self.settings.rule is BatchRule.EXACT else [calls]:
            answers += self.run([call for call in together if call.waits()])
        if answers:
            hits, pictures = sum(answer.hits for answer in answers), sum(len(answer.stats) for answer in answers)
            device_ms = sum(answer.device_ms for answer in answers)
            self.metrics.count(hits, pictures - hits, device_ms, self.endpoint.cache.bytes)

    def run(self, calls: list[Call]) -> list[Answer]:
        """Requests as one batch; where that fails each by itself, so that the failure stays with its own."""
        try:
            samplings = [call.parameters.sampling for call in calls]
            answers = self.endpoint.answer([call.pictures for call in calls], samplings)
        except Exception as error:
            failure = failed(error)
        else:
            for call, answer in zip(calls, answers, strict=True):
                call.answer(answer)
            return answers
        if len(calls) > 1:  # the error, and the memory that its frames hold, is gone by here
            return [answer for call in calls if call.waits() for answer in self.run([call])]
        for call in calls:
            call.response = failure
        return []
