"""The corruption's random words are Philox's, and its choices keep the contract."""

import numpy as np
import torch

from vpg.corruption import Corruption, corrupt_step, corrupt_tokens, sources
from vpg.philox import philox


def test_philox_gives_the_published_words() -> None:
    counter = np.array([[0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344]], np.uint32)
    assert philox(0, np.zeros((1, 4), np.uint32))[0].tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    key = 0x299F31D0A4093822
    assert philox(key, counter)[0].tolist() == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def test_a_replaced_position_never_reads_itself() -> None:
    read = sources(seed=7, step=3, length=64, share=1.0)
    assert (read != np.arange(64)).all() and read.min() >= 0 and read.max() < 64


def test_the_share_of_replaced_positions_is_the_one_asked_for() -> None:
    read = sources(seed=7, step=3, length=20_000, share=0.3)
    assert abs((read != np.arange(20_000)).mean() - 0.3) < 0.01


def test_no_share_and_a_single_position_change_nothing() -> None:
    assert sources(7, 3, 64, 0.0).tolist() == list(range(64))
    assert sources(7, 0, 1, 1.0).tolist() == [0]


def test_kinds_move_what_they_say() -> None:
    content, place = torch.randn(2, 9, 4), torch.randn(1, 9, 4)
    index = torch.from_numpy(sources(5, 2, 9, 0.5))
    made = {kind: corrupt_step(kind, content, place, 5, 2, 0.5) for kind in Corruption}
    torch.testing.assert_close(made[Corruption.EMBEDDING], (content + place)[:, index])
    torch.testing.assert_close(made[Corruption.TOKEN], content[:, index] + place)
    torch.testing.assert_close(made[Corruption.POSITION], content + place[:, index])


def test_codebook_replaces_a_single_token_too() -> None:
    tokens = corrupt_tokens(torch.zeros(3, 1, dtype=torch.long), 1, 0, 1.0, 512)
    assert tokens.unique().numel() == 1 and 0 <= tokens[0, 0] < 512
