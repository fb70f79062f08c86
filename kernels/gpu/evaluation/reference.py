"""What `npm run eval` needs where no Python is: python -m evaluation.reference MODEL [--cache FOLDER].

Writes to kernels/weights/MODEL/evaluation: judge.onnx, a small classifier that looks at pictures (trained for that
alone), and reference.json, what it sees in real ones: means and covariances, a sample of features, and the floor, the
figures of other real pictures and of their reconstructions in sets of the sizes that are drawn.
What the judge does not see, a last scale left out or a little noise, patches of pixels show: small ones, in units of
their spread, against those of reconstructions, because the tokenizer's own mark would drown all else.
Shapes in names: B pictures, F features of a picture, C channels at a place, V values of a vector, P of a patch.
"""

import argparse
import base64
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

from evaluation.worlds import FLOOR, FLOORS, WEIGHTS, WORLDS, World, floor_of, open_world
from sprites.distances import Moments, distance, manifold, moments
from sprites.export import slim, trace

REALS, SAMPLE = 10_000, 1000  # pictures behind the statistics; of them, whose features are kept
REAL_SEED = 700_000  # never trained on, nor measured against elsewhere
SIZES = (300, 1000)  # pictures of the sets that are drawn, or a little fewer: as many of each class
LOOK_BATCH = 250
PATCHED, PATCH, STRIDE = 3000, 6, 4  # reconstructions whose patches are the reference; pixels
LEAST_SPREAD = 1e-3  # variance that is added to every direction of a patch: four grey levels


class Looking(nn.Module):
    """The judge from bytes [B, 3, H, W] to features [B, F], what is at each place [B, C, h, w], and labels' logits."""

    def __init__(self, judge: nn.Module) -> None:
        super().__init__()
        self.judge = judge

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        places_BChw = self.judge.maps(pictures.float() / 127.5 - 1)[-1]
        features_BF = self.judge.vector(places_BChw)
        return features_BF, places_BChw, self.judge.label(F.relu(features_BF))


@torch.no_grad()
def halve(judge: nn.Module) -> nn.Module:
    """Its weights as half precision keeps them, so that the graph and PyTorch compute the same."""
    for parameter in judge.parameters():
        parameter.copy_(parameter.half().float())
    return judge


def graph_of(judge: nn.Module, side: int) -> onnx.ModelProto:
    """Weights in half precision, cast when they are loaded."""
    pictures = torch.zeros(2, 3, side, side, dtype=torch.uint8)
    outputs = {name: {0: "B"} for name in ("features", "places", "labels")}
    graph = trace(Looking(judge), {"pictures": pictures}, outputs)
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "B"
    casts = []
    for tensor in graph.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        name, half = tensor.name, numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    return graph


