"""The mask of steps that are run as one sequence: each position sees what its step would have seen by itself."""

from itertools import product

import torch

from vpg.layers.spacetime_schedule import Pyramid, unroll
from vpg.span import visible

LENGTHS = [1, 4, 9, 16]


def always(step: int, earlier: int) -> bool:
    return True


def test_a_step_by_itself_after_all_that_it_sees_needs_no_mask() -> None:
    assert visible(always, LENGTHS, [], [0]) is None
    assert visible(always, LENGTHS, [0, 1], [2]) is None


def test_scales_see_themselves_and_those_before_them_known_or_not() -> None:
    known, steps = [0, 2], [1, 3]
    seen_lL = visible(always, LENGTHS, known, steps)
    assert seen_lL is not None and seen_lL.shape == (4 + 16, 1 + 9 + 4 + 16)
    blocks = zip(steps, seen_lL.split([4, 16]), strict=True)
    for step, rows in blocks:
        for other, block in zip([*known, *steps], rows.split([1, 9, 4, 16], dim=1), strict=True):
            assert block.eq(other <= step).all(), (step, other)


def test_a_clip_s_last_step_sees_that_of_the_clip_before_and_no_repetition() -> None:
    plan = unroll(Pyramid(2, 1, 2, (2, 2), (2, 1)), [(1, 1), (1, 2)], [1, 2, 2])
    ends = [k for k, step in enumerate(plan.steps) if step.ends_clip]
    lengths = [step.length for step in plan.steps]

    def sees(step: int, earlier: int) -> bool:
        return plan.reference(step) == earlier

    seen = visible(sees, lengths, [], ends)
    wanted = torch.zeros(sum(lengths[k] for k in ends), sum(lengths[k] for k in ends), dtype=torch.bool)
    starts = [sum(lengths[k] for k in ends[:i]) for i in range(4)]
    for row, column in product(range(3), range(3)):
        if column in (row, row - 1):
            wanted[starts[row] : starts[row + 1], starts[column] : starts[column + 1]] = True
    assert ends == [3, 6, 9] and seen is not None and seen.equal(wanted)
