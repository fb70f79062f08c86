"""Learning the quantizer's codebook: moving averages of what each code stands for, and new life for unused codes."""

import torch
import torch.nn.functional as F

from sprites.coarseness import coarseness
from vpg.layers.quantizer import Quantizer

COMMITMENT = 0.25
LEAST_USE = 0.03  # of the mean use


class Codebook:
    """Two running sums beside the codebook itself; the codebook gets no gradient."""

    def __init__(self, quantizer: Quantizer) -> None:
        self.quantizer = quantizer
        self.codes_VC = quantizer.embedding.weight.requires_grad_(False)
        self.uses_V = torch.zeros(len(self.codes_VC), device=self.codes_VC.device)  # all 0: not started
        self.sums_VC = self.codes_VC.clone()

    def weights(self, pictures: int) -> torch.Tensor:
        """[n]: how much each vector of so many pictures, scale by scale, counts.

        A coarse one counts for more: by number alone the finest scale would get nearly all codes.
        """
        return coarseness(self.quantizer.config.scales, pictures).to(self.codes_VC)

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"uses": self.uses_V, "sums": self.sums_VC}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self.uses_V.copy_(state["uses"])
        self.sums_VC.copy_(state["sums"])

    @torch.no_grad()
    def start(self, f_BChw: torch.Tensor, generator: torch.Generator) -> None:
        """Put the codes near what they will first have to stand for."""
        quantizer = self.quantizer
        z_nC = torch.cat([quantizer.down(k, f_BChw).flatten(0, 1) for k in range(len(quantizer.config.scales))])
        chosen = self.choose(len(self.uses_V), len(f_BChw), generator)
        size = torch.rand(len(chosen), 1, generator=generator)
        self.codes_VC.copy_(z_nC[chosen] * size.to(z_nC.device))
        self.sums_VC.copy_(self.codes_VC)
        self.uses_V.fill_(1.0)

    def quantize(
        self, f_BChw: torch.Tensor, kept_B: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Latent of the first kept_B scales, loss, and the vectors with the codes they got.

        Gradients go straight through to what a picture's last kept scale can hold of the latent.
        """
        quantizer, target = self.quantizer, f_BChw.detach()
        rest, total, loss = target, torch.zeros_like(target), f_BChw.new_zeros(())
        vectors, chosen, totals, shares = [], [], [], []
        for k in range(len(quantizer.config.scales)):
            z_BlC = quantizer.down(k, rest)
            token_n = quantizer.nearest(z_BlC.flatten(0, 1))
            added = quantizer.up(k, quantizer.embedding(token_n).view_as(z_BlC))
            total, rest = total + added, rest - added.detach()
            loss = loss + COMMITMENT * F.mse_loss(f_BChw, total.detach()) + F.mse_loss(total, target)
            vectors.append(z_BlC.flatten(0, 1))
            chosen.append(token_n)
            totals.append(total)
            shares.append(quantizer.enlarge(k, quantizer.down(k, f_BChw)))  # what a map of this scale can hold
        kept = torch.arange(len(f_BChw)), kept_B.cpu() - 1
        picked, share = torch.stack(totals, dim=1)[kept], torch.stack(shares, dim=1)[kept]
        through = share + (picked - share).detach()
        return through, loss / len(vectors), torch.cat(vectors), torch.cat(chosen)

    def choose(self, count: int, pictures: int, generator: torch.Generator) -> torch.Tensor:
        """Indices of so many of the vectors, by weight."""
        weight_n = self.weights(pictures).cpu()
        return torch.multinomial(weight_n, count, generator=generator).to(self.codes_VC.device)

    @torch.no_grad()
    def update(self, z_nC: torch.Tensor, token_n: torch.Tensor, pictures: int, decay: float) -> None:
        weight_n = self.weights(pictures)
        count_V = torch.bincount(token_n, weight_n, minlength=len(self.uses_V))
        sum_VC = torch.zeros_like(self.sums_VC).index_add_(0, token_n, z_nC * weight_n[:, None])
        self.uses_V.lerp_(count_V, 1 - decay)
        self.sums_VC.lerp_(sum_VC, 1 - decay)
        self.codes_VC.copy_(self.sums_VC / self.uses_V.clamp_min(1e-3)[:, None])

    @torch.no_grad()
    def revive(self, z_nC: torch.Tensor, pictures: int, generator: torch.Generator) -> int:
        """Move codes that are hardly used onto vectors of this batch."""
        least = LEAST_USE * self.weights(pictures).sum() / len(self.uses_V)
        dead = torch.where(self.uses_V < least)[0]
        if len(dead) == 0:
            return 0
        chosen = self.choose(len(dead), pictures, generator)
        self.uses_V[dead] = 3 * least
        self.codes_VC[dead] = z_nC[chosen]
        self.sums_VC[dead] = z_nC[chosen] * 3 * least
        return len(dead)
