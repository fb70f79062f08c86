"""Training parts that a resumed run depends on."""

import torch

from sprites.optimizer import orthogonalize
from sprites.run import Epochs, warmup_stable_decay


def test_an_epoch_has_every_index_once_and_is_found_again() -> None:
    epochs = Epochs(count=10, batch=2, seed=1)
    seen = torch.cat([epochs.at(step) for step in range(5, 10)])
    assert sorted(seen.tolist()) == list(range(10))
    assert torch.equal(Epochs(10, 2, 1).at(7), epochs.at(7))


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [warmup_stable_decay(step, 1000, 100, 0.5) for step in (0, 99, 500, 750, 999)]
    assert rates == [0.01, 1.0, 1.0, 0.5, 0.002]


def test_orthogonalized_matrices_have_singular_values_near_one() -> None:
    values = torch.linalg.svdvals(orthogonalize(torch.randn(2, 48, 24), bf16=False))
    assert values.min() > 0.5 and values.max() < 1.4
