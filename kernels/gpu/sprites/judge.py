"""The classifiers that measure: trained for that alone, in about a minute each, and kept beside what they measure.

Neither lent its features to a loss of the training. Shapes in names: B pictures, F features, C channels.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from sprites.classes import KINDS
from sprites.data import parts, to_range
from sprites.run import Run
from sprites.train_features import THUMB, disturb

WIDTHS = ((32, 48, 64, 96), (24, 48, 96, 128))  # of the two judges
FEATURES = 64
SEEDS = (900_000, 910_000)  # of each judge's own pictures, and of its weights
PICTURES, STEPS, RATE = 10_000, 900, 2e-3
BATCH, LOOK_BATCH = 48, 250


@dataclass
class Seen:
    """What a judge makes of a set of pictures."""

    features_BF: torch.Tensor
    low_BC: torch.Tensor  # middle features, averaged over the picture
    label_B: torch.Tensor  # the class it takes each for

    def first(self, count: int) -> "Seen":
        return Seen(self.features_BF[:count], self.low_BC[:count], self.label_B[:count])


class Judge(nn.Module):
    """It also guesses a thumbnail, so that it knows colours and places."""

    def __init__(self, widths: tuple[int, int, int, int], classes: int = len(KINDS)) -> None:
        super().__init__()
        first, second, third, fourth = widths
        self.conv1 = nn.Conv2d(12, first, 3, padding=1)
        self.conv2 = nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.norm2, self.more2 = nn.GroupNorm(8, second), nn.Conv2d(second, second, 3, padding=1)
        self.conv3 = nn.Conv2d(second, third, 3, stride=2, padding=1)
        self.norm3, self.more3 = nn.GroupNorm(8, third), nn.Conv2d(third, third, 3, padding=1)
        self.conv4 = nn.Conv2d(third, fourth, 3, stride=2, padding=1)
        self.norm4 = nn.GroupNorm(8, fourth)
        self.features = nn.Linear(fourth * 16, FEATURES)
        self.label = nn.Linear(FEATURES, classes)
        self.thumbnail = nn.Linear(FEATURES, 3 * THUMB * THUMB)

    def maps(self, x_B3HW: torch.Tensor) -> list[torch.Tensor]:
        """Features at a half, a quarter and an eighth of the sides."""
        first = F.relu(self.conv1(F.pixel_unshuffle(x_B3HW, 2)))
        second = F.relu(self.conv2(first))
        second = second + F.relu(self.more2(self.norm2(second)))
        third = F.relu(self.conv3(second))
        return [first, second, third + F.relu(self.more3(self.norm3(third)))]

    def vector(self, third_BChw: torch.Tensor) -> torch.Tensor:
        return self.features(F.relu(self.norm4(self.conv4(third_BChw))).flatten(1))

    def forward(self, x_B3HW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = F.relu(self.vector(self.maps(x_B3HW)[-1]))
        return self.label(hidden), self.thumbnail(hidden)

    @torch.no_grad()
    def look(self, pictures: np.ndarray) -> Seen:
        """At pictures uint8 [B, 3, H, W]."""
        features, low, labels = [], [], []
        for batch in torch.from_numpy(pictures).split(LOOK_BATCH):
            third_BChw = self.maps(to_range(batch, "cpu"))[-1]
            features.append(self.vector(third_BChw))
            low.append(third_BChw.mean((2, 3)))
            labels.append(self.label(F.relu(features[-1])).argmax(1))
        return Seen(torch.cat(features), torch.cat(low), torch.cat(labels))


def train_judge(i: int, pictures: int, steps: int) -> Judge:
    drawn = list(parts(pictures, SEEDS[i]))
    x_all = torch.from_numpy(np.concatenate([part[0] for part in drawn]))
    label_all = torch.from_numpy(np.concatenate([part[1] for part in drawn]))
    torch.manual_seed(SEEDS[i])
    model = Judge(WIDTHS[i]).to(memory_format=torch.channels_last)
    fit(model, x_all, label_all, SEEDS[i], steps)
    return model


def fit(model: Judge, x_all: torch.Tensor, label_all: torch.Tensor, seed: int, steps: int) -> None:
    """Train it on pictures uint8 [n, 3, H, W] and their labels [n]."""
    optimizer = torch.optim.AdamW(model.parameters(), RATE, betas=(0.9, 0.98), weight_decay=1e-2)
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        chosen = torch.randint(len(x_all), (BATCH,), generator=generator)
        x_B3HW, label_B = to_range(x_all[chosen], "cpu"), label_all[chosen]
        guess, thumbnail = model(disturb(x_B3HW, generator))
        loss = F.cross_entropy(guess, label_B, label_smoothing=0.05)
        loss = loss + 4 * F.smooth_l1_loss(thumbnail, F.adaptive_avg_pool2d(x_B3HW, THUMB).flatten(1))
        warm, done = min(1.0, (step + 1) / 50), step / steps
        optimizer.param_groups[0]["lr"] = RATE * warm * (0.5 + 0.5 * math.cos(math.pi * done))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()


def load_judge(run: Run, i: int, pictures: int = PICTURES, steps: int = STEPS) -> Judge:
    """The i-th, from the folder, or trained now."""

    def train() -> dict:
        run.log(f"judge {i}: training, {steps} steps")
        return train_judge(i, pictures, steps).state_dict()

    judge = Judge(WIDTHS[i]).to(memory_format=torch.channels_last)
    judge.load_state_dict(run.once(f"judge-{i}.pt", train))
    return judge.eval().requires_grad_(False)


def load_judges(run: Run, pictures: int = PICTURES, steps: int = STEPS) -> list[Judge]:
    """Both."""
    return [load_judge(run, i, pictures, steps) for i in range(len(WIDTHS))]
