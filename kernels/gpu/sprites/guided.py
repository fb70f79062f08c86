"""Batched sampling with classifier-free and visual prefix guidance, in float32, four rows a picture at most.

Shapes in names: B pictures, R rows (conditions and branches of pictures), l positions of a step, D width.
"""

from functools import lru_cache

import numpy as np
import torch

from sprites.data import to_bytes
from sprites.pair import Pair
from sprites.seeds import corruption_seed, picture_seed, uniforms
from sprites.setting import Setting
from sprites.tokens import as_sent, draw, mix
from vpg.corruption import sources
from vpg.models.var import Condition, Past

BATCH = 50

cached_sources = lru_cache(maxsize=200_000)(sources)


def gather_index(corruption_seeds: list[int], step: int, length: int, share: float) -> torch.Tensor:
    """int64 [B, l]: the position that each position of each picture reads in the corrupted branch."""
    return torch.from_numpy(np.stack([cached_sources(seed, step, length, share) for seed in corruption_seeds]))


def first_rows(condition: Condition, past: Past, rows: int) -> tuple[Condition, Past]:
    shared = condition.shared_B16D
    kept = Condition(condition.class_BD[:rows], None if shared is None else shared[:rows])
    return kept, Past([x[:rows] for x in past.keys], [x[:rows] for x in past.values])


def guide(logits_RlV: torch.Tensor, count: int, t: float) -> torch.Tensor:
    """One branch's rows, with or without unconditional ones below, to [B, l, V] as an endpoint sends it."""
    guided = logits_RlV if len(logits_RlV) == count else (1 + t) * logits_RlV[:count] - t * logits_RlV[count:]
    return as_sent(guided)


@torch.no_grad()
def sample_tokens(pair: Pair, setting: Setting, labels_B: torch.Tensor, seeds: list[int]) -> torch.Tensor:
    """int64 [B, L]: pictures of these classes under these picture seeds."""
    var, quantize, count = pair.var, pair.tokenizer.quantize, len(seeds)
    steps, bounds = len(var.config.scales), var.config.bounds
    guidance, strengths = setting.guidance(steps), setting.strengths(steps)
    last_strong = max((k for k in range(steps) if strengths[k] != 0), default=0)  # step 0 has nothing to corrupt
    own = [labels_B, torch.full_like(labels_B, var.config.classes)] if setting.guidance_scale else [labels_B]
    branches, rows = 2 if last_strong else 1, len(own) * count
    corruption_seeds = [corruption_seed(seed) for seed in seeds] if branches == 2 else []
    condition, past, tokens = var.condition(torch.cat(own * branches)), Past([], []), []
    f_BChw = torch.zeros(count, var.config.code_dim, quantize.full, quantize.full)
    for k in range(steps):
        length = bounds[k + 1] - bounds[k]
        if branches == 2 and k > last_strong:
            branches = 1
            condition, past = first_rows(condition, past, rows)
        if k == 0:
            x_RlD = var.embed_start(condition)
        else:
            x_BlD = var.embed_step(k, quantize.down(k, f_BChw))
            x_RlD = x_BlD.repeat(len(own), 1, 1)
            if branches == 2:
                index_Bl = gather_index(corruption_seeds, k, length, setting.corruption_ratio)
                corrupted_BlD = x_BlD.gather(1, index_Bl[..., None].expand_as(x_BlD))
                x_RlD = torch.cat([x_RlD, corrupted_BlD.repeat(len(own), 1, 1)])
        logits_RlV, past = var.step(x_RlD, condition, past)
        gen_nV = guide(logits_RlV[:rows], count, guidance[k]).flatten(0, 1)
        paired = branches == 2 and k > 0 and strengths[k] != 0
        corr_nV = guide(logits_RlV[rows:], count, guidance[k]).flatten(0, 1) if paired else None
        r_n = torch.from_numpy(np.concatenate([uniforms(seed, k, length) for seed in seeds]))
        l_nV = mix(gen_nV, corr_nV, strengths[k])
        token_Bl = draw(l_nV, r_n, setting.temperature, setting.top_k, setting.top_p).view(count, length)
        f_BChw = f_BChw + quantize.up(k, quantize.embedding(token_Bl))
        tokens.append(token_Bl)
    return torch.cat(tokens, dim=1)


@torch.no_grad()
def pictures_of(pair: Pair, token_BL: torch.Tensor) -> np.ndarray:
    """uint8 [B, 3, H, W]."""
    return to_bytes(pair.tokenizer.decode(pair.tokenizer.quantize.decode(token_BL)[1]))


def sample_set(pair: Pair, setting: Setting, seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 [count, 3, H, W] and labels [count]: picture i of request `seed`, of class i mod classes."""
    labels = torch.arange(count) % pair.var.config.classes
    seeds = [picture_seed(seed, i) for i in range(count)]
    parts = []
    for start in range(0, count, BATCH):
        part = slice(start, start + BATCH)
        parts.append(pictures_of(pair, sample_tokens(pair, setting, labels[part], seeds[part])))
    return np.concatenate(parts), labels.numpy()
