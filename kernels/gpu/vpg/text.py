"""Flan-T5's encoder for prompts, from a local folder; `transformers` is imported when one is opened."""

from pathlib import Path

import torch

LONGEST = 512  # tokens, the end token among them


class FlanT5:
    """The tokenizer and encoder that Infinity and InfinityStar were trained with (google/flan-t5-xl)."""

    def __init__(self, folder: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        from transformers import AutoTokenizer, T5EncoderModel

        self.tokenizer = AutoTokenizer.from_pretrained(folder, legacy=True, local_files_only=True)
        encoder = T5EncoderModel.from_pretrained(folder, dtype=dtype, local_files_only=True)
        self.encoder = encoder.to(device).eval().requires_grad_(False)

    @torch.no_grad()
    def encode(self, prompts: list[str]) -> list[torch.Tensor]:
        """Features float32 [T, 2048] a prompt, as long as its tokens; what exceeds the longest is cut off."""
        tokens = self.tokenizer(prompts, max_length=LONGEST, padding=True, truncation=True, return_tensors="pt")
        tokens = tokens.to(self.encoder.device)
        features = self.encoder(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask).last_hidden_state
        lengths = tokens.attention_mask.sum(dim=1).tolist()
        return [text_TE[:length].float() for text_TE, length in zip(features, lengths, strict=True)]
