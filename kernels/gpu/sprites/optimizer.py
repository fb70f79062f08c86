"""Muon for the matrices of the blocks, AdamW for all else, and a moving average of the weights."""

import torch
import torch.nn as nn

from vpg.models.var import Var

# The quintic of Muon (Keller Jordan, 2024): five rounds bring all singular values near 1.
QUINTIC, ROUNDS = (3.4445, -4.7750, 2.0315), 5
MUON_RATE, MUON_MOMENTUM, MUON_WEIGHT_DECAY = 0.02, 0.95, 0.05
ADAM_RATE = 3e-3


def orthogonalize(update_nab: torch.Tensor, bf16: bool) -> torch.Tensor:
    """The nearest orthogonal matrix, about, of each matrix of a stack."""
    x = update_nab.bfloat16() if bf16 else update_nab
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    a, b, c = QUINTIC
    for _ in range(ROUNDS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).float()


class Muon(torch.optim.Optimizer):
    """Each parameter group holds matrices of one shape, `pieces` square parts each (query, key and value are three)."""

    def __init__(self, groups: list[dict], rate: float, bf16: bool) -> None:
        super().__init__(groups, {"lr": rate, "pieces": 1})
        self.bf16 = bf16

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            updates = []
            for matrix in group["params"]:
                momentum = self.state[matrix].setdefault("momentum", torch.zeros_like(matrix))
                momentum.lerp_(matrix.grad, 1 - MUON_MOMENTUM)
                updates.extend(matrix.grad.lerp(momentum, MUON_MOMENTUM).chunk(group["pieces"]))
            directions = orthogonalize(torch.stack(updates), self.bf16)
            rows, columns = directions.shape[1:]
            rate = group["lr"] * max(1.0, rows / columns) ** 0.5
            for matrix, direction in zip(group["params"], directions.unflatten(0, (-1, group["pieces"])), strict=True):
                matrix.mul_(1 - group["lr"] * MUON_WEIGHT_DECAY).add_(direction.flatten(0, 1), alpha=-rate)


class Optimizer:
    """Both optimizers and the average, stepped and saved as one."""

    def __init__(self, model: Var, average: float, bf16: bool) -> None:
        blocks = model.blocks
        groups = [
            {"params": [block.attn.mat_qkv.weight for block in blocks], "pieces": 3},
            {"params": [block.attn.proj.weight for block in blocks]},
            {"params": [block.ffn.fc1.weight for block in blocks]},
            {"params": [block.ffn.fc2.weight for block in blocks]},
        ]
        matrices = {id(matrix) for group in groups for matrix in group["params"]}
        self.parameters = list(model.parameters())
        self.rest = [parameter for parameter in self.parameters if id(parameter) not in matrices]
        self.muon = Muon(groups, MUON_RATE, bf16)
        self.adam = torch.optim.AdamW(self.rest, ADAM_RATE, betas=(0.9, 0.97), weight_decay=0.0)
        self.average = average
        self.averaged = [parameter.detach().clone() for parameter in self.parameters]

    def step(self, step: int, share: float) -> None:
        """share is the part of the peak rates to use."""
        nn.utils.clip_grad_norm_(self.rest, 1.0)
        for optimizer, rate in ((self.muon, MUON_RATE), (self.adam, ADAM_RATE)):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.step()
            optimizer.zero_grad()
        keep = min(self.average, step / (step + 50))  # short memory at first
        with torch.no_grad():
            torch._foreach_lerp_(self.averaged, self.parameters, 1 - keep)

    def state_dict(self) -> dict:
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict(), "averaged": self.averaged}

    def load_state_dict(self, state: dict) -> None:
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        torch._foreach_copy_(self.averaged, state["averaged"])
