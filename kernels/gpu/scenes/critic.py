"""A critic trained anew for each set: how often it tells made pictures from real ones on pictures it did not see.

0.5 is indistinguishable. The linear one fits a ridge regression to the patch embedding in closed form; the other is a
small convolutional network trained for some hundred steps.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

from sprites.data import to_range

RIDGE = 30.0
LEARNT = 0.6  # the share of each side that the critic learns from
STEPS, BATCH, RATE = 240, 64, 3e-3


def halves(real: torch.Tensor, made: torch.Tensor, seed: int) -> tuple[torch.Tensor, ...]:
    """What is learnt from and its answers, what is asked and its answers; equal shares of both sides."""
    count = min(len(real), len(made))
    learnt = int(count * LEARNT)
    generator = torch.Generator().manual_seed(seed)
    real, made = real[torch.randperm(len(real), generator=generator)[:count]], made[:count]
    x = torch.cat([real[:learnt], made[:learnt]]), torch.cat([real[learnt:], made[learnt:]])
    y = [torch.cat([torch.zeros(n), torch.ones(n)]) for n in (learnt, count - learnt)]
    return x[0], y[0], x[1], y[1]


def linear_accuracy(real_nF: torch.Tensor, made_nF: torch.Tensor, seed: int) -> float:
    """Of a ridge regression on standardised features."""
    x_nF, y_n, asked_nF, answer_n = halves(real_nF, made_nF, seed)
    mean_F, spread_F = x_nF.mean(0), x_nF.std(0) + 1e-6
    x_nF, asked_nF = ((part - mean_F) / spread_F for part in (x_nF, asked_nF))
    gram_FF = x_nF.T @ x_nF + RIDGE * torch.eye(x_nF.shape[1])
    weight_F = torch.linalg.solve(gram_FF, x_nF.T @ (2 * y_n - 1))
    return ((asked_nF @ weight_F > 0).float() == answer_n).float().mean().item()


class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(12, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 48, 3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(48, 64, 3, stride=2, padding=1)
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in (32, 48, 64))
        self.answer = nn.Linear(128, 1)

    def forward(self, x_B3HW: torch.Tensor) -> torch.Tensor:
        x = F.pixel_unshuffle(x_B3HW, 2)
        for conv, norm in zip((self.conv1, self.conv2, self.conv3), self.norms, strict=True):
            x = F.relu(norm(conv(x)))
        return self.answer(torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1))[:, 0]


def network_accuracy(real: torch.Tensor, made: torch.Tensor, seed: int) -> float:
    """Of pictures uint8 [n, 3, H, W]."""
    x, y_n, asked, answer_n = halves(real, made, seed)
    torch.manual_seed(seed)
    critic = Critic().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(critic.parameters(), RATE, betas=(0.9, 0.98), weight_decay=1e-2)
    generator = torch.Generator().manual_seed(seed)

    def answers(pictures: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return critic(to_range(pictures, "cpu"))

    for step in range(STEPS):
        chosen = torch.randint(len(x), (BATCH,), generator=generator)
        batch = x[chosen]
        if torch.rand((), generator=generator) < 0.5:
            batch = batch.flip(3)
        loss = F.binary_cross_entropy_with_logits(answers(batch).float(), y_n[chosen])
        optimizer.param_groups[0]["lr"] = RATE * min(1.0, (step + 1) / 30) * (1 - step / STEPS)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        guess = torch.cat([answers(part) for part in asked.split(250)]) > 0
    return (guess.float() == answer_n).float().mean().item()
