"""Branches of one schedule, step and number of conditions, taken to their step as one batch; what they lack first.

Under the exact rule a batch is one branch and a lacking step is run again by itself, in the shapes that it had when it
was asked for; under the batched one the steps that a branch lacks are run as one sequence. Rows: the conditional ones
of all branches, then (guided) the unconditional ones. Shapes in names: n branches, R rows, l positions, D width, V a
row's numbers, s steps.
"""

from collections.abc import Collection

import numpy as np
import torch

from vpg.corruption import corrupt_step
from vpg.serving.beginning import begin
from vpg.serving.branch import Branch
from vpg.serving.cache import PrefixCache
from vpg.serving.pasts import joined, left
from vpg.span import Span, visible
from vpg.step import Family, State

MASKED_POSITIONS = 16384  # the most run as one sequence: a mask of them is 256 MiB, and grows with their square
Latents = dict[int, torch.Tensor]  # by step: the pictures so far, one a branch


@torch.no_grad()
def walk(family: Family, cache: PrefixCache, branches: list[Branch], one_pass: bool = False) -> torch.Tensor:
    """Guided numbers of the asked step, float32 [n, l, V]; what the branches passed is in the cache then."""
    k = branches[0].step
    latents = latents_before(family, branches, {k, *(j for branch in branches for j in branch.missing)})
    for missing, at in alike(branches):
        for steps in spans(family, missing, MASKED_POSITIONS if one_pass else 0):
            run(family, cache, [branches[i] for i in at], {j: latents[j][at] for j in steps})
    state, x_RlD = run(family, cache, branches, {k: latents[k]})
    return family.guided(state, x_RlD, strengths(branches, [k], x_RlD.device)[:, 0])


def latents_before(family: Family, branches: list[Branch], steps: Collection[int]) -> Latents:
    """The pictures so far as each of the steps finds them."""
    tokens = [branch.tokens(family) for branch in branches]
    latent, made = family.empty(len(branches)), {}
    for j in range(max(steps) + 1):
        if j > 0:
            latent = family.append(latent, torch.cat([own[j - 1] for own in tokens]), j - 1)
        if j in steps:
            made[j] = latent
    return made


def alike(branches: list[Branch]) -> list[tuple[list[int], list[int]]]:
    """Steps that some branches lack, and which branches."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, branch in enumerate(branches):
        groups.setdefault(tuple(branch.missing), []).append(i)
    return [(list(missing), at) for missing, at in groups.items() if missing]


def spans(family: Family, steps: list[int], most: int) -> list[list[int]]:
    """Steps that are run together: of so many positions at most, but one step at least."""
    made: list[list[int]] = []
    for j in steps:
        if made and sum(family.lengths[i] for i in [*made[-1], j]) <= most:
            made[-1].append(j)
        else:
            made.append([j])
    return made


def run(family: Family, cache: PrefixCache, branches: list[Branch], latents: Latents) -> tuple[State, torch.Tensor]:
    """The steps of the latents, of branches that know all other steps which these see; keeps what they leave."""
    steps = list(latents)
    known = [i for i, past in enumerate(branches[0].past) if past and any(i < j and family.sees(j, i) for j in steps)]
    state = begin(family, cache, branches)
    state.past = joined([[branch.past[i] for i in known] for branch in branches])
    if branches[0].picture.ask.temperature is not None:
        family.temper(state, np.concatenate([branch.picture.ask.temperature for branch in branches]))
    x_RlD = torch.cat([entering(family, state, branches, latents[j], j) for j in steps], dim=1)
    seen_lL = visible(family.sees, family.lengths, known, steps)
    if seen_lL is not None:
        seen_lL = seen_lL.to(x_RlD.device)
    x_RlD = family.run(state, x_RlD, Span(steps, strengths(branches, steps, x_RlD.device), seen_lL))
    if family.is_seen(steps[-1]):
        remember(family, cache, branches, state, steps)
    return state, x_RlD


def entering(family: Family, state: State, branches: list[Branch], latent: torch.Tensor, j: int) -> torch.Tensor:
    """What step j puts into block 0, [R, l, D]."""
    state.latent = latent
    if j == 0:
        return family.start(state)
    content, place = family.embed(state, j)
    rows = []
    for branch, own in zip(branches, content.split(1), strict=True):
        drawn = branch.corruption
        if drawn is None:
            rows.append(own + place)
        else:
            rows.append(corrupt_step(drawn.kind, own, place, drawn.seed[0], j, float(drawn.share[0])))
    return torch.cat(rows).repeat(2 if branches[0].picture.guided else 1, 1, 1)


def strengths(branches: list[Branch], steps: list[int], device: torch.device) -> torch.Tensor:
    """[n, s]"""
    given = np.concatenate([branch.picture.ask.guidance for branch in branches])[:, steps]
    return torch.from_numpy(given).to(device)


def remember(family: Family, cache: PrefixCache, branches: list[Branch], state: State, steps: list[int]) -> None:
    """Keeps what the steps at the past's end leave, and hands it to the branches that need it in this walk."""
    lengths = [family.lengths[j] for j in steps]
    for branch, own in zip(branches, left(state.past, len(branches), lengths), strict=True):
        for j, step_state in zip(steps, own, strict=True):
            cache.keep(branch.names[j], step_state)
            if j < branch.step:
                branch.past[j] = step_state
