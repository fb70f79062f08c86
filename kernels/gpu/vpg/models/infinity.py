"""Infinity (arXiv 2412.04431), the bitwise text-to-image next-scale transformer, for inference; official keys.

Shapes in names: R rows (pictures, branches, conditions), l positions of a step, D width, H heads, c channels of a head,
p = c / 2 pairs of channels, T text positions, E text width, V = two logits a bit. The stream between the blocks and all
norms are float32; the blocks' matrices and attention run in the dtype of the blocks' weights.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from vpg.layers.hidden_guidance import HiddenGuidance
from vpg.layers.past import Past
from vpg.layers.rotary import rotate
from vpg.models.infinity_condition import Condition, KeysValues

LARGEST_LOG_SCALE = math.log(100)
LEVELS = 15
UNUSED_KEYS = ("lvl_1L", "attn_bias_for_masking", "Infinity_visible_kvlen", "Infinity_invisible_qlen")


@dataclass(frozen=True)
class InfinityConfig:
    depth: int
    width: int
    heads: int
    chunks: int  # the keys count the blocks in so many groups
    bits: int = 32  # of a token
    text_width: int = 2048
    text_length: int = 512

    @property
    def pool_heads(self) -> int:
        return self.text_width // (64 if self.width > 4096 else 128)


SIZES = {
    "2b": InfinityConfig(32, 2048, 16, chunks=8),
    "8b": InfinityConfig(40, 3584, 28, chunks=8, bits=56),
    "layer12": InfinityConfig(12, 768, 8, chunks=4),
    "layer16": InfinityConfig(16, 1152, 12, chunks=4),
    "layer24": InfinityConfig(24, 1536, 16, chunks=4),
    "layer32": InfinityConfig(32, 2080, 20, chunks=4),
    "layer40": InfinityConfig(40, 2688, 24, chunks=4),
    "layer48": InfinityConfig(48, 3360, 28, chunks=4),
}


def layer_norm(x_RlD: torch.Tensor) -> torch.Tensor:
    return F.layer_norm(x_RlD, x_RlD.shape[-1:], eps=1e-6)


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.mat_qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("zero_k_bias", torch.zeros(width))
        self.scale_mul_1H11 = nn.Parameter(torch.full((1, heads, 1, 1), math.log(4.0)))
        self.proj = nn.Linear(width, width)

    def forward(
        self, x_RlD: torch.Tensor, turn_2lp: torch.Tensor, past: KeysValues | None, seen_lL: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        bias = torch.cat([self.q_bias, self.zero_k_bias, self.v_bias])
        qkv = F.linear(x_RlD, self.mat_qkv.weight, bias).unflatten(-1, (3, self.heads, -1))
        q_RHlc, k_RHlc, v_RHlc = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scale = self.scale_mul_1H11.float().clamp_max(LARGEST_LOG_SCALE).exp()
        q_RHlc = rotate(F.normalize(q_RHlc.float(), dim=-1) * scale, turn_2lp).type_as(v_RHlc)
        k_RHlc = rotate(F.normalize(k_RHlc.float(), dim=-1), turn_2lp).type_as(v_RHlc)
        if past is not None:
            k_RHlc, v_RHlc = torch.cat([past[0], k_RHlc], dim=2), torch.cat([past[1], v_RHlc], dim=2)
        out_RHlc = F.scaled_dot_product_attention(q_RHlc, k_RHlc, v_RHlc, attn_mask=seen_lL, scale=1.0)
        return self.proj(out_RHlc.transpose(1, 2).flatten(2)), k_RHlc, v_RHlc


class CrossAttention(nn.Module):
    """Over the text: every position asks, or (pooled) one learned query."""

    def __init__(self, width: int, heads: int, text_width: int, pooled: bool) -> None:
        super().__init__()
        self.heads, self.pooled = heads, pooled
        shape = (1, heads, width // heads)
        self.mat_q = nn.Parameter(torch.zeros(shape)) if pooled else nn.Linear(width, width)
        self.mat_kv = nn.Linear(text_width, 2 * width, bias=False)
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("zero_k_bias", torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def keys_values(self, text_RTE: torch.Tensor) -> KeysValues:
        kv = F.linear(text_RTE, self.mat_kv.weight, torch.cat([self.zero_k_bias, self.v_bias]))
        return kv.unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)  # each [R, H, T, c]

    def forward(
        self, x_RlD: torch.Tensor | None, keys_values: KeysValues, mask_R11T: torch.Tensor | None
    ) -> torch.Tensor:
        keys_RHTc, values_RHTc = keys_values
        if self.pooled:
            q_RHlc = self.mat_q[:, :, None].expand(len(keys_RHTc), -1, -1, -1)
        else:
            q_RHlc = self.mat_q(x_RlD).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        out_RHlc = F.scaled_dot_product_attention(q_RHlc, keys_RHTc, values_RHTc, attn_mask=mask_R11T)
        return self.proj(out_RHlc.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = round(4 * width / 256) * 256
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x_RlD: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(x_RlD), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.sa = SelfAttention(width, heads)
        self.ca = CrossAttention(width, heads, width, pooled=False)
        self.ca_norm = nn.LayerNorm(width, eps=1e-6)
        self.ffn = FeedForward(width)
        self.ada_gss = nn.Parameter(torch.zeros(1, 1, 6, width))

    def forward(
        self,
        x_RlD: torch.Tensor,
        condition: Condition,
        text: KeysValues,
        turn_2lp: torch.Tensor,
        past: KeysValues | None,
        seen_lL: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        dtype = self.ada_gss.dtype
        gamma1, gamma2, scale1, scale2, shift1, shift2 = (self.ada_gss + condition.shared_R16D).unbind(2)
        own_RlD, keys, values = self.sa((layer_norm(x_RlD) * (1 + scale1) + shift1).to(dtype), turn_2lp, past, seen_lL)
        x_RlD = x_RlD + own_RlD * gamma1
        weight, bias = self.ca_norm.weight.float(), self.ca_norm.bias.float()
        asking_RlD = F.layer_norm(x_RlD, weight.shape, weight, bias, eps=1e-6).to(dtype)
        x_RlD = x_RlD + self.ca(asking_RlD, text, condition.mask_R11T)
        x_RlD = x_RlD + self.ffn((layer_norm(x_RlD) * (1 + scale2) + shift2).to(dtype)) * gamma2
        return x_RlD, keys, values


class TextNorm(nn.Module):
    """RMSNorm of the text features."""

    def __init__(self, text_width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(text_width))

    def forward(self, text_TE: torch.Tensor) -> torch.Tensor:
        return text_TE * torch.rsqrt(text_TE.square().mean(-1, keepdim=True) + 1e-6) * self.weight


class TextPool(nn.Module):
    """All text of a row in one vector."""

    def __init__(self, config: InfinityConfig) -> None:
        super().__init__()
        self.ca = CrossAttention(config.width, config.pool_heads, config.text_width, pooled=True)

    def forward(self, text_RTE: torch.Tensor, mask_R11T: torch.Tensor | None) -> torch.Tensor:
        return self.ca(None, self.ca.keys_values(text_RTE), mask_R11T)[:, 0]


class Chunk(nn.Module):
    def __init__(self, config: InfinityConfig) -> None:
        super().__init__()
        self.module = nn.ModuleList(Block(config.width, config.heads) for _ in range(config.depth // config.chunks))


class HeadNorm(nn.Module):
    """The AdaLN before the head."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x_RlD: torch.Tensor, text_RD: torch.Tensor) -> torch.Tensor:
        scale, shift = self.ada_lin(text_RD).view(-1, 1, 2, x_RlD.shape[-1]).unbind(2)
        return layer_norm(x_RlD) * (1 + scale) + shift


