"""What Triton's Python backend gets from the two models: outputs in order, refusals by kind, nothing for who left."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from test_serving import BEFORE, CLASSES, SCALES, SERVED, VOCAB
from test_serving_requests import decoding, request

from vpg.checkpoint import CheckpointError
from vpg.serving.folder import open_folder, write_folder
from vpg.serving.folders.place import Place

Tensors = dict[str, np.ndarray]
CANDIDATES = ["candidate_count", "candidate_mass", "candidate_token", "candidate_logits"]
WEIGHTS = ("transformer.safetensors", "tokenizer.safetensors")


class TritonError(Exception):
    INVALID_ARG, UNAVAILABLE, CANCELLED, INTERNAL = "400", "503", "499", "500"

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message, self.code = message, code


@dataclass
class Response:
    output_tensors: list[Any]
    error: TritonError | None = None


@dataclass
class Tensor:
    called: str
    values: np.ndarray

    def name(self) -> str:
        return self.called

    def as_numpy(self) -> np.ndarray:
        return self.values


class Metric:
    def __init__(self) -> None:
        self.value = 0.0

    def increment(self, by: float) -> None:
        self.value += by

    def set(self, value: float) -> None:
        self.value = value


class MetricFamily:
    COUNTER, GAUGE = "counter", "gauge"

    def __init__(self, name: str, description: str, kind: str) -> None:
        self.name = name

    def Metric(self, labels: dict[str, str]) -> Metric:
        return Metric()


@dataclass
class Request:
    tensors: Tensors
    given: dict[str, Any] = field(default_factory=dict)
    left: bool = False
    asked: tuple[str, ...] = ()

    def requested_output_names(self) -> set[str]:
        return set(self.asked)

    def inputs(self) -> list[Tensor]:
        return [Tensor(name, values) for name, values in self.tensors.items()]

    def parameters(self) -> str:
        return json.dumps(self.given)

    def is_cancelled(self) -> bool:
        return self.left


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model of these tests, as an export leaves it."""
    made, family = tmp_path_factory.mktemp("weights"), SERVED.families["s"]
    for model, name in zip((family.var, family.vqvae), WEIGHTS, strict=True):
        save_file({key: value.half().contiguous() for key, value in model.state_dict().items()}, made / name)
    config = {
        "schedule": "s",
        "var": {
            "scales": SCALES,
            "vocab": VOCAB,
            "code_dim": 4,
            "width": 32,
            "depth": 2,
            "heads": 4,
            "classes": CLASSES,
        },
        "autoencoder": {"channels": [8, 16], "code_dim": 4, "norm": False, "attention": False},
        "quantizer": {"scales": SCALES, "vocab": VOCAB, "code_dim": 4, "phis": len(SCALES)},
    }
    write_folder(made, "small", "var", config)
    return made


