"""InfinityStar (arXiv 2511.04675), the text-to-video bitwise space-time transformer, for inference; official keys.

Shapes in names: R rows (videos, branches, conditions), l positions of a step, D width, H query heads,
G key and value heads, c head dimension, p = c / 2 pairs of its channels, C latent channels, K bits of a token,
V = 2 K logits of a token, E text width. A Past is one row's here, [1, G, positions, c] a block, keys after their norm
and rotation: rows are kept apart because of their size. Source: infinity/models/infinity.py and basic.py.
"""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from vpg.layers.past import Past
from vpg.layers.rotary import rotate
from vpg.layers.spacetime_rotary import text_turns


@dataclass(frozen=True)
class InfinityStarConfig:
    """The sizes of the transformer; both published models have the defaults and differ in their pyramid alone."""

    width: int = 4096
    depth: int = 36
    chunks: int = 6  # the blocks are stored in so many groups
    heads: int = 32
    key_heads: int = 8
    hidden: int = 16384
    text_width: int = 2048
    text_length: int = 512
    channels: int = 64
    semantic_bits: int = 16
    detail_bits: int = 64
    batch_tokens: int = 65536  # rows run together up to so many positions; 0: each by itself, so its bits are its own
    slice_tokens: int = 16384  # positions a feed-forward takes at a time, for memory

    @property
    def head_dim(self) -> int:
        return self.width // self.heads


INFINITYSTAR_8B = InfinityStarConfig()


class RmsNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        wide = x.float()
        wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + 1e-6)
        return (wide * self.weight.float()).to(x.dtype)


def after(seen: list[list[torch.Tensor]], own_RGlc: torch.Tensor) -> torch.Tensor:
    """Keys or values with those that each row has seen in front, [R, G, positions, c]."""
    return torch.cat([torch.cat([*row, own], dim=2) for row, own in zip(seen, own_RGlc.split(1), strict=True)])


