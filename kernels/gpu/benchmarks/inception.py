"""InceptionV3 as FID is measured with (the 2015 graph), from the ported weights `pt_inception-2015-12-05-6726825d.pth`.

It differs from the usual one: 1,008 classes, average pooling that does not count the border, and in the last block a
maximum in place of an average. Bytes enter as ADM's evaluator feeds them: enlarged to 299 x 299 as TensorFlow 1 did it
(corners at 0, no half pixels), then (x - 128) / 128. Names are the file's. Shapes: B pictures, h, w maps.
"""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from vpg.checkpoint import fill, read

SIDE, CLASSES, WIDTH = 299, 1008, 2048
AUXILIARY, COUNTER = "AuxLogits", ".num_batches_tracked"  # of training


class Norm(nn.Module):
    """Batch norm by the statistics of its training."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=0.001)


class Conv(nn.Module):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(self, own: int, out: int, kernel: int | tuple[int, int], stride: int = 1, padding=0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(own, out, kernel, stride, padding, bias=False)
        self.bn = Norm(out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.bn(self.conv(x)))


def across(own: int, out: int, length: int = 7) -> Conv:
    """A row of weights."""
    return Conv(own, out, (1, length), padding=(0, length // 2))


def down(own: int, out: int, length: int = 7) -> Conv:
    """A column of weights."""
    return Conv(own, out, (length, 1), padding=(length // 2, 0))


def average(x: torch.Tensor) -> torch.Tensor:
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class BlockA(nn.Module):
    def __init__(self, own: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(own, 64, 1)
        self.branch5x5_1, self.branch5x5_2 = Conv(own, 48, 1), Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(own, 64, 1), Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, padding=1)
        self.branch_pool = Conv(own, pooled, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        five = self.branch5x5_2(self.branch5x5_1(x))
        return torch.cat([self.branch1x1(x), five, double, self.branch_pool(average(x))], 1)


class BlockB(nn.Module):
    """Halves the map."""

    def __init__(self, own: int) -> None:
        super().__init__()
        self.branch3x3 = Conv(own, 384, 3, stride=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(own, 64, 1), Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, stride=2)], 1)


class BlockC(nn.Module):
    def __init__(self, own: int, inner: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(own, 192, 1)
        self.branch7x7_1, self.branch7x7_2 = Conv(own, inner, 1), across(inner, inner)
        self.branch7x7_3 = down(inner, 192)
        self.branch7x7dbl_1, self.branch7x7dbl_2 = Conv(own, inner, 1), down(inner, inner)
        self.branch7x7dbl_3, self.branch7x7dbl_4 = across(inner, inner), down(inner, inner)
        self.branch7x7dbl_5 = across(inner, 192)
        self.branch_pool = Conv(own, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), seven, double, self.branch_pool(average(x))], 1)


class BlockD(nn.Module):
    """Halves the map."""

    def __init__(self, own: int) -> None:
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = Conv(own, 192, 1), Conv(192, 320, 3, stride=2)
        self.branch7x7x3_1, self.branch7x7x3_2 = Conv(own, 192, 1), across(192, 192)
        self.branch7x7x3_3, self.branch7x7x3_4 = down(192, 192), Conv(192, 192, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), seven, F.max_pool2d(x, 3, stride=2)], 1)


class BlockE(nn.Module):
    def __init__(self, own: int, pool: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.pool = pool
        self.branch1x1 = Conv(own, 320, 1)
        self.branch3x3_1 = Conv(own, 384, 1)
        self.branch3x3_2a, self.branch3x3_2b = across(384, 384, 3), down(384, 384, 3)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(own, 448, 1), Conv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a, self.branch3x3dbl_3b = across(384, 384, 3), down(384, 384, 3)
        self.branch_pool = Conv(own, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        parts = [self.branch3x3_2a(three), self.branch3x3_2b(three)]
        parts += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return torch.cat([self.branch1x1(x), *parts, self.branch_pool(self.pool(x))], 1)


def largest(x: torch.Tensor) -> torch.Tensor:
    return F.max_pool2d(x, 3, stride=1, padding=1)


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = Conv(3, 32, 3, stride=2), Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = Conv(64, 80, 1), Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = BlockA(192, 32), BlockA(256, 64), BlockA(288, 64)
        self.Mixed_6a = BlockB(288)
        self.Mixed_6b, self.Mixed_6c = BlockC(768, 128), BlockC(768, 160)
        self.Mixed_6d, self.Mixed_6e = BlockC(768, 160), BlockC(768, 192)
        self.Mixed_7a = BlockD(768)
        self.Mixed_7b, self.Mixed_7c = BlockE(1280, average), BlockE(WIDTH, largest)
        self.fc = nn.Linear(WIDTH, CLASSES)

    def features(self, x_B3hw: torch.Tensor) -> torch.Tensor:
        """[B, 2048] of inputs 299 x 299 in [-1, 1)."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x_B3hw)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, stride=2)))
        x = F.max_pool2d(x, 3, stride=2)
        for block in (self.Mixed_5b, self.Mixed_5c, self.Mixed_5d, self.Mixed_6a, self.Mixed_6b, self.Mixed_6c,
                      self.Mixed_6d, self.Mixed_6e, self.Mixed_7a, self.Mixed_7b, self.Mixed_7c):  # fmt: skip
            x = block(x)
        return x.mean((2, 3))

    @torch.no_grad()
    def forward(self, pictures_BHW3: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features [B, 2048], and logits [B, 1008] without the bias, as the Inception Score takes them."""
        x_B3HW = pictures_BHW3.permute(0, 3, 1, 2).float()
        features_BD = self.features((enlarge(x_B3HW, SIDE) - 128) / 128)
        return features_BD, features_BD @ self.fc.weight.T


def enlarge(x_B3HW: torch.Tensor, side: int) -> torch.Tensor:
    """Bilinear as TensorFlow 1's ResizeBilinear: position y reads y H / side, the last row beyond it again."""
    for dim in (2, 3):
        length = x_B3HW.shape[dim]
        at = torch.arange(side, device=x_B3HW.device, dtype=torch.float32) * (length / side)
        low = at.floor().long()
        high, share = (low + 1).clamp_max(length - 1), at - low
        shape = [1, 1, 1, 1]
        shape[dim] = side
        first, second = x_B3HW.index_select(dim, low), x_B3HW.index_select(dim, high)
        x_B3HW = first + (second - first) * share.view(shape)
    return x_B3HW


def open_inception(path: Path, device: torch.device) -> Inception:
    """Raises CheckpointError naming every key that does not fit."""
    model = Inception()
    state = {key: tensor for key, tensor in read(path).items() if not key.endswith(COUNTER)}
    fill(model, state, [AUXILIARY])
    return model.to(device).eval().requires_grad_(False)
