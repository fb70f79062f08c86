"""VAR (arXiv 2404.02905), the class-to-image next-scale transformer, for inference; official state-dict keys.

Shapes in names: B pictures, L all positions, l those of one step, D width, H heads, C code dimensions, V vocabulary.
The stream between the blocks, all norms and the head are float32; the blocks run in the dtype of their weights.
"""

import math
from dataclasses import dataclass
from itertools import accumulate

import torch
import torch.nn as nn
import torch.nn.functional as F

from vpg.layers.past import Past

LARGEST_LOG_SCALE = math.log(100)
UNUSED_KEYS = ("lvl_1L", "attn_bias_for_masking")


@dataclass(frozen=True)
class VarConfig:
    scales: tuple[int, ...]
    vocab: int
    code_dim: int
    width: int
    depth: int
    heads: int
    mlp_ratio: float = 4.0
    classes: int = 1000
    shared_aln: bool = False
    attn_l2_norm: bool = True

    @property
    def bounds(self) -> list[int]:
        """Where each scale begins in the sequence, and the whole length at the end."""
        return [0, *accumulate(side * side for side in self.scales)]


SCALES_256 = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16)
SCALES_512 = (1, 2, 3, 4, 6, 9, 13, 18, 24, 32)
SIZES = {
    **{f"d{d}": VarConfig(SCALES_256, 4096, 32, width=64 * d, depth=d, heads=d) for d in (16, 20, 24, 30)},
    "d36": VarConfig(SCALES_512, 4096, 32, width=64 * 36, depth=36, heads=36, shared_aln=True),
}


@dataclass
class Condition:
    """What the class says: its embedding, and the shared AdaLN numbers where the model shares them."""

    class_BD: torch.Tensor
    shared_B16D: torch.Tensor | None


