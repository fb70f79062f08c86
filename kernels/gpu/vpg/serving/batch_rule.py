"""Which branches run together: the two batch rules, named in the numerics class."""

from enum import StrEnum

from vpg.serving.branch import Branch


class BatchRule(StrEnum):
    EXACT = "exact"  # each branch by itself: the bits depend on the request alone
    BATCHED = "batched"  # all that can be merged is: faster, equal within rounding

    @property
    def numerics(self) -> str:
        """Its part of the numerics class."""
        return {BatchRule.EXACT: "branches-alone", BatchRule.BATCHED: "batched"}[self]

    @property
    def in_one_pass(self) -> bool:
        """Whether the steps that a branch lacks are run as one sequence, or each in the shapes that it had."""
        return self is BatchRule.BATCHED

    def batches(self, branches: list[Branch]) -> list[list[Branch]]:
        """Triton merges by shape alone; only branches of one schedule, step and number of conditions run together.

        Seed, ratio and kind of a corruption may differ within a batch: a branch gathers its own input.
        """
        if self is BatchRule.EXACT:
            return [[branch] for branch in branches]
        groups: dict[tuple, list[Branch]] = {}
        for branch in branches:
            picture = branch.picture
            groups.setdefault((picture.schedule, branch.step, picture.guided), []).append(branch)
        return list(groups.values())
