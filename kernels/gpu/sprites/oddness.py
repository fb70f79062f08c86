"""How odd a picture looks, patch by patch: a stand-in for the visible flaws that classifiers do not see.

The world is discrete: a patch of a right picture occurs, about the same, at the same place of some other picture of its
class. So each patch is measured against its nearest one there among many real pictures that went through the tokenizer,
in units of what is usual at that place; a picture's oddness is the root mean square. A picture's nearest neighbour says
less where no other has the same colours, sky and details at once (tried, in an earlier world, on pictures with a
piece of another spliced in: area under the curve .62, by patches .92 with 8,000 pictures in the bank). It is blind to
parts that are right one by one and wrong together.

Shapes in names: B pictures, N those of the bank, P patches, F values of one, K classes.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

POOL, SIDE, STRIDE = 2, 8, 4  # pixels: shrink, then patches of so many that begin every so many
USUAL, USUAL_PICTURES = 0.9, 150  # the quantile that counts as usual, and over how many pictures of a class
LEAST = 0.15  # added to the usual distance: some three grey levels a value
LIMIT, LEAST_LIMIT = 0.99, 1.0  # of a class's reconstructions lie below its limit, which is never below


def patches(pictures: np.ndarray) -> torch.Tensor:
    """uint8 [B, 3, H, W] to [P, B, F]."""
    x_B3hw = F.avg_pool2d(torch.from_numpy(pictures).float() / 127.5 - 1, POOL)
    return F.unfold(x_B3hw, SIDE // POOL, stride=STRIDE // POOL).permute(2, 0, 1).contiguous()


@dataclass
class Bank:
    """Reconstructions of real pictures by class, what is usual among them, and where oddness begins."""

    pictures: np.ndarray
    labels: np.ndarray
    usual_KP: torch.Tensor
    limit_K: torch.Tensor

    def scores(self, pictures: np.ndarray, labels: np.ndarray) -> torch.Tensor:
        """[B]; 0 is a picture of which every patch is in the bank, and from about 1 on one sees it."""
        score_B = torch.zeros(len(labels))
        for label in np.unique(labels):
            bank_PNF, made_PBF = (patches(x) for x in (self.pictures[self.labels == label], pictures[labels == label]))
            nearest_PB = torch.cdist(made_PBF, bank_PNF).amin(2)
            odd_PB = nearest_PB / (self.usual_KP[label] + LEAST)[:, None]
            score_B[torch.from_numpy(labels == label)] = odd_PB.square().mean(0).sqrt()
        return score_B

    def outliers(self, score_B: torch.Tensor, labels: np.ndarray) -> torch.Tensor:
        """bool [B]: odder than nearly all reconstructions of their class."""
        return score_B > self.limit_K[torch.from_numpy(labels)]


def make_bank(pictures: np.ndarray, labels: np.ndarray, held_out: np.ndarray, held_labels: np.ndarray) -> Bank:
    """A bank of these reconstructions, with its units set by others."""
    usual = []
    for label in range(labels.max() + 1):
        bank_PNF = patches(pictures[labels == label])
        second_PB = torch.cdist(bank_PNF[:, :USUAL_PICTURES], bank_PNF).kthvalue(2, dim=2).values  # nearest: itself
        usual.append(second_PB.quantile(USUAL, dim=1))
    usual_KP = torch.stack(usual)
    score_B = Bank(pictures, labels, usual_KP, torch.empty(0)).scores(held_out, held_labels)
    by_class = [score_B[torch.from_numpy(held_labels == label)] for label in range(len(usual))]
    limit_K = torch.stack([scores.quantile(LIMIT) for scores in by_class]).clamp_min(LEAST_LIMIT)
    return Bank(pictures, labels, usual_KP, limit_K)
