"""Training parts that a resumed run depends on."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sprites.optimizer import orthogonalize
from sprites.recipe import small
from sprites.run import Epochs, Run, warmup_stable_decay
from sprites.train_tokenizer import fit, pixel_loss
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig


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


def test_a_training_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path) -> None:
    plain = AutoencoderConfig((8, 16), 4, 1, 1, patch=2, norm=False, attention=False, middle=True, shuffle=True)
    quantizer = QuantizerConfig((1, 2, 4), 16, 4, phis=3)
    recipe = replace(small(), autoencoder=plain, quantizer=quantizer, tokenizer_steps=30, tokenizer_batch=4)
    pictures = torch.randint(0, 256, (10, 3, 16, 16), generator=torch.Generator().manual_seed(0)).to(torch.uint8)

    class Killed(Run):
        def save(self, name: str, state: dict) -> None:
            super().save(name, state)
            if state.get("step") == 13:
                raise KeyboardInterrupt

    def train(run: Run, save_seconds: float) -> None:
        fit(run, replace(recipe, save_seconds=save_seconds), pictures, 2, pixel_loss, lambda _: None)

    train(Run(tmp_path / "whole", 1), save_seconds=1e9)
    with pytest.raises(KeyboardInterrupt):
        train(Killed(tmp_path / "stopped", 1), save_seconds=0)
    train(Run(tmp_path / "stopped", 1), save_seconds=1e9)
    whole, stopped = (Run(tmp_path / name, 1).load("tokenizer.pt") for name in ("whole", "stopped"))
    assert all(torch.equal(value, stopped[name]) for name, value in whole.items())
