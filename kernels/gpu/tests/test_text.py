"""Prompts become features as long as their tokens, whatever stands beside them, and no longer than the longest."""

import pytest
import torch

from vpg.text import LONGEST, FlanT5

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> FlanT5:
    """A small random T5 with a word for a token, saved as the published one is."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("t5")
    words = {word: i for i, word in enumerate(["<pad>", "</s>", "<unk>", "a", "cat", "on", "mat"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.T5Config(vocab_size=7, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    transformers.T5EncoderModel(config).save_pretrained(folder)
    return FlanT5(folder)


def test_a_prompt_gets_its_tokens_and_the_end(encoder: FlanT5) -> None:
    short, long, empty = encoder.encode(["a cat", "a cat on a mat", ""])
    assert [list(each.shape) for each in (short, long, empty)] == [[3, 16], [6, 16], [1, 16]]
    assert short.dtype == torch.float32
    torch.testing.assert_close(encoder.encode(["a cat"])[0], short)


def test_what_exceeds_the_longest_is_cut(encoder: FlanT5) -> None:
    assert [len(each) for each in encoder.encode(["cat " * 10_000])] == [LONGEST]
