"""A small classifier whose inner features are the perceptual loss of the tokenizer."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from sprites.classes import KINDS
from sprites.data import load_pictures, to_range
from sprites.recipe import Recipe
from sprites.run import Run

STAGE = 1
THUMB = 8
PEAK_RATE = 2e-3


class Features(nn.Module):
    """It also guesses a thumbnail, so that it knows colours and places."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(12, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 48, 3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(48, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv2d(64, 96, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(8, 96)
        self.hidden = nn.Linear(96 * 16, 64)
        self.label = nn.Linear(64, len(KINDS))
        self.thumbnail = nn.Linear(64, 3 * THUMB * THUMB)

    def maps(self, x_B3HW: torch.Tensor) -> list[torch.Tensor]:
        """Features at a half, a quarter and an eighth of the sides."""
        first = F.relu(self.conv1(F.pixel_unshuffle(x_B3HW, 2)))
        second = F.relu(self.conv2(first))
        return [first, second, F.relu(self.conv3(second))]

    def forward(self, x_B3HW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        deep = F.relu(self.norm(self.conv4(self.maps(x_B3HW)[-1])))
        hidden = F.relu(self.hidden(deep.flatten(1)))
        return self.label(hidden), self.thumbnail(hidden)


def disturb(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Noise and brightness, so that the classifier must look at shapes."""
    noise = torch.randn(x.shape, generator=generator).to(x.device)
    light = torch.randn(len(x), 1, 1, 1, generator=generator).to(x.device)
    return x + 0.05 * noise + 0.05 * light


def load_features(run: Run, device: str) -> Features:
    features = Features().to(device, memory_format=torch.channels_last)
    features.load_state_dict(run.load("features.pt"))
    return features.eval().requires_grad_(False)


def train_features(run: Run, recipe: Recipe) -> None:
    if run.path("features.pt").exists():
        return
    pictures, labels = load_pictures(run, "pictures.pt")
    torch.manual_seed(run.seed)
    model = Features().to(recipe.device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-2)
    for step in range(recipe.features_steps):
        generator = run.generator(STAGE, step)
        chosen = torch.randint(len(pictures), (recipe.features_batch,), generator=generator)
        x, label = to_range(pictures[chosen], recipe.device), labels[chosen].to(recipe.device)
        guess, thumbnail = model(disturb(x, generator))
        loss = F.cross_entropy(guess, label, label_smoothing=0.05)
        loss = loss + 4 * F.smooth_l1_loss(thumbnail, F.adaptive_avg_pool2d(x, THUMB).flatten(1))
        optimizer.param_groups[0]["lr"] = PEAK_RATE * (0.5 + 0.5 * math.cos(math.pi * step / recipe.features_steps))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        if step % 100 == 0:
            run.log(f"features {step}/{recipe.features_steps} loss {loss.item():.4f}")
    with torch.no_grad():
        pictures, labels = load_pictures(run, "test.pt")
        right = model(to_range(pictures[:500], recipe.device))[0].argmax(1).cpu() == labels[:500]
    run.log(f"features: {right.float().mean():.3f} of fresh pictures right")
    run.save("features.pt", model.state_dict())