class Infinity(nn.Module):
    def __init__(self, config: InfinityConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.cfg_uncond = nn.Parameter(torch.zeros(config.text_length, config.text_width))
        self.text_norm = TextNorm(config.text_width)
        self.text_proj_for_sos = TextPool(config)
        self.text_proj_for_ca = nn.Sequential(
            nn.Linear(config.text_width, width), nn.GELU(approximate="tanh"), nn.Linear(width, width)
        )
        self.pos_start = nn.Parameter(torch.zeros(1, 1, width))
        self.lvl_embed = nn.Embedding(LEVELS, width)
        self.word_embed = nn.Linear(config.bits, width)
        self.shared_ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.block_chunks = nn.ModuleList(Chunk(config) for _ in range(config.chunks))
        self.head_nm = HeadNorm(width)
        self.head = nn.Linear(width, 2 * config.bits)

    @property
    def blocks(self) -> list[Block]:
        return [block for chunk in self.block_chunks for block in chunk.module]

    def cast_blocks(self, dtype: torch.dtype) -> "Infinity":
        """Blocks in half precision, as the official code runs them; all around them stays float32."""
        self.block_chunks.to(dtype)
        return self

    def unconditional(self, length: int) -> torch.Tensor:
        """The text features [T, E] that stand for no text, beside a prompt of that length."""
        return self.cfg_uncond[:length]

    def condition(self, texts: list[torch.Tensor]) -> Condition:
        """From each row's text features [T_r, E], float32."""
        lengths = torch.tensor([len(text_TE) for text_TE in texts])
        text_RTE = self.text_norm(nn.utils.rnn.pad_sequence(texts, batch_first=True).float())
        mask_R11T = None
        if lengths.min() < lengths.max():
            mask_RT = torch.arange(text_RTE.shape[1]) < lengths[:, None]
            mask_R11T = mask_RT[:, None, None].to(text_RTE.device)
        text_RD = self.text_proj_for_sos(text_RTE, mask_R11T)
        shared_R16D = self.shared_ada_lin(text_RD).unflatten(-1, (1, 6, -1))
        text_RTD = self.text_proj_for_ca(text_RTE)
        blocks = self.blocks
        keys_values = [block.ca.keys_values(text_RTD.to(block.ada_gss.dtype)) for block in blocks]
        return Condition(text_RD, shared_R16D, keys_values, mask_R11T)

    def embed_start(self, condition: Condition) -> torch.Tensor:
        """The input of step 0, [R, 1, D]."""
        return condition.text_RD[:, None] + self.pos_start + self.lvl_embed.weight[0]

    def embed_step(self, k: int, map_RlC: torch.Tensor) -> torch.Tensor:
        """The input of step k > 0, [R, l, D], from the picture so far at that scale, [R, l, bits]."""
        return self.word_embed(map_RlC) + self.lvl_embed.weight[k]

    def run(
        self,
        x_RlD: torch.Tensor,
        condition: Condition,
        turn_2lp: torch.Tensor,
        past: Past,
        guidance: HiddenGuidance | None = None,
        seen_lL: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Past]:
        """The hidden state of a step from its embedded input, and the past with this step in it.

        [R, l, D]; under hidden guidance the first half of the rows, and so are the keys and values of later blocks.
        Several steps may be run as one, if it is said what each position sees of the past and of them.
        """
        keys, values = [], []
        for i, block in enumerate(self.blocks):
            text = condition.keys_values[i]
            x_RlD, keys_RHlc, values_RHlc = block(x_RlD, condition, text, turn_2lp, past.before(i), seen_lL)
            keys.append(keys_RHlc)
            values.append(values_RHlc)
            if guidance is not None and i == self.config.depth + guidance.layer:
                x_RlD = guidance.mix(x_RlD)
                condition = condition.first(len(x_RlD))
        return x_RlD, Past(keys, values)

    def logits(self, x_RlD: torch.Tensor, text_RD: torch.Tensor) -> torch.Tensor:
        """[R, l, V]: for each bit the logit of 0, then that of 1."""
        return self.head(self.head_nm(x_RlD, text_RD))
