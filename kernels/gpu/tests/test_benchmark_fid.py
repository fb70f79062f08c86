"""FID and the Inception Score on cases whose value is known, and the network by its known peculiarities."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmarks.__main__ import main
from benchmarks.fid import inception_score, read_reference, score
from benchmarks.imagenet import pack
from benchmarks.inception import BlockE, Inception, average, enlarge, largest, open_inception
from benchmarks.measure import score_sides
from sprites.distances import distance, moments
from vpg.checkpoint import CheckpointError

CPU = torch.device("cpu")


def test_between_normal_distributions_it_is_the_closed_form() -> None:
    """Of diagonal covariances: the squared distance of the means and of the standard deviations."""
    first = torch.tensor([1.0, -2.0, 0.5]).double(), torch.diag(torch.tensor([4.0, 9.0, 0.25])).double()
    second = torch.tensor([0.0, 1.0, 0.5]).double(), torch.diag(torch.tensor([1.0, 16.0, 0.25])).double()
    assert distance(first, second) == pytest.approx(1 + 9 + 0 + (2 - 1) ** 2 + (3 - 4) ** 2, abs=1e-12)


def test_turning_both_changes_nothing() -> None:
    turn, _ = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    diagonals = torch.tensor([4.0, 9.0, 0.25]).double(), torch.tensor([1.0, 16.0, 0.25]).double()
    zero = torch.zeros(3, dtype=torch.float64)
    turned = [(zero, turn @ torch.diag(each) @ turn.T) for each in diagonals]
    assert distance(*turned) == pytest.approx(2.0, abs=1e-12)


def mean_colour(pictures_BHW3: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A stand-in for the network: features are the mean colour, and the brightest colour is the class."""
    mean_B3 = pictures_BHW3.double().mean((1, 2))
    return mean_B3, 1000 * F.one_hot(mean_B3.argmax(1), 3).double()


def test_pictures_of_known_statistics_have_the_exact_distance(tmp_path: Path) -> None:
    """Two grey levels, 100 and 120, as often: mean 110, variance 100 N / (N - 1); against mean 113, variance 0."""
    count = 400
    pictures = np.full((count, 4, 4, 3), 100, np.uint8)
    pictures[::2] = 120
    np.savez(tmp_path / "reference.npz", mu=np.full(3, 113.0), sigma=np.zeros((3, 3)))
    found = score(mean_colour, [pictures[:150], pictures[150:]], read_reference(tmp_path / "reference.npz"), CPU)
    assert found.pictures == count
    assert found.fid == pytest.approx(3 * (3**2 + 100 * count / (count - 1)), rel=1e-9)


def test_a_reference_without_statistics_is_refused_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "reference.npz", arr_0=np.zeros((2, 4, 4, 3), np.uint8), mu=np.zeros(3))
    with pytest.raises(ValueError, match="no sigma; it has arr_0, mu"):
        read_reference(tmp_path / "reference.npz")


def test_the_inception_score_is_the_number_of_classes_at_best_and_one_at_worst() -> None:
    every = 1000 * torch.eye(8).repeat(50, 1)
    assert inception_score(every) == pytest.approx(8)
    assert inception_score(every[:1].repeat(100, 1)) == pytest.approx(1)
    half = torch.tensor([[0.0, math.log(3)], [math.log(3), 0.0]])  # shares 1/4 and 3/4, in turn
    expected = math.exp(0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5))
    assert inception_score(half) == pytest.approx(expected)


