"""Plain sampling of a trained pair, with classifier-free guidance and top-p, to look at during training."""

import torch

from vpg.models.var import Past, Var
from vpg.models.vqvae import Vqvae


def keep_top_p(logits_BlV: torch.Tensor, p: float) -> torch.Tensor:
    """From the largest down, each token while the mass before it is below p."""
    value, index = logits_BlV.sort(dim=-1, descending=True)
    share = value.softmax(dim=-1)
    dropped = torch.zeros_like(logits_BlV, dtype=torch.bool).scatter(-1, index, share.cumsum(-1) - share >= p)
    return logits_BlV.masked_fill(dropped, -torch.inf)


@torch.no_grad()
def sample(
    var: Var,
    tokenizer: Vqvae,
    labels_B: torch.Tensor,
    generator: torch.Generator,
    guidance: float = 1.5,
    top_p: float = 0.95,
) -> torch.Tensor:
    """Pictures about in [-1, 1]; guidance is ramped over the steps as in the official code."""
    quantizer, count = tokenizer.quantize, len(labels_B)
    condition = var.condition(torch.cat([labels_B, torch.full_like(labels_B, var.config.classes)]))
    past, last = Past([], []), len(var.config.scales) - 1
    f_BChw = torch.zeros(count, var.config.code_dim, quantizer.full, quantizer.full, device=labels_B.device)
    for k in range(last + 1):
        x_BlD = var.embed_step(k, quantizer.down(k, f_BChw).repeat(2, 1, 1)) if k else var.embed_start(condition)
        logits, past = var.step(x_BlD, condition, past)
        strength = guidance * k / last
        logits_BlV = keep_top_p((1 + strength) * logits[:count] - strength * logits[count:], top_p)
        share = logits_BlV.softmax(dim=-1).flatten(0, 1).cpu()
        token_Bl = torch.multinomial(share, 1, generator=generator).view(count, -1).to(labels_B.device)
        f_BChw = f_BChw + quantizer.up(k, quantizer.embedding(token_Bl))
    return tokenizer.decode(f_BChw)