class Attention(nn.Module):
    def __init__(self, config: InfinityStarConfig) -> None:
        super().__init__()
        width, self.head_dim = config.width, config.head_dim
        self.q_proj = nn.Linear(width, width, bias=False)
        self.k_proj = nn.Linear(width, config.key_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(width, config.key_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(width, width, bias=False)
        self.q_norm = RmsNorm(self.head_dim)
        self.k_norm = RmsNorm(self.head_dim)

    def forward(
        self, x_RlD: torch.Tensor, turn_2lp: torch.Tensor, seen: list[Past], seen_lL: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Every position sees all of its step and all its row has seen, or what the mask of the last of these says."""
        q_RHlc, k_RGlc, v_RGlc = (
            proj(x_RlD).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        q_RHlc = rotate(self.q_norm(q_RHlc), turn_2lp).type_as(v_RGlc)
        k_RGlc = rotate(self.k_norm(k_RGlc), turn_2lp).type_as(v_RGlc)
        keys, values = after([past.keys for past in seen], k_RGlc), after([past.values for past in seen], v_RGlc)
        if seen_lL is None:
            mixed_RHlc = F.scaled_dot_product_attention(q_RHlc, keys, values, enable_gqa=True)
        else:  # the kernels that take a mask and little memory take no groups
            mask_lL = F.pad(seen_lL, (keys.shape[2] - seen_lL.shape[1], 0), value=True)
            groups = q_RHlc.shape[1] // keys.shape[1]
            keys, values = (each.repeat_interleave(groups, dim=1) for each in (keys, values))
            mixed_RHlc = F.scaled_dot_product_attention(q_RHlc, keys, values, attn_mask=mask_lL)
        return self.o_proj(mixed_RHlc.transpose(1, 2).flatten(2)), k_RGlc, v_RGlc


class FeedForward(nn.Module):
    def __init__(self, config: InfinityStarConfig) -> None:
        super().__init__()
        self.slice_tokens = config.slice_tokens
        self.gate_proj = nn.Linear(config.width, config.hidden, bias=False)
        self.up_proj = nn.Linear(config.width, config.hidden, bias=False)
        self.down_proj = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x_RlD: torch.Tensor) -> torch.Tensor:
        parts = x_RlD.split(self.slice_tokens, dim=1)
        return torch.cat([self.down_proj(F.silu(self.gate_proj(part)) * self.up_proj(part)) for part in parts], dim=1)


class Block(nn.Module):
    def __init__(self, config: InfinityStarConfig) -> None:
        super().__init__()
        self.attn = Attention(config)
        self.mlp = FeedForward(config)
        self.input_layernorm = RmsNorm(config.width)
        self.post_attention_layernorm = RmsNorm(config.width)

    def forward(
        self, x_RlD: torch.Tensor, turn_2lp: torch.Tensor, seen: list[Past], seen_lL: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        mixed_RlD, keys, values = self.attn(self.input_layernorm(x_RlD), turn_2lp, seen, seen_lL)
        x_RlD = x_RlD + mixed_RlD
        return x_RlD + self.mlp(self.post_attention_layernorm(x_RlD)), keys, values


class Chunk(nn.Module):
    """Blocks under the official key `module`."""

    def __init__(self, blocks: list[Block]) -> None:
        super().__init__()
        self.module = nn.ModuleList(blocks)


class InfinityStar(nn.Module):
    """Rows are the batch, and share nothing; the blocks may be of a narrower type than what is around them."""

    def __init__(self, config: InfinityStarConfig) -> None:
        super().__init__()
        self.config = config
        width, per_chunk = config.width, config.depth // config.chunks
        self.cfg_uncond = nn.Parameter(torch.zeros(config.text_length, config.text_width))  # stands for no text
        self.sos_token = nn.Parameter(torch.zeros(1, 1, width))  # in the checkpoints; read by nothing
        self.text_proj = nn.Linear(config.text_width, width)
        self.word_embed = nn.Linear(config.channels, width)
        self.block_chunks = nn.ModuleList(
            Chunk([Block(config) for _ in range(per_chunk)]) for _ in range(config.chunks)
        )
        self.norm_hidden_sates = RmsNorm(width)  # spelt as in the checkpoints
        self.head = nn.Linear(width, 2 * config.detail_bits)
        self.semantic_head2 = nn.Linear(width, 2 * config.semantic_bits)

    @property
    def blocks(self) -> list[Block]:
        return [block for chunk in self.block_chunks for block in chunk.module]

    def cast_blocks(self, dtype: torch.dtype) -> "InfinityStar":
        """Blocks in half precision, as the official code runs them; all around them stays float32."""
        self.block_chunks.to(dtype)
        return self

    def unconditional(self, length: int) -> torch.Tensor:
        """The text features [T, E] that stand for no text, beside a prompt of that length."""
        return self.cfg_uncond[:length]

    def text_pasts(self, texts: list[torch.Tensor], lengths: list[int]) -> list[Past]:
        """Keys and values of each row's text [T, E], whose tokens see each other alone.

        A text shorter than its length is filled with zeros that nothing masks: so does the official code with a
        negative prompt that is shorter than the prompt.
        """
        pasts = []
        for text_TE, length in zip(texts, lengths, strict=True):
            x_TD = self.text_proj(text_TE.to(self.text_proj.weight))
            x_1TD = F.pad(x_TD, (0, 0, 0, length - len(x_TD)))[None]
            turn_2lp = text_turns(length, self.config.head_dim, x_1TD.device)
            pasts += self.run(x_1TD, turn_2lp, [[]], keep=True)[1]
        return pasts

    def embed(self, map_RlC: torch.Tensor) -> torch.Tensor:
        """What enters block 0, [R, l, D]; a token's place enters by rotation alone."""
        return torch.cat([self.word_embed(map_1lC.to(self.word_embed.weight)) for map_1lC in map_RlC.split(1)])

    def run(
        self,
        x_RlD: torch.Tensor,
        turn_2lp: torch.Tensor,
        seen: list[list[Past]],
        keep: bool = False,
        seen_lL: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, list[Past]]:
        """Hidden states after all blocks, each row after all it has seen; and what the rows leave, if that is kept.

        Several steps may be run as one, if it is said what each position sees of them and of what stands before them;
        what stands before the mask's first column is seen by all.
        """
        sizes = {sum(past.keys[0].shape[2] for past in row) for row in seen}
        together = max(1, self.config.batch_tokens // x_RlD.shape[1]) if len(sizes) == 1 else 1
        if len(x_RlD) > together:
            groups = [slice(row, row + together) for row in range(0, len(x_RlD), together)]
            made = [self.run(x_RlD[rows], turn_2lp, seen[rows], keep, seen_lL) for rows in groups]
            return torch.cat([hidden for hidden, _ in made]), [past for _, pasts in made for past in pasts]
        x_RlD = x_RlD.to(self.blocks[0].attn.q_proj.weight.dtype)
        left = [Past([], []) for _ in seen] if keep else []
        for i, block in enumerate(self.blocks):
            at_block = [Past([past.keys[i] for past in row], [past.values[i] for past in row]) for row in seen]
            x_RlD, k_RGlc, v_RGlc = block(x_RlD, turn_2lp, at_block, seen_lL)
            for row, past in enumerate(left):
                past.keys.append(k_RGlc[row : row + 1])
                past.values.append(v_RGlc[row : row + 1])
        return x_RlD, left

    def logits(self, x_RlD: torch.Tensor, semantic: bool) -> torch.Tensor:
        """[R, l, V], float32: for each bit the logit of 0, then that of 1; row by row, for what batch_tokens says."""
        head = self.semantic_head2 if semantic else self.head
        rows = [head(self.norm_hidden_sates(row_1lD).to(head.weight.dtype)).float() for row_1lD in x_RlD.split(1)]
        return torch.cat(rows)
