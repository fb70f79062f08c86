"""Every measure of a set of pictures against fresh real ones of the same world; scenes.ladder proves or fails each.

All are of one count of pictures; Frechet distances and coverage fall and rise with it, so only equal counts compare.
"""

from dataclasses import dataclass

import torch

from scenes.critic import linear_accuracy, network_accuracy
from scenes.patches import PatchEye, Seen
from scenes.recipe import World
from scenes.recover import Recoverer, load_recoverer, recover, residuals
from sprites.distances import frechet, manifold
from sprites.run import Run

REAL_SEED, FLOOR_SEED = 600_000, 620_000  # never trained on
REALS = 3000
SPOILT = 0.95  # of real pictures' front residuals lie below the limit

TRUSTED = "fd_embedding"  # passed every ladder: what is searched and told by where one measure must do

# name: whether more is better, and what it is, in a few words
MEASURES = {
    "fd_filters": (False, "Fréchet distance, patch filters averaged over the picture"),
    "fd_raw": (False, "Fréchet distance of raw 8 x 8 patches"),
    "fd_embedding": (False, "Fréchet distance, self-supervised embedding (patch filters by quarter)"),
    "fd_parameters": (False, "Fréchet distance, features of the parameter network"),
    "precision": (True, "precision on the embedding"),
    "recall": (True, "recall on the embedding"),
    "density": (True, "density on the embedding"),
    "coverage": (True, "coverage on the embedding"),
    "density_parameters": (True, "density on the parameter network's features"),
    "coverage_parameters": (True, "coverage on the parameter network's features"),
    "critic_linear": (False, "accuracy of a linear critic trained anew"),
    "critic": (False, "accuracy of a convolutional critic trained anew"),
    "residual": (False, "what recovered parameters, rendered, leave of the picture (mean absolute)"),
    "residual_front": (False, "the same where the front object is"),
    "spoilt": (False, "share of pictures whose front residual is above that of 95% of real ones"),
    "accuracy": (True, "front object recovered as the kind asked"),
}


@dataclass
class Yardstick:
    """The real side of every measure, looked at once."""

    eye: PatchEye
    recoverer: Recoverer
    pictures: torch.Tensor
    seen: Seen
    feature_BF: torch.Tensor
    front_limit: float

    @classmethod
    def made(cls, run: Run, world: World, reals: int = REALS) -> "Yardstick":
        recoverer = load_recoverer(run, world.side)
        pictures, _ = world.draw(reals, REAL_SEED)
        eye = PatchEye(pictures)
        feature_BF, scenes = recover(recoverer, pictures)
        front = residuals(pictures, scenes)[1]
        return cls(eye, recoverer, pictures, eye.look(pictures), feature_BF, front.quantile(SPOILT).item())

    def measure(
        self, pictures: torch.Tensor, label_B: torch.Tensor, seed: int, critic: bool = True
    ) -> dict[str, float]:
        """Of a set uint8 [B, 3, H, W] that was asked to be of these classes; the seed is the critics'."""
        seen, count = self.eye.look(pictures), len(pictures)
        feature_BF, scenes = recover(self.recoverer, pictures)
        residual_B, front_B = residuals(pictures, scenes)
        figures = {
            "fd_filters": frechet(self.seen.mean_BF, seen.mean_BF),
            "fd_raw": frechet(self.seen.raw_nP, seen.raw_nP),
            "fd_embedding": frechet(self.seen.embedded_BE, seen.embedded_BE),
            "fd_parameters": frechet(self.feature_BF, feature_BF),
            **manifold(self.seen.embedded_BE[:count], seen.embedded_BE),
            "critic_linear": linear_accuracy(self.seen.place_BQ, seen.place_BQ, seed),
            "residual": residual_B.mean().item(),
            "residual_front": front_B.mean().item(),
            "spoilt": (front_B > self.front_limit).float().mean().item(),
            "accuracy": (torch.from_numpy(scenes.labels) == label_B).float().mean().item(),
        }
        by_parameters = manifold(self.feature_BF[:count], feature_BF)
        figures |= {f"{name}_parameters": by_parameters[name] for name in ("density", "coverage")}
        if critic:
            figures["critic"] = network_accuracy(self.pictures, pictures, seed)
        return figures
