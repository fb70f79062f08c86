"""Prefix drift: how far the prefixes that a model samples lie from those it was trained on, step by step.

A sampled prefix has no true continuation, so two things are measured that need none.
**Inputs**: what step k reads (the picture so far, at its scale) for sampled prefixes against the same for real pictures
of the same classes, which is what teacher forcing reads: Frechet distance on principal components, and how often a
linear critic tells them apart on pictures it did not see. The first components are broad colours and layout; those
after them, how fine tokens fit each other, are measured apart. No model is asked; 0 and 0.5 mean no drift; real against
other real is the floor.
**Nats**: what a judge (the best model of the series, teacher-forced on the sampled tokens) pays for step k, less what
it pays on real pictures (`nats_real`): E_sampled[-log q(r_k | r_<k, c)] - E_real[-log q(r_k | r_<k, c)]. Above 0:
tokens that do not follow from their prefix; below 0: tokens likelier than real ones, as any sharpening gives, so it is
read beside the inputs and not alone. Entropy of the judge on the same prefixes tells the two apart: a prefix that the
judge cannot place has a high one.
Shapes in names: B pictures, L tokens, l positions of a step, C code dimensions, K steps, V vocabulary.
"""

from dataclasses import dataclass

import torch

from scenes.critic import linear_accuracy
from scenes.patches import principal
from sprites.distances import frechet
from vpg.layers.quantizer import Quantizer
from vpg.models.var import Var

KEPT, FINE = 32, 128  # principal components of a step's input, at most: the first, and those after them


@torch.no_grad()
def inputs_of(quantizer: Quantizer, token_BL: torch.Tensor) -> list[torch.Tensor]:
    """What steps 1 to K-1 read, [B, l C] each."""
    maps_BlC, _ = quantizer.decode(token_BL.long())
    return [part.flatten(1) for part in maps_BlC.split([side**2 for side in quantizer.config.scales[1:]], dim=1)]


def split(x_Bk: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The fine components, and the first ones."""
    return x_Bk[:, :-KEPT], x_Bk[:, -KEPT:]


@dataclass
class InputEye:
    """Fitted to real tokens."""

    quantizer: Quantizer
    real: list[torch.Tensor]  # a step, [B, kept], the first component last
    means: list[torch.Tensor]
    directions: list[torch.Tensor]

    @classmethod
    def fitted(cls, quantizer: Quantizer, token_BL: torch.Tensor) -> "InputEye":
        inputs = inputs_of(quantizer, token_BL)
        fits = [principal(x_BF, min(KEPT + FINE, x_BF.shape[1])) for x_BF in inputs]
        means, directions = ([fit[i] for fit in fits] for i in (0, 1))
        real = [(x - mean) @ way for x, mean, way in zip(inputs, means, directions, strict=True)]
        return cls(quantizer, real, means, directions)

    def measure(self, token_BL: torch.Tensor, seed: int = 0) -> dict[str, list[float]]:
        """`input_fd`, `input_fd_fine` and `input_critic`, of steps 1 to K-1.

        Distances are in units of the real input's variance: in the first components, and in all for the fine ones, of
        which a step's input may have none.
        """
        found: dict[str, list[float]] = {"input_fd": [], "input_fd_fine": [], "input_critic": []}
        inputs = inputs_of(self.quantizer, token_BL)
        for x_BF, real_BF, mean, way in zip(inputs, self.real, self.means, self.directions, strict=True):
            made_BF = (x_BF - mean) @ way
            (real_fine, real_first), (made_fine, made_first) = (split(part) for part in (real_BF, made_BF))
            found["input_fd"].append(frechet(real_first, made_first) / real_first.var(0).sum().item())
            fine = frechet(real_fine, made_fine) / real_BF.var(0).sum().item() if real_fine.shape[1] else 0.0
            found["input_fd_fine"].append(fine)
            found["input_critic"].append(linear_accuracy(real_first, made_first, seed))
        return found


@torch.no_grad()
def judged(judge: Var, quantizer: Quantizer, token_BL: torch.Tensor, label_B: torch.Tensor) -> dict[str, list[float]]:
    """`nats` and `entropy` a token of every step under the judge, teacher-forced on these tokens."""
    nats_L, entropy_L = torch.zeros(token_BL.shape[1]), torch.zeros(token_BL.shape[1])
    for tokens, labels in zip(token_BL.long().split(200), label_B.split(200), strict=True):
        with torch.autocast("cpu", torch.bfloat16):
            logits_BLV = judge(labels, quantizer.decode(tokens)[0])
        log_BLV = logits_BLV.float().log_softmax(-1)
        nats_L -= log_BLV.gather(-1, tokens[..., None])[..., 0].sum(0) / len(token_BL)
        entropy_L -= (log_BLV.exp() * log_BLV).sum(-1).sum(0) / len(token_BL)
    sides = [side**2 for side in quantizer.config.scales]
    each = {"nats": nats_L, "entropy": entropy_L}
    return {name: [part.mean().item() for part in x_L.split(sides)] for name, x_L in each.items()}
