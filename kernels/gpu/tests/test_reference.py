"""What is kept beside the weights for `npm run eval`: whole, of real pictures, and read alike by both languages."""

import base64
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from evaluation.__main__ import figures_of, measure_run
from evaluation.reference import Whitening, sizes_of
from evaluation.worlds import FLOORS, WORLDS, World, open_world
from sprites.distances import distance, manifold, moments

WEIGHTS = Path(__file__).parents[2] / "weights"
# Of `patterns` below; scripts/eval/measure.test.ts has the same.
PATTERN_FIGURES = {
    "fd": 43.9359,
    "local_fd": 7.04826,
    "patch_fd": 1241.2277,
    "errors": 0.95,
    "precision": 1.0,
    "recall": 0.0,
}


def patterns() -> tuple[np.ndarray, np.ndarray]:
    """40 pictures that no world has, the same in every language."""
    i, c, y, x = np.indices((40, 3, 64, 64))
    return ((37 * i + 71 * c + 3 * (i % 5 + 1) * x + 2 * (7 * i % 6) * y) % 256).astype(np.uint8), np.arange(40) % 10


def decoded(text: str, kind: str, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), kind).reshape(shape).astype(np.float64))


def kept(model: str) -> tuple[onnxruntime.InferenceSession, dict]:
    folder = WEIGHTS / model / "evaluation"
    session = onnxruntime.InferenceSession(folder / "judge.onnx", providers=["CPUExecutionProvider"])
    return session, json.loads((folder / "reference.json").read_text())


def seen(session: onnxruntime.InferenceSession, pictures: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    features, places, logits = session.run(["features", "places", "labels"], {"pictures": pictures})
    places_nC = torch.from_numpy(places).permute(0, 2, 3, 1).flatten(0, 2)
    return torch.from_numpy(features), places_nC, logits.argmax(1)


@pytest.mark.parametrize("model", WORLDS)
def test_the_judge_knows_the_classes_of_fresh_real_pictures(model: str) -> None:
    session, reference = kept(model)
    assert set(reference["floors"]) == {str(size) for size in sizes_of(reference["classes"])}
    assert all(len(rows) == FLOORS for each in reference["floors"].values() for rows in each.values())
    pictures, labels = open_world(model).real(200, 777)
    assert reference["classes"] == open_world(model).classes
    assert (seen(session, pictures)[2] == labels).mean() > 0.95


def test_figures_are_those_that_the_other_language_computes() -> None:
    session, reference = kept("var-sprites")
    pictures, labels = patterns()
    features_BF, places_nC, found = seen(session, pictures)

    def real(name: str) -> tuple[torch.Tensor, torch.Tensor]:
        own = reference[name]
        width = own["width"]
        return decoded(own["mean"], "<f8", width), decoded(own["covariance"], "<f8", width, width)

    sample = decoded(reference["features"]["sample"], "<f2", -1, reference["features"]["width"]).float()[:40]
    near, own = manifold(sample, features_BF), reference["patches"]
    directions = decoded(own["directions"], "<f4", own["width"], own["width"])
    whitening = Whitening(decoded(own["offset"], "<f8", own["width"]), directions)
    made = {
        "fd": distance(real("features"), moments(features_BF)),
        "local_fd": distance(real("places"), moments(places_nC)),
        "patch_fd": distance(real("patches"), moments(whitening.apply(pictures))),
        "errors": float((found != labels).mean()),
        "precision": near["precision"],
        "recall": near["recall"],
    }
    assert made == pytest.approx(PATTERN_FIGURES, rel=1e-3)


def brightness(pictures: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    return {"brightness": float(pictures.mean())}


def stand_in() -> World:
    def real(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((count, 3, 4, 4), seed % 200, np.uint8), np.arange(count) % 2

    return World(
        ["a", "b"], 4, real, lambda pictures: pictures + 1, lambda _: torch.nn.Identity(), lambda _: [brightness]
    )


def test_a_run_is_measured_with_its_floor_and_goes_on_where_it_was(tmp_path: Path) -> None:
    from PIL import Image

    lines = []
    for which in range(2):
        for label in range(2):
            file = f"{which}-{label}.png"
            Image.fromarray(np.full((4, 4, 3), 10 * which + label, np.uint8)).save(tmp_path / file)
            own = {"model": "m", "revision": "r", "setting": "plain", "request": {}, "set": which, "label": label}
            lines.append(json.dumps(own | {"files": [file]}))
    (tmp_path / "pictures.jsonl").write_text("\n".join([*lines[:3], '{"model": "m']))
    world = stand_in()

    def measured() -> list[dict]:
        measure_run(tmp_path, "m", world, world.measures(tmp_path))
        return [json.loads(line) for line in (tmp_path / "figures.jsonl").read_text().splitlines()]

    first = measured()
    assert [(line["setting"], line["set"], line["figures"]["brightness"]) for line in first[:1]] == [("plain", 0, 0.5)]
    assert [line.get("name") for line in first[1:3]] == ["real", "reconstructions"] and len(first) == 1 + 2 * FLOORS
    assert {line["pictures"] for line in first} == {2}
    (tmp_path / "pictures.jsonl").write_text("\n".join(lines))
    assert [line["set"] for line in measured()[len(first) :]] == [1]


def test_two_measures_may_not_give_a_figure_of_one_name() -> None:
    with pytest.raises(ValueError, match="brightness"):
        figures_of([brightness, brightness], patterns())
