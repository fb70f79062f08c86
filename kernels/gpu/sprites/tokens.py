"""From the logits of both branches to tokens, as the step contract pins it: mix, top-k, top-p, draw.

Shapes in names: n rows (tokens to draw), V vocabulary.
"""

import torch


def as_sent(logits: torch.Tensor) -> torch.Tensor:
    """What an endpoint sends: each row's maximum at 0, rounded to FP16."""
    return (logits - logits.amax(-1, keepdim=True)).clamp_min(-65504).half().float()


def mix(gen_nV: torch.Tensor, corr_nV: torch.Tensor | None, strength: float) -> torch.Tensor:
    """g + lambda (g - c), one float32 rounding an operation; masked stays masked, nothing else becomes so."""
    if corr_nV is None:
        return gen_nV
    mixed_nV = gen_nV + torch.tensor(strength, dtype=torch.float32) * (gen_nV - corr_nV)
    return torch.where(gen_nV == -torch.inf, gen_nV, mixed_nV.clamp_min(torch.finfo(torch.float32).min))


def temper(l_nV: torch.Tensor, temperature: float) -> torch.Tensor:
    """Divide by the temperature, unless it is 0; what leaves float32's range stops at its end, masked stays masked."""
    z_nV = l_nV / torch.tensor(temperature, dtype=torch.float32) if temperature else l_nV
    largest = torch.finfo(torch.float32).max
    return torch.where(l_nV == -torch.inf, l_nV, z_nV.clamp(-largest, largest))


def keep_top_k(z_nV: torch.Tensor, k: int) -> torch.Tensor:
    """Every token as large as the k-th largest; 0 or the whole vocabulary: all."""
    if k == 0 or k >= z_nV.shape[-1]:
        return z_nV
    return z_nV.masked_fill(z_nV < z_nV.topk(k, dim=-1).values[:, -1:], -torch.inf)


def weigh(z_nV: torch.Tensor) -> torch.Tensor:
    """Unnormalised probabilities in float64."""
    return (z_nV.double() - z_nV.amax(-1, keepdim=True).double()).exp()


def keep_top_p(z_nV: torch.Tensor, weight_nV: torch.Tensor, p: float) -> torch.Tensor:
    """The weights, 0 where the mass of those before is p or more; ties go to the lower index, the largest stays."""
    if p >= 1:
        return weight_nV
    order_nV = z_nV.sort(dim=-1, descending=True, stable=True).indices
    sorted_nV = weight_nV.gather(-1, order_nV)
    running_nV = sorted_nV.cumsum(-1)
    dropped_nV = running_nV - sorted_nV >= p * running_nV[:, -1:]
    dropped_nV[:, 0] = False
    return weight_nV.scatter(-1, order_nV, sorted_nV.masked_fill(dropped_nV, 0.0))


def draw(l_nV: torch.Tensor, r_n: torch.Tensor, temperature: float, top_k: int, top_p: float) -> torch.Tensor:
    """int64 [n]: the first kept index whose running weight exceeds r times the total."""
    z_nV = temper(l_nV, temperature)
    return z_nV.argmax(-1) if temperature == 0 else pick(z_nV, r_n, top_k, top_p)


def pick(z_nV: torch.Tensor, r_n: torch.Tensor, top_k: int, top_p: float) -> torch.Tensor:
    """The same of logits that were divided by the temperature."""
    z_nV = keep_top_k(z_nV, top_k)
    weight_nV = keep_top_p(z_nV, weigh(z_nV), top_p)
    running_nV = weight_nV.cumsum(-1)
    token_n = torch.searchsorted(running_nV, r_n[:, None] * running_nV[:, -1:], right=True)[:, 0]
    last_n = weight_nV.shape[-1] - 1 - (weight_nV > 0).flip(-1).int().argmax(-1)  # argmax: the first of equals
    return torch.minimum(token_n, last_n)
