"""What a procedural world allows: recover a picture's parameters, render them, and measure what is left.

A network reads the parameters off a picture, made 32 x 32 where it is larger. It is right on real pictures as far as it
goes, so the residual of real pictures is the floor; a picture that no parameters explain (smudges, half of one kind and
half of another) leaves more. The two objects behind are listed by their x: which lies above which is not read.
"""

import math
from dataclasses import replace

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from scenes.kinds import KINDS
from scenes.parameters import COLOURS, GROUNDS, NONE, PATTERNS, SLOTS, TEXTURES, Scenes, draw_scenes, join
from scenes.recipe import RICHNESS, SMALL, World
from scenes.world import render
from sprites.data import to_range
from sprites.run import Run

PICTURES, STEPS, BATCH, RATE, LOOK_BATCH = 24_000, 2400, 64, 2e-3, 250
SEED = 920_000
CHOICES = {"ground": len(GROUNDS), "texture": len(TEXTURES)}
SLOT_CHOICES = {
    "kind": len(KINDS) + 1, "first": len(COLOURS), "second": len(COLOURS), "pattern": len(PATTERNS), "face": 2,
}  # fmt: skip
GROUND_NUMBERS, SLOT_NUMBERS = 9, 5
FIGURES, FEATURES = 3, 128


def in_order(scenes: Scenes) -> Scenes:
    """With the slots behind the first sorted: by x, the empty ones last."""
    rows = np.arange(len(scenes))[:, None]
    key = np.where(scenes.kind[:, 1:] == NONE, 9.0, scenes.x[:, 1:])
    order = np.concatenate([np.zeros_like(rows), 1 + key.argsort(1)], axis=1)
    slots = ("kind", "x", "y", "size", "turn", "first", "second", "pattern", "face")
    return replace(scenes, **{name: getattr(scenes, name)[rows, order] for name in slots})


def numbers_of(scenes: Scenes) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the ground [n, 9] and of each slot [n, s, 5]; angles as points on a circle."""
    phase = scenes.texture_phase
    ground = [np.sin(scenes.ground_turn), np.cos(scenes.ground_turn)]
    ground += [np.sin(2 * scenes.texture_turn), np.cos(2 * scenes.texture_turn), scenes.texture_pitch - 2]
    ground += [np.sin(phase[:, 0]), np.cos(phase[:, 0]), np.sin(phase[:, 1]), np.cos(phase[:, 1])]
    slot = [scenes.x, scenes.y, scenes.size, np.sin(scenes.turn), np.cos(scenes.turn)]
    return torch.from_numpy(np.stack(ground, -1)).float(), torch.from_numpy(np.stack(slot, -1)).float()


class Recoverer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = (32, 64, 96, 128)
        self.stem = nn.Conv2d(12, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2 if i < 2 else 1, padding=1)
            for i, (a, b) in enumerate(zip(widths, widths[1:], strict=False))
        )
        self.mores = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in widths)
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in widths)
        self.features = nn.Linear(widths[-1] * (SMALL // 8) ** 2, FEATURES)
        self.hidden = nn.Linear(FEATURES, 384)
        outputs = sum(CHOICES.values()) + GROUND_NUMBERS + SLOTS * (sum(SLOT_CHOICES.values()) + SLOT_NUMBERS)
        self.out = nn.Linear(384, outputs)

    def forward(self, x_B3HW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features [B, 128], and all answers in a row."""
        x_B3HW = F.adaptive_avg_pool2d(x_B3HW, SMALL)
        x = F.relu(self.stem(F.pixel_unshuffle(x_B3HW, 2)))
        for i, (more, norm) in enumerate(zip(self.mores, self.norms, strict=True)):
            x = x + F.relu(more(norm(x)))
            if i < len(self.downs):
                x = F.relu(self.downs[i](x))
        feature_BF = self.features(x.flatten(1))
        return feature_BF, self.out(F.relu(self.hidden(F.relu(feature_BF))))


def split(out_BO: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor, list[dict[str, torch.Tensor]]]:
    """Choices and numbers of the ground, then a dict a slot with its choices and `numbers`."""
    sizes = [*CHOICES.values(), GROUND_NUMBERS, *([*SLOT_CHOICES.values(), SLOT_NUMBERS] * SLOTS)]
    parts = list(out_BO.float().split(sizes, dim=1))
    ground = dict(zip(CHOICES, parts, strict=False))
    numbers, rest = parts[len(CHOICES)], parts[len(CHOICES) + 1 :]
    each = len(SLOT_CHOICES) + 1
    names = [*SLOT_CHOICES, "numbers"]
    return ground, numbers, [dict(zip(names, rest[i * each : (i + 1) * each], strict=True)) for i in range(SLOTS)]