@pytest.fixture(params=["exact", "batched"])
def models(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """The step model and the decoder, opened as Triton does."""
    pb: Any = ModuleType("triton_python_backend_utils")
    pb.TritonError, pb.InferenceResponse, pb.Tensor = TritonError, Response, Tensor
    pb.MetricFamily = MetricFamily
    monkeypatch.setitem(sys.modules, pb.__name__, pb)
    for name in ("vpg.serving.backend", "vpg.serving.metrics"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from vpg.serving.backend import DecodeModel, StepModel

    parameters = {"weights": str(folder), "rule": request.param, "threads": "1", "device": "cpu"}
    config = {"parameters": {name: {"string_value": value} for name, value in parameters.items()}}
    made = StepModel(), DecodeModel()
    for model, name in zip(made, ("small", "small.decode"), strict=True):
        model.initialize({"model_config": json.dumps(config), "model_name": name})
    yield made
    for name in ("vpg.serving.backend", "vpg.serving.metrics"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def error(response: Response) -> tuple[str, str]:
    assert response.error is not None and response.output_tensors == []
    return response.error.code, response.error.message


def test_merged_requests_each_get_their_own(models: tuple[Any, Any]) -> None:
    late, gone = Request(request(), {"deadline_ms": 0}), Request(request(), left=True)
    bad = Request(request() | {"class": np.array([[1], [9]], np.int32)})
    good = Request(request(), {"deadline_ms": 60_000, "timeout": 60_000_000})
    first, *refused, second = models[0].execute([good, late, gone, bad, good])
    assert [error(each)[0] for each in refused] == ["503", "499", "400"]
    assert error(refused[0])[1].startswith("deadline_ms: ") and error(refused[2])[1].startswith("class: ")
    for response in (first, second):
        assert response.error is None
        stats, logits = response.output_tensors
        assert (stats.name(), logits.name()) == ("stats", "logits")
        assert logits.as_numpy().shape == (2, 9, 2, VOCAB) and logits.as_numpy().dtype == np.float16
        said = json.loads(stats.as_numpy()[0, 0])
        assert list(said) == ["device_ms", "cache", "revision", "numerics"] and said["device_ms"] > 0
    assert second.output_tensors[1].as_numpy().shape == first.output_tensors[1].as_numpy().shape


def test_a_request_that_fails_leaves_its_neighbours_their_answers(models: tuple[Any, Any]) -> None:
    bad = Request(request() | {"guidance": np.full((2, 3), 3e38, np.float32)})
    first, failed, second = models[0].execute([Request(request()), bad, Request(request())])
    assert error(failed) == ("500", "the model failed")
    for response in (first, second):
        assert response.error is None and np.isfinite(response.output_tensors[1].as_numpy()).all()


def test_parameters_that_cannot_be_read_are_one_request_s_own(models: tuple[Any, Any]) -> None:
    tokens = np.zeros((1, BEFORE[1]), np.uint16)
    asked = decoding(tokens) | {name: decoding(tokens)[name][:1] for name in ("schedule", "format")}
    odd, good = models[1].execute([Request(asked, {"deadline_ms": 10**400}), Request(asked)])
    assert error(odd)[0] == "500" and good.error is None


def test_of_who_left_nothing_is_read(models: tuple[Any, Any]) -> None:
    bad = request() | {"class": np.array([[1], [9]], np.int32)}
    assert error(*models[0].execute([Request(bad, left=True)]))[0] == "499"


def test_only_what_was_asked_for_is_made(models: tuple[Any, Any]) -> None:
    asked = [Request(request(), asked=names) for names in (("logits",), ("logits", "stats"))]
    made = [[tensor.name() for tensor in response.output_tensors] for response in models[0].execute(asked)]
    assert made == [["logits"], ["stats", "logits"]]


def test_candidates_take_the_place_of_logits_where_they_are_asked_for(models: tuple[Any, Any]) -> None:
    given = {"candidates": True, "lambda": 1.5, "temperature": 1, "top_k": 3, "top_p": 1}
    dense, first, narrower, bad = models[0].execute(
        [Request(request(), own) for own in ({}, given, given | {"top_k": 1}, given | {"top_p": 2})]
    )
    assert error(bad)[0] == "400" and error(bad)[1].startswith("top_p: ")
    assert [tensor.name() for tensor in dense.output_tensors] == ["stats", "logits"]
    for response, least in ((first, 3), (narrower, 1)):
        assert [tensor.name() for tensor in response.output_tensors] == ["stats", *CANDIDATES]
        count, _, token, logits = (tensor.as_numpy() for tensor in response.output_tensors[1:])
        assert count.shape == (2, 9) and count.min() == least and count.max() < VOCAB
        assert token.shape == (2, count.sum(1).max()) and logits.shape == (*token.shape, 2)


def test_the_numerics_class_names_build_device_and_rule(models: tuple[Any, Any]) -> None:
    rule = {"exact": "branches-alone", "batched": "batched"}[models[0].settings.rule]
    model, build, device, named = models[0].served.numerics.split("/")
    assert (model, named) == ("small", rule)
    assert build == f"torch-{torch.__version__.split('+')[0]}" and device.startswith("cpu-")


def test_a_model_s_name_may_have_dots(models: tuple[Any, Any], folder: Path) -> None:
    config = {"parameters": {name: {"string_value": value} for name, value in {"weights": str(folder)}.items()}}
    for model, name in zip(map(type, models), ("small-1.5", "small-1.5.decode"), strict=True):
        made = model()
        made.initialize({"model_config": json.dumps(config), "model_name": name})
        assert made.served.numerics.split("/")[0] == "small-1.5"


def test_metrics_count_pictures_and_batches(models: tuple[Any, Any]) -> None:
    step, _ = models
    for _ in range(2):
        step.execute([Request(request())])
    step.execute([Request(request(), left=True)])
    counted = step.metrics
    assert (counted.pictures["hit"].value, counted.pictures["miss"].value, counted.batches.value) == (2, 2, 2)
    assert counted.device_ms.value > 0 and counted.cache_bytes.value == step.endpoint.cache.bytes > 0


def test_a_failure_of_ours_tells_the_log_and_not_the_caller(
    models: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models[0].endpoint, "answer", lambda *_: 1 / 0)
    [response] = models[0].execute([Request(request())])
    assert error(response) == ("500", "the model failed") and "ZeroDivisionError" in capsys.readouterr().err


def test_both_models_decode(models: tuple[Any, Any]) -> None:
    tokens = np.zeros((2, BEFORE[2]), np.uint16)
    [through_step] = models[0].execute([Request(decoding(tokens), {"op": "decode"})])
    answered, refused, gone = models[1].execute(
        [Request(decoding(tokens)), Request(decoding(tokens, "mp4")), Request(decoding(tokens), left=True)]
    )
    assert [error(each)[0] for each in (refused, gone)] == ["400", "499"]
    [media], [same] = answered.output_tensors, through_step.output_tensors
    assert media.name() == "media" and media.as_numpy().shape == (2, 1)
    assert (media.as_numpy() == same.as_numpy()).all() and media.as_numpy()[0, 0].startswith(b"\x89PNG")


def test_weights_of_another_revision_are_not_served(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    changed = bytearray((tmp_path / WEIGHTS[0]).read_bytes())
    changed[-1] ^= 1
    (tmp_path / WEIGHTS[0]).write_bytes(changed)
    with pytest.raises(CheckpointError, match="revision"):
        open_folder(tmp_path, Place(), "n")


def test_the_environment_goes_before_config_pbtxt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from vpg.serving.settings import Settings

    given = {"weights": "weights", "rule": "exact", "cache_bytes": "5", "device": "cpu"}
    read = Settings.read(given, tmp_path)
    assert (read.weights, read.rule, read.cache_bytes, read.threads) == (tmp_path / "weights", "exact", 5, 1)
    for name, value in {"RULE": "batched", "CACHE_BYTES": "0", "NUMERICS": "mine"}.items():
        monkeypatch.setenv(f"VPG_{name}", value)
    read = Settings.read(given, tmp_path)
    assert (read.rule, read.cache_bytes, read.named("m")) == ("batched", 0, "mine")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("dtype", "float8", "'float8' is not one of float32, bfloat16, float16"),
        ("rule", "fast", "'fast' is not exact or batched"),
        ("cache_bytes", "6GB", "'6GB' is not a number of bytes"),
        ("cache_bytes", "-1", "'-1' is not a number of bytes"),
        ("threads", "0", "'0' is not a number of threads"),
        ("device", "gpu", "'gpu' is not a device"),
        ("weights", "", "missing"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, name: str, value: str, said: str) -> None:
    from vpg.serving.settings import SettingError, Settings

    with pytest.raises(SettingError, match=rf"^{name} \(VPG_{name.upper()}\): {said}"):
        Settings.read({"weights": "weights", name: value}, tmp_path)