def test_what_imagenet_made_is_scored_side_by_side(
    small_folder: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """End to end on a stand-in: a small model, a stand-in network, and statistics of its own plain pictures."""
    words = ["imagenet", str(small_folder("var")), str(tmp_path), "--per-class", "6", "--dtype", "float32"]
    assert main([*words, "--device", "cpu", "--vpg-scale", "3"]) == 0
    made = [np.load(path) for path in sorted((tmp_path / "plain" / "media").iterdir())]
    mean, covariance = moments(mean_colour(torch.from_numpy(np.concatenate(made)))[0])
    np.savez(tmp_path / "reference.npz", mu=mean.numpy(), sigma=covariance.numpy())
    score_sides(tmp_path, tmp_path / "reference.npz", mean_colour, CPU)
    plain, guided = (json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines())
    assert (plain["side"], plain["pictures"], guided["side"]) == ("plain", 30, "vpg")
    assert plain["fid"] == pytest.approx(0, abs=1e-6) and guided["fid"] > 1e-3
    assert guided["settings"]["vpg"]["scale"] == 3
    assert pack(tmp_path / "vpg" / "media", tmp_path / "vpg.npz") == 30
    assert np.load(tmp_path / "vpg.npz")["arr_0"].shape == (30, 24, 24, 3)
    (tmp_path / "vpg" / "media" / "0004.npy").unlink()
    with pytest.raises(ValueError, match="4 of 5 classes"):
        score_sides(tmp_path, tmp_path / "reference.npz", mean_colour, CPU)
    assert "plain: FID 0.000" in capsys.readouterr().out


def test_pictures_are_enlarged_as_tensorflow_1_did_it() -> None:
    """Row y of 4 reads y 2 / 4; the last row has none below it."""
    two = torch.tensor([[0.0, 8.0], [16.0, 24.0]])[None, None]
    row = torch.tensor([0.0, 4.0, 8.0, 8.0])
    assert enlarge(two, 4)[0, 0].tolist() == [(row + add).tolist() for add in (0.0, 8.0, 16.0, 16.0)]
    same = torch.rand(1, 3, 7, 7)
    assert torch.equal(enlarge(same, 7), same)


def test_the_network_pools_as_the_graph_of_2015_does() -> None:
    ones = torch.ones(1, 1, 4, 4)
    assert torch.equal(average(ones), ones)  # the border is not counted
    assert BlockE(2048, largest).pool is largest
    model = Inception()
    assert model.Mixed_7b.pool is average and model.Mixed_7c.pool is largest
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert shapes["fc.weight"] == (1008, 2048) and shapes["Mixed_7c.branch_pool.conv.weight"] == (192, 2048, 1, 1)
    assert shapes["Mixed_6b.branch7x7dbl_2.conv.weight"] == (128, 128, 7, 1)


def test_weights_are_read_by_their_published_names_and_others_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = Inception().state_dict()
    extra = {"Conv2d_1a_3x3.bn.num_batches_tracked": torch.tensor(0), "AuxLogits.fc.bias": torch.zeros(3)}
    torch.save(state | extra, tmp_path / "whole.pth")
    model = open_inception(tmp_path / "whole.pth", CPU)
    features, logits = model(torch.randint(0, 256, (1, 32, 32, 3), dtype=torch.uint8))
    assert features.shape == (1, 2048) and logits.shape == (1, 1008)
    state.pop("fc.weight")
    torch.save(state, tmp_path / "part.pth")
    with pytest.raises(CheckpointError, match="missing: fc.weight"):
        open_inception(tmp_path / "part.pth", CPU)


@torch.no_grad()
def test_the_network_computes_what_pytorch_fids_own_class_computes() -> None:
    """Recorded from its FID Inception (commit b9c1811, torchvision 0.24.1) with weights drawn the same way."""
    model, generator = Inception().eval(), torch.Generator().manual_seed(5)
    for name, tensor in sorted(model.state_dict().items()):
        drawn = torch.randn(tensor.shape, generator=generator)
        if name.endswith("running_var"):
            drawn = 1 + 0.1 * drawn.abs()
        elif name.endswith("bn.weight"):
            drawn = 1 + 0.1 * drawn
        else:
            drawn = drawn * (1.4 / tensor[0].numel() ** 0.5 if tensor.dim() > 1 else 0.1)
        tensor.copy_(drawn)
    x_B3hw = torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(6)) * 2 - 1
    recorded = [0.0, 0.22508, 0.04628, 0.04064, 0.0529, 0.0, 0.0, 0.01241]
    assert model.features(x_B3hw[:1])[0, ::256].tolist() == pytest.approx(recorded, abs=2e-4)
