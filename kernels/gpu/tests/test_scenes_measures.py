"""Measures of the scenes series: nothing is found where there is nothing, and something where there is."""

from pathlib import Path

import numpy as np
import torch

from scenes.critic import linear_accuracy
from scenes.drift import InputEye
from scenes.parameters import draw_scenes
from scenes.patches import PatchEye
from scenes.recipe import SCALES
from scenes.records import Records, command
from scenes.recover import SLOT_CHOICES, numbers_of, read, residuals, split
from scenes.world import render
from sprites.distances import frechet
from vpg.layers.quantizer import Quantizer, QuantizerConfig


def test_a_smudge_is_farther_than_other_real_pictures() -> None:
    pictures = torch.from_numpy(render(draw_scenes(700, 1, 0.5), 32))
    real, other = pictures[:350], pictures[350:]
    smudged = other.clone()
    smudged[:, :, 8:24] = smudged[:, :, 8:24].float().mean(2, keepdim=True).to(torch.uint8)
    eye = PatchEye(real)
    seen, clean, spoilt = eye.look(real), eye.look(other), eye.look(smudged)
    for look in (lambda s: s.mean_BF, lambda s: s.raw_nP, lambda s: s.embedded_BE):
        assert frechet(look(seen), look(spoilt)) > 1.5 * frechet(look(seen), look(clean))
    assert linear_accuracy(seen.place_BQ, spoilt.place_BQ, 0) > 0.8
    assert abs(linear_accuracy(seen.place_BQ, clean.place_BQ, 0) - 0.5) < 0.12


def test_true_parameters_leave_nothing_and_wrong_ones_something() -> None:
    scenes = draw_scenes(40, 2, 1.0)
    pictures = torch.from_numpy(render(scenes, 32))
    whole, front = residuals(pictures, scenes)
    assert whole.max() == 0 and front.max() == 0
    whole, front = residuals(pictures, scenes.rows(np.arange(40)[::-1]))
    assert whole.mean() > 0.1 and front.mean() > 0.1


def test_right_answers_are_read_as_the_parameters_they_mean() -> None:
    scenes = draw_scenes(60, 3, 1.0)
    ground, slots = numbers_of(scenes)
    width = 11 + 5 + 9 + 3 * (sum(SLOT_CHOICES.values()) + 5)
    out = torch.zeros(60, width)
    choices, numbers, by_slot = split(out)  # views: what is written into them is written into `out`
    for name, logits in choices.items():
        logits.scatter_(1, torch.from_numpy(getattr(scenes, name))[:, None], 1.0)
    numbers.copy_(ground)
    for i, slot in enumerate(by_slot):
        slot["numbers"].copy_(slots[:, i])
        for name in SLOT_CHOICES:
            answer = torch.from_numpy(getattr(scenes, name)[:, i])
            slot[name].scatter_(1, torch.where(answer < 0, 32, answer)[:, None], 1.0)
    again = render(read(out), 32).astype(int)
    assert np.abs(again - render(scenes, 32)).mean() < 0.5


def test_drift_is_nothing_between_sets_of_one_source_and_grows_with_wrong_tokens() -> None:
    torch.manual_seed(0)
    quantizer = Quantizer(QuantizerConfig(SCALES, 64, 8, phis=len(SCALES))).requires_grad_(False)
    length = sum(side**2 for side in SCALES)
    real, other = torch.randint(0, 20, (2, 600, length))
    wrong = other.clone()
    wrong[:, 30:] = torch.randint(60, 64, (600, length - 30))  # from the fifth scale on
    eye = InputEye.fitted(quantizer, real)
    same, drifted = eye.measure(other), eye.measure(wrong)
    assert len(same["input_fd"]) == len(SCALES) - 1 and max(same["input_fd"]) < 0.1
    assert drifted["input_fd"][-1] > 5 * same["input_fd"][-1] and drifted["input_critic"][-1] > 0.75
    assert drifted["input_fd_fine"][-1] > 1.5 * same["input_fd_fine"][-1]
    assert drifted["input_fd"][0] == same["input_fd"][0]


def test_records_outlive_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    kept, lost = {"member": "s", "seed": 1, "setting": {"shape": (1.0, 0.5)}}, {"member": "s", "seed": 2}
    Records(path).add(kept | {"command": "a"}, {"fd": 1.234567, "by_step": [0.1234567]})
    with path.open("a") as file:
        file.write('{"member": "s", "se')
    again = Records(path)
    assert again.has(kept) and not again.has(lost) and again.lines[0]["figures"] == {"fd": 1.2346, "by_step": [0.12346]}
    again.add(lost, {"fd": 2.0})
    assert len(Records(path).lines) == 2


def test_a_command_names_no_folder_of_the_machine() -> None:
    for folder in (["--folder", "/somewhere"], ["--folder=/somewhere"]):
        assert command(["sweep", "core", "s", *folder, "--seeds", "3"]) == "python -m scenes.sweep core s --seeds 3"
