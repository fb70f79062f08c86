"""What var-scenes is measured against: fresh pictures of its world, and a classifier trained for measuring alone."""

import numpy as np
import torch

from scenes.kinds import KINDS
from scenes.recipe import LARGE, RICHNESS, World
from sprites.evaluate import class_by_class
from sprites.judge import WIDTHS, Judge, fit
from sprites.run import Run

WORLD = World(LARGE, RICHNESS[LARGE][0])
PART = 2000
JUDGE_SEED, JUDGE_PICTURES, JUDGE_STEPS = 930_000, 16_000, 2400  # never trained on by what is measured


def draw(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures uint8 [count, 3, H, W] and labels [count], in parts: part i is drawn from seed + i."""
    parts = [WORLD.draw(PART, seed + i) for i in range(-(-count // PART))]
    pictures, labels = (torch.cat(each) for each in zip(*parts, strict=True))
    return pictures[:count], labels[:count]


def real_pictures(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fresh ones, picture i of class i mod classes, as samples are: the shares of the classes add no distance."""
    pictures, labels = (each.numpy() for each in draw(-(-int(count * 1.4 + 200) // PART) * PART, seed))
    chosen = class_by_class(labels, len(KINDS), count)
    return pictures[chosen], labels[chosen]


def load_judge(run: Run, pictures: int = JUDGE_PICTURES, steps: int = JUDGE_STEPS) -> Judge:
    """From the folder, or trained now."""

    def train() -> dict:
        run.log(f"judge: training, {steps} steps")
        torch.manual_seed(JUDGE_SEED)
        model = Judge(WIDTHS[0], len(KINDS)).to(memory_format=torch.channels_last)
        fit(model, *draw(pictures, JUDGE_SEED), JUDGE_SEED, steps)
        return model.state_dict()

    judge = Judge(WIDTHS[0], len(KINDS)).to(memory_format=torch.channels_last)
    judge.load_state_dict(run.once(f"judge-r{WORLD.richness:g}.pt", train))
    return judge.eval().requires_grad_(False)
