"""VAR's tokenizer for inference: pictures to tokens of all scales and back; state-dict keys as in the official code."""

import torch
import torch.nn as nn

from vpg.layers.autoencoder import AutoencoderConfig, Decoder, Encoder
from vpg.layers.quantizer import Quantizer, QuantizerConfig

OFFICIAL = AutoencoderConfig((160, 160, 320, 320, 640), code_dim=32)  # vae_ch160v4096z32.pth
UNUSED_KEYS = ("quantize.ema_vocab_hit_SV",)


class Vqvae(nn.Module):
    def __init__(self, autoencoder: AutoencoderConfig, quantizer: QuantizerConfig, quant_kernel: int = 3) -> None:
        super().__init__()
        code_dim = quantizer.code_dim
        self.encoder = Encoder(autoencoder)
        self.decoder = Decoder(autoencoder)
        self.quantize = Quantizer(quantizer)
        self.quant_conv = nn.Conv2d(code_dim, code_dim, quant_kernel, padding=quant_kernel // 2)
        self.post_quant_conv = nn.Conv2d(code_dim, code_dim, quant_kernel, padding=quant_kernel // 2)

    def latent(self, picture_B3HW: torch.Tensor) -> torch.Tensor:
        """Pictures in [-1, 1] to the latent before quantization."""
        return self.quant_conv(self.encoder(picture_B3HW))

    def encode(self, picture_B3HW: torch.Tensor) -> torch.Tensor:
        """Pictures in [-1, 1] to tokens [B, L]."""
        return self.quantize.encode(self.latent(picture_B3HW))

    def decode(self, f_BChw: torch.Tensor) -> torch.Tensor:
        """A finished latent to pictures, about in [-1, 1]; the caller clamps."""
        return self.decoder(self.post_quant_conv(f_BChw))
