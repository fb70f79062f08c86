"""The matrices are interpolation, the phis are chosen as officially, and tokens make the round trip."""

import pytest
import torch
import torch.nn.functional as F

from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig, area_matrix, bicubic_matrix, shared_phi
from vpg.models.vqvae import Vqvae


@pytest.mark.parametrize("side", [1, 2, 3, 5, 8])
def test_matrices_equal_interpolation(side: int) -> None:
    full, small = torch.randn(2, 3, 8, 8), torch.randn(2, 3, side, side)
    down = (full.flatten(2) @ area_matrix(side, 8).t()).view_as(small)
    up = (small.flatten(2) @ bicubic_matrix(side, 8).t()).view_as(full)
    torch.testing.assert_close(down, F.interpolate(full, size=(side, side), mode="area"))
    torch.testing.assert_close(up, F.interpolate(small, size=(8, 8), mode="bicubic"), atol=1e-5, rtol=1e-5)


def test_four_phis_are_shared_by_the_nearest_tick() -> None:
    assert [shared_phi(k, 10, 4) for k in range(10)] == [0, 0, 1, 1, 1, 2, 2, 3, 3, 3]
    assert [shared_phi(k, 5, 5) for k in range(5)] == [0, 1, 2, 3, 4]


@torch.no_grad()
def test_small_tokenizer_maps_pictures_to_tokens_and_back() -> None:
    plain = AutoencoderConfig((8, 8, 16), 4, 1, 1, patch=2, norm=False, attention=False, middle=False, shuffle=True)
    model = Vqvae(plain, QuantizerConfig((1, 2, 3, 5, 8), 32, 4, phis=5))
    tokens = model.encode(torch.randn(2, 3, 64, 64))
    maps, latent = model.quantize.decode(tokens)
    assert tokens.shape == (2, 103) and maps.shape == (2, 102, 4)
    assert model.decode(latent).shape == (2, 3, 64, 64)


def test_official_shape_has_the_official_keys() -> None:
    model = Vqvae(AutoencoderConfig((32, 32, 64, 64, 64), 8), QuantizerConfig((1, 2, 4), 16, 8))
    keys = model.state_dict().keys()
    for key in (
        "encoder.down.1.block.0.conv1.weight",
        "encoder.down.0.downsample.conv.weight",
        "encoder.down.4.attn.1.qkv.weight",
        "encoder.mid.attn_1.proj_out.weight",
        "encoder.norm_out.weight",
        "decoder.up.4.attn.2.norm.weight",
        "decoder.up.1.upsample.conv.weight",
        "decoder.up.1.block.0.nin_shortcut.weight",
        "decoder.conv_out.bias",
        "quantize.embedding.weight",
        "quantize.quant_resi.qresi_ls.3.weight",
        "quant_conv.weight",
        "post_quant_conv.weight",
    ):
        assert key in keys, key
    assert model.decode(torch.randn(1, 8, 4, 4)).shape == (1, 3, 64, 64)