def loss_of(out_BO: torch.Tensor, scenes: Scenes) -> torch.Tensor:
    """What an empty slot or an absent texture would have is not asked."""
    ground, numbers_Bn, slots = split(out_BO)
    true_Bn, true_Bsn = numbers_of(scenes)
    weight_n = torch.from_numpy(scenes.texture > 0).float()[:, None] * torch.ones(GROUND_NUMBERS)
    weight_n[:, :2] = 1
    loss = 3 * (F.smooth_l1_loss(numbers_Bn, true_Bn, reduction="none") * weight_n).mean()
    for name, logits in ground.items():
        loss = loss + F.cross_entropy(logits, torch.from_numpy(getattr(scenes, name)))
    for i, slot in enumerate(slots):
        kind_B = torch.from_numpy(scenes.kind[:, i])
        there_B = (kind_B != NONE).float()
        share = there_B / there_B.sum().clamp_min(1)
        close = F.smooth_l1_loss(slot["numbers"], true_Bsn[:, i], reduction="none", beta=0.1).mean(1)
        answer_B = torch.where(kind_B == NONE, len(KINDS), kind_B)
        loss = loss + 6 * (close * share).sum() + F.cross_entropy(slot["kind"], answer_B)
        for name in ("first", "second", "pattern", "face"):
            answer_B = torch.from_numpy(getattr(scenes, name)[:, i])
            loss = loss + 0.5 * (F.cross_entropy(slot[name], answer_B, reduction="none") * share).sum()
    return loss


def read(out_BO: torch.Tensor) -> Scenes:
    """The parameters that the answers mean."""
    ground, numbers_Bn, slots = split(out_BO)
    n = numbers_Bn.numpy()
    kind = np.stack([slot["kind"].argmax(1).numpy() for slot in slots], axis=1)
    numbers = np.stack([slot["numbers"].numpy() for slot in slots], axis=1)
    choice = {
        name: np.stack([slot[name].argmax(1).numpy() for slot in slots], axis=1)
        for name in ("first", "second", "pattern", "face")
    }
    return Scenes(
        ground=ground["ground"].argmax(1).numpy(),
        ground_turn=np.arctan2(n[:, 0], n[:, 1]),
        texture=ground["texture"].argmax(1).numpy(),
        texture_turn=np.arctan2(n[:, 2], n[:, 3]) / 2 % math.pi,
        texture_pitch=n[:, 4] + 2,
        texture_phase=np.stack([np.arctan2(n[:, 5], n[:, 6]), np.arctan2(n[:, 7], n[:, 8])], axis=1),
        kind=np.where(kind == len(KINDS), NONE, kind),
        x=numbers[..., 0],
        y=numbers[..., 1],
        size=numbers[..., 2].clip(0.2, 0.9),
        turn=np.arctan2(numbers[..., 3], numbers[..., 4]),
        **choice,
    )


def train_recoverer(run: Run, side: int, pictures: int = PICTURES, steps: int = STEPS) -> Recoverer:
    worlds = [World(side, richness) for richness in RICHNESS[side]]
    each = pictures // len(worlds)
    parts = [draw_scenes(each, SEED + i, world.richness, world.kinds) for i, world in enumerate(worlds)]
    scenes = in_order(join(parts))
    drawn = torch.from_numpy(render(scenes, side))
    torch.manual_seed(SEED)
    model = Recoverer().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, betas=(0.9, 0.98), weight_decay=1e-2)
    generator = torch.Generator().manual_seed(SEED)
    for step in range(steps):
        chosen = torch.randint(len(drawn), (BATCH,), generator=generator)
        x = to_range(drawn[chosen], "cpu")
        x = x + 0.04 * torch.randn(x.shape, generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            _, out = model(x.contiguous(memory_format=torch.channels_last))
        loss = loss_of(out, scenes.rows(chosen.numpy()))
        optimizer.param_groups[0]["lr"] = RATE * min(1.0, (step + 1) / 100) * (
            0.5 + 0.5 * math.cos(math.pi * step / steps)
        )  # fmt: skip
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        if step % 200 == 0:
            run.log(f"recoverer {step}/{steps} loss {loss.item():.3f}")
    return model


def load_recoverer(run: Run, side: int) -> Recoverer:
    """Of pictures of this side: from the folder, or trained now."""
    model = Recoverer().to(memory_format=torch.channels_last)
    model.load_state_dict(run.once("recoverer.pt", lambda: train_recoverer(run, side).state_dict()))
    return model.eval().requires_grad_(False)


@torch.no_grad()
def recover(model: Recoverer, pictures: torch.Tensor) -> tuple[torch.Tensor, Scenes]:
    """Features [B, 128] and parameters of pictures uint8 [B, 3, H, W]."""
    features, read_parts = [], []
    for part in pictures.split(LOOK_BATCH):
        feature_BF, out = model(to_range(part, "cpu"))
        features.append(feature_BF)
        read_parts.append(read(out))
    return torch.cat(features), join(read_parts)


def residuals(pictures: torch.Tensor, scenes: Scenes) -> tuple[torch.Tensor, torch.Tensor]:
    """[B] each: mean absolute difference to the rendered parameters, in [0, 1]: of all, and where the front object is.

    The front object is where a picture changes when it is taken away.
    """
    made = render(scenes, pictures.shape[-1])
    away = scenes.kind.copy()
    away[:, 0] = NONE
    without = render(replace(scenes, kind=away), pictures.shape[-1])
    front_BHW = (np.abs(made.astype(np.int16) - without).max(1) > 8).astype(np.float32)
    error_BHW = np.abs(made.astype(np.float32) - pictures.numpy()).mean(1) / 255
    front = (error_BHW * front_BHW).sum((1, 2)) / front_BHW.sum((1, 2)).clip(1)
    return torch.from_numpy(error_BHW.mean((1, 2))), torch.from_numpy(front)