@torch.no_grad()
def look(judge: nn.Module, pictures: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of any number of pictures: features [B, F], places [B h w, C], labels [B]."""
    seen = [Looking(judge)(batch) for batch in torch.from_numpy(pictures).split(LOOK_BATCH)]
    features, places, logits = (torch.cat(parts) for parts in zip(*seen, strict=True))
    return features, places.permute(0, 2, 3, 1).flatten(0, 2), logits.argmax(1)


def patches_of(pictures: np.ndarray) -> torch.Tensor:
    """float64 [n, P] in [-1, 1], colour by colour."""
    x_B3HW = torch.from_numpy(pictures).double() / 127.5 - 1
    return F.unfold(x_B3HW, PATCH, stride=STRIDE).permute(0, 2, 1).flatten(0, 1)


@dataclass(frozen=True)
class Whitening:
    """Patches in units of their spread."""

    mean_P: torch.Tensor
    scaled_PP: torch.Tensor  # rows are directions

    @classmethod
    def of(cls, patches_nP: torch.Tensor) -> "Whitening":
        mean_P, covariance = moments(patches_nP)
        value, vector = torch.linalg.eigh(covariance)
        return cls(mean_P, (vector / (value + LEAST_SPREAD).sqrt()).T.float().double())  # as it is kept

    def apply(self, pictures: np.ndarray) -> torch.Tensor:
        return (patches_of(pictures) - self.mean_P) @ self.scaled_PP.T


@dataclass(frozen=True)
class Real:
    """The real side."""

    sample_BF: torch.Tensor  # features of some
    features: Moments
    places: Moments
    whitening: Whitening
    patches: Moments  # of whitened ones


def figures(real: Real, judge: nn.Module, pictures: np.ndarray, labels: np.ndarray) -> dict:
    """Those that scripts/eval/measure.ts computes."""
    features_BF, places_nC, label_B = look(judge, pictures)
    near = manifold(real.sample_BF[: len(labels)], features_BF)
    return {
        "fd": distance(real.features, moments(features_BF)),
        "local_fd": distance(real.places, moments(places_nC)),
        "patch_fd": distance(real.patches, moments(real.whitening.apply(pictures))),
        "errors": 1 - (label_B.numpy() == labels).mean().item(),
        "precision": near["precision"],
        "recall": near["recall"],
    }


def sizes_of(classes: list[str]) -> list[int]:
    """Those that scripts/eval/settings.ts draws."""
    return [size - size % len(classes) for size in SIZES]


def floors(world: World, judge: nn.Module, real: Real) -> dict[str, dict]:
    """By the size of a set, then by what is in it: the figures of several."""
    made: dict[str, dict] = {}
    for size in sizes_of(world.classes):
        drawn = [floor_of(world, size, i) for i in range(FLOORS)]
        made[str(size)] = {name: [figures(real, judge, *each[name]) for each in drawn] for name in FLOOR}
    return made


def base64_of(values: torch.Tensor, kind: str) -> str:
    return base64.b64encode(values.numpy().astype(kind).tobytes()).decode()


def statistics(of: Moments) -> dict:
    """Mean [V] and covariance [V, V], float64, little endian, in base64."""
    mean, covariance = of
    return {"mean": base64_of(mean, "<f8"), "covariance": base64_of(covariance, "<f8"), "width": len(mean)}


def whitening_of(whitening: Whitening) -> dict:
    """How patches become what the statistics are of."""
    made = {"offset": base64_of(whitening.mean_P, "<f8"), "directions": base64_of(whitening.scaled_PP, "<f4")}
    return made | {"side": PATCH, "stride": STRIDE}


def reference(world: World, judge: nn.Module) -> dict:
    pictures, labels = world.real(REALS, REAL_SEED)
    features_BF, places_nC, _ = look(judge, pictures)
    features_BF[:SAMPLE] = features_BF[:SAMPLE].half().float()  # as they are kept
    reconstructed = world.reconstruct(pictures[:PATCHED])
    whitening = Whitening.of(patches_of(reconstructed))
    patches = moments(whitening.apply(reconstructed))
    real = Real(features_BF[:SAMPLE], moments(features_BF), moments(places_nC), whitening, patches)
    return {
        "classes": world.classes,
        "side": world.side,
        "pictures": REALS,
        "features": statistics(real.features) | {"sample": base64_of(real.sample_BF, "<f2")},
        "places": statistics(real.places),
        "patches": statistics(real.patches) | whitening_of(whitening),
        "floors": floors(world, judge, real),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=WORLDS)
    parser.add_argument("--cache", type=Path, help="where the trained judge is kept; default .local/eval/MODEL")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    world, out = open_world(arguments.model), WEIGHTS / arguments.model / "evaluation"
    out.mkdir(exist_ok=True)
    judge = halve(world.judge(arguments.cache or WEIGHTS.parents[1] / ".local" / "eval" / arguments.model))
    onnx.save(slim(graph_of(judge, world.side), arguments.model, arguments.model), out / "judge.onnx")
    onnx.checker.check_model(out / "judge.onnx")
    (out / "reference.json").write_text(json.dumps(reference(world, judge), indent=1) + "\n")
    for path in sorted(out.iterdir()):
        print(f"{path.stat().st_size:>9} {path.name}")


if __name__ == "__main__":
    main()
