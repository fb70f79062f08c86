"""The transformer step by step gives what it gives on the whole sequence, and has the official keys."""

import pytest
import torch

from vpg.models.var import Past, Var, VarConfig


def tiny(shared_aln: bool, attn_l2_norm: bool) -> Var:
    torch.manual_seed(0)
    model = Var(VarConfig((1, 2, 3), 20, 4, 32, 2, 4, classes=5, shared_aln=shared_aln, attn_l2_norm=attn_l2_norm))
    for parameter in model.parameters():
        parameter.data.normal_(std=0.3)
    return model.eval()


@pytest.mark.parametrize("shared_aln", [False, True])
@pytest.mark.parametrize("attn_l2_norm", [False, True])
@torch.no_grad()
def test_steps_equal_the_whole_sequence(shared_aln: bool, attn_l2_norm: bool) -> None:
    model = tiny(shared_aln, attn_l2_norm)
    labels, maps = torch.tensor([0, 5]), torch.randn(2, 13, 4)
    condition, past, parts = model.condition(labels), Past([], []), []
    bounds = model.config.bounds
    for k in range(3):
        x = model.embed_step(k, maps[:, bounds[k] - 1 : bounds[k + 1] - 1]) if k else model.embed_start(condition)
        logits, past = model.step(x, condition, past)
        parts.append(logits)
    assert past.keys[0].shape == (2, 4, 14, 8)
    torch.testing.assert_close(torch.cat(parts, 1), model(labels, maps), atol=2e-5, rtol=1e-4)


def test_keys_are_the_official_ones() -> None:
    keys = set(tiny(shared_aln=False, attn_l2_norm=True).state_dict())
    block = "attn.mat_qkv.weight attn.q_bias attn.v_bias attn.zero_k_bias attn.scale_mul_1H11"
    block += " attn.proj.weight attn.proj.bias"
    block += " ffn.fc1.weight ffn.fc1.bias ffn.fc2.weight ffn.fc2.bias ada_lin.1.weight ada_lin.1.bias"
    rest = "pos_start pos_1LC lvl_embed.weight class_emb.weight word_embed.weight word_embed.bias"
    rest += " head_nm.ada_lin.1.weight head_nm.ada_lin.1.bias head.weight head.bias"
    assert keys == {f"blocks.{i}.{key}" for i in range(2) for key in block.split()} | set(rest.split())


def test_shared_adaln_has_its_official_keys() -> None:
    keys = set(tiny(shared_aln=True, attn_l2_norm=True).state_dict())
    assert {"shared_ada_lin.1.weight", "blocks.0.ada_gss"} <= keys
    assert "blocks.0.ada_lin.1.weight" not in keys