def cast(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Nothing at all, not even in an export, where the dtype is that already."""
    return x if x.dtype == dtype else x.to(dtype)


def mask_of(seen_lL: torch.Tensor) -> torch.Tensor:
    """What is added to the attention's logits: a large negative number in place of -inf, so no NaN in any backend."""
    return torch.where(seen_lL, 0.0, -1e9)


def layer_norm(x_BlD: torch.Tensor) -> torch.Tensor:
    return F.layer_norm(x_BlD, x_BlD.shape[-1:], eps=1e-6)


class SelfAttention(nn.Module):
    def __init__(self, config: VarConfig) -> None:
        super().__init__()
        width, self.heads, self.l2_norm = config.width, config.heads, config.attn_l2_norm
        self.mat_qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("zero_k_bias", torch.zeros(width))
        self.proj = nn.Linear(width, width)
        if self.l2_norm:
            self.scale_mul_1H11 = nn.Parameter(torch.full((1, self.heads, 1, 1), math.log(4.0)))

    def forward(
        self, x_BlD: torch.Tensor, mask_LL: torch.Tensor | None, past: tuple[torch.Tensor, torch.Tensor] | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        B, length, width = x_BlD.shape
        bias = torch.cat([self.q_bias, self.zero_k_bias, self.v_bias])
        qkv = F.linear(x_BlD, self.mat_qkv.weight, bias).view(B, length, 3, self.heads, width // self.heads)
        q_BHlc, k_BHlc, v_BHlc = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        if self.l2_norm:
            q_BHlc, k_BHlc = cast(q_BHlc, torch.float32), cast(k_BHlc, torch.float32)
            q_BHlc = F.normalize(q_BHlc, dim=-1) * self.scale_mul_1H11.clamp_max(LARGEST_LOG_SCALE).exp()
            q_BHlc, k_BHlc = cast(q_BHlc, x_BlD.dtype), cast(F.normalize(k_BHlc, dim=-1), x_BlD.dtype)
        else:
            q_BHlc = q_BHlc * (0.25 / math.sqrt(width // self.heads))
        if past is not None:
            k_BHlc, v_BHlc = torch.cat([past[0], k_BHlc], dim=2), torch.cat([past[1], v_BHlc], dim=2)
        if x_BlD.device.type == "cpu" and x_BlD.dtype == torch.float32:
            # By hand: on a CPU its backward is eight times as fast as that of scaled_dot_product_attention.
            weight_BHll = q_BHlc @ k_BHlc.transpose(-2, -1)
            if mask_LL is not None:
                weight_BHll = weight_BHll + mask_LL
            out_BHlc = weight_BHll.softmax(dim=-1) @ v_BHlc
        else:
            mask_LL = None if mask_LL is None else cast(mask_LL, q_BHlc.dtype)
            out_BHlc = F.scaled_dot_product_attention(q_BHlc, k_BHlc, v_BHlc, attn_mask=mask_LL, scale=1.0)
        out_BlD = out_BHlc.transpose(1, 2).reshape(B, length, width)
        return self.proj(out_BlD), k_BHlc, v_BHlc


class FeedForward(nn.Module):
    def __init__(self, config: VarConfig) -> None:
        super().__init__()
        hidden = round(config.width * config.mlp_ratio)
        self.fc1 = nn.Linear(config.width, hidden)
        self.fc2 = nn.Linear(hidden, config.width)

    def forward(self, x_BlD: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(x_BlD), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, config: VarConfig) -> None:
        super().__init__()
        self.width = config.width
        self.attn = SelfAttention(config)
        self.ffn = FeedForward(config)
        if config.shared_aln:
            self.ada_gss = nn.Parameter(torch.zeros(1, 1, 6, config.width))
        else:
            self.ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(config.width, 6 * config.width))

    def modulation(self, condition: Condition) -> tuple[torch.Tensor, ...]:
        """gamma1, gamma2, scale1, scale2, shift1, shift2, each [B, 1, D]."""
        if condition.shared_B16D is not None:
            return (self.ada_gss + condition.shared_B16D).unbind(2)
        made_BD = self.ada_lin(cast(condition.class_BD, self.ada_lin[1].weight.dtype))
        return cast(made_BD, torch.float32).view(-1, 1, 6, self.width).unbind(2)

    def forward(
        self,
        x_BlD: torch.Tensor,
        condition: Condition,
        mask_LL: torch.Tensor | None = None,
        past: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        gamma1, gamma2, scale1, scale2, shift1, shift2 = self.modulation(condition)
        dtype = self.attn.proj.weight.dtype
        mixed_BlD, keys, values = self.attn(cast(layer_norm(x_BlD) * (1 + scale1) + shift1, dtype), mask_LL, past)
        x_BlD = x_BlD + mixed_BlD * gamma1
        x_BlD = x_BlD + self.ffn(cast(layer_norm(x_BlD) * (1 + scale2) + shift2, dtype)) * gamma2
        return x_BlD, keys, values


class HeadNorm(nn.Module):
    """The AdaLN before the head."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x_BlD: torch.Tensor, class_BD: torch.Tensor) -> torch.Tensor:
        scale, shift = self.ada_lin(class_BD).view(-1, 1, 2, x_BlD.shape[-1]).unbind(2)
        return layer_norm(x_BlD) * (1 + scale) + shift


class Var(nn.Module):
    def __init__(self, config: VarConfig) -> None:
        super().__init__()
        self.config = config
        width, bounds = config.width, config.bounds
        self.word_embed = nn.Linear(config.code_dim, width)
        self.class_emb = nn.Embedding(config.classes + 1, width)  # the last one: no class
        self.pos_start = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_1LC = nn.Parameter(torch.zeros(1, bounds[-1], width))
        self.lvl_embed = nn.Embedding(len(config.scales), width)
        if config.shared_aln:
            self.shared_ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.head_nm = HeadNorm(width)
        self.head = nn.Linear(width, config.vocab)

        level_L = torch.cat([torch.full((side * side,), k) for k, side in enumerate(config.scales)])
        self.register_buffer("level_L", level_L, persistent=False)
        self.register_buffer("mask_LL", mask_of(level_L[:, None] >= level_L[None, :]), persistent=False)

    def condition(self, labels_B: torch.Tensor) -> Condition:
        class_BD = self.class_emb(labels_B)
        if not self.config.shared_aln:
            return Condition(class_BD, None)
        return Condition(class_BD, self.shared_ada_lin(class_BD).view(-1, 1, 6, self.config.width))

    def places(self) -> torch.Tensor:
        """Position plus level embedding of the whole sequence, [1, L, D]."""
        return self.pos_1LC + self.lvl_embed(self.level_L)

    def embed_start(self, condition: Condition) -> torch.Tensor:
        """The input of step 0, [B, 1, D]."""
        return condition.class_BD[:, None] + self.pos_start + self.places()[:, :1]

    def embed_step(self, k: int, map_BlC: torch.Tensor) -> torch.Tensor:
        """The input of step k > 0, [B, l, D], from the picture so far at that scale."""
        return self.word_embed(map_BlC) + self.places()[:, self.config.bounds[k] : self.config.bounds[k + 1]]

    def logits(self, x_BlD: torch.Tensor, condition: Condition) -> torch.Tensor:
        return self.head(self.head_nm(x_BlD.float(), condition.class_BD.float())).float()

    def forward(self, labels_B: torch.Tensor, maps_BlC: torch.Tensor) -> torch.Tensor:
        """Logits [B, L, V] of a whole known picture; maps_BlC holds what steps 1 to K-1 read, [B, L - 1, C]."""
        condition = self.condition(labels_B)
        rest_BlD = self.word_embed(maps_BlC) + self.places()[:, 1:]
        x_BLD = torch.cat([self.embed_start(condition), rest_BlD], dim=1)
        for block in self.blocks:
            x_BLD, _, _ = block(x_BLD, condition, self.mask_LL)
        return self.logits(x_BLD, condition)

    def cast_blocks(self, dtype: torch.dtype) -> "Var":
        """The blocks in half precision; all around them stays float32."""
        self.blocks.to(dtype)
        return self

    def run(
        self, x_BlD: torch.Tensor, condition: Condition, past: Past, seen_lL: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, Past]:
        """The hidden state [B, l, D] of a step from its embedded input, and the past with this step in it.

        Several steps may be run as one, if it is said what each position sees of the past and of them.
        """
        mask_lL = None if seen_lL is None else mask_of(seen_lL)
        keys, values = [], []
        for i, block in enumerate(self.blocks):
            x_BlD, keys_BHlc, values_BHlc = block(x_BlD, condition, mask_lL, past.before(i))
            keys.append(keys_BHlc)
            values.append(values_BHlc)
        return x_BlD, Past(keys, values)

    def step(self, x_BlD: torch.Tensor, condition: Condition, past: Past) -> tuple[torch.Tensor, Past]:
        """Logits [B, l, V] of one step from its embedded input, and the past with this step's keys and values in it."""
        x_BlD, past = self.run(x_BlD, condition, past)
        return self.logits(x_BlD, condition), past
