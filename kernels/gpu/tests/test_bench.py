"""What the benchmark times computes what it should, and a lack of memory is a figure too."""

from dataclasses import replace

import pytest
import torch

from bench.loops import generation, missed, plain, walked
from bench.measure import Figures, within_memory
from bench.report import COLUMNS, line, without_weights
from bench.subject import Load, Subject, infinity, infinitystar, part, var
from vpg.layers.spacetime_schedule import Pyramid, unroll
from vpg.models.infinity import InfinityConfig
from vpg.models.infinity_schedule import InfinitySchedule
from vpg.models.infinity_vae import InfinityVaeConfig
from vpg.models.infinitystar import InfinityStarConfig
from vpg.models.var import VarConfig
from vpg.serving.batch_rule import BatchRule

CPU = torch.device("cpu"), torch.float32
CLIPS = unroll(Pyramid(2, 1, 4, image_repetitions=(2, 1), clip_repetitions=(2, 1)), [(1, 2), (2, 4)], [1, 2, 2])
SUBJECTS = {
    "var": lambda: var(VarConfig((1, 2, 3), 50, 32, width=32, depth=2, heads=2), *CPU),
    "infinity": lambda: infinity(
        InfinityConfig(2, 64, 2, chunks=1, bits=12, text_width=256, text_length=80),
        InfinityVaeConfig(3, (32, 32), patch=2),
        InfinitySchedule(((1, 1), (2, 2), (3, 2)), full=(6, 4)),
        *CPU,
    ),
    "infinitystar": lambda: infinitystar(
        InfinityStarConfig(32, 2, chunks=1, heads=2, key_heads=1, hidden=64, text_width=24), CLIPS, *CPU
    ),
}


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest) -> Subject:
    return SUBJECTS[request.param]()


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_the_plain_loop_makes_the_pairs_of_every_step(subject: Subject, rows: int) -> None:
    load = Load(rows, 2)
    ask = subject.ask(load)
    wanted, asked = [subject.wanted(i) for i in range(2)], subject.pictures(load)
    steps = generation(subject, load, ask, subject.family.split(ask.tokens, ask.step))
    for k, rows_RlV in enumerate(steps):
        size = asked[k][0].ask.tokens.shape[1]
        pair_nlBV = subject.family.pair(wanted, replace(part(ask, slice(0, 2), k, size), step=k))
        made_nlBV = rows_RlV.unflatten(0, (load.branches, 2)).permute(1, 2, 0, 3)[:, :, : pair_nlBV.shape[2]]
        torch.testing.assert_close(made_nlBV, pair_nlBV, atol=1e-4, rtol=1e-4)


def test_there_is_a_time_for_every_step(subject: Subject) -> None:
    load, steps = Load(4, 2), len(subject.family.lengths)
    assert [len(plain(subject, load, CPU[0])), len(walked(subject, load, CPU[0], BatchRule.EXACT))] == [steps, steps]
    assert len(missed(subject, load, CPU[0], BatchRule.BATCHED)) == 1


def test_a_lack_of_memory_is_reported_and_another_error_is_not_hidden() -> None:
    def fails(error: Exception) -> None:
        raise error

    assert within_memory(lambda: fails(torch.OutOfMemoryError("CUDA out of memory"))) is None
    assert within_memory(lambda: fails(RuntimeError("DefaultCPUAllocator: can't allocate memory"))) is None
    with pytest.raises(RuntimeError, match="shapes"):
        within_memory(lambda: fails(RuntimeError("shapes differ")))


def test_every_line_fills_the_table_and_times_are_those_of_one_picture() -> None:
    load = Load(2, 4)
    made = line("a", Figures(load, [40.0, 40.0], [44.0, 44.0], [80.0, 80.0], [60.0], [120.0]))
    assert made == "| a | 2 | 4 | 20.0 | 22.0 (1.10) | 40.0 (2.00) | 1.82 | 11.0 | 11.0 | 15.0 | 20.0 | 30.0 |"
    lines = [made, line("a", Figures(load, None, None, [80.0, 80.0], None, [120.0])), without_weights("a")]
    assert all(each.count("|") == len(COLUMNS) + 1 for each in lines) and lines[1].count("out of memory") == 6
