"""Branches of one schedule, step and number of conditions, taken to their step as one batch; what is missing first.

Under the exact rule a batch is one branch, so every shape is the same whatever else is asked: a missing step is run
again in the shapes that it had when it was asked for. Rows: the conditional ones of all branches, then (guided) the
unconditional ones. Shapes in names: n branches, R rows, l positions of a step, D width, V a row's numbers.
"""

import torch

from vpg.corruption import corrupt_step
from vpg.layers.past import Past
from vpg.serving.branch import Branch
from vpg.serving.cache import PrefixCache, StepState
from vpg.step import Family, State


@torch.no_grad()
def walk(family: Family, cache: PrefixCache, branches: list[Branch]) -> torch.Tensor:
    """Guided numbers of the asked step, float32 [n, l, V]; what the branches passed is in the cache then."""
    k = branches[0].step
    tokens = [branch.tokens(family) for branch in branches]
    latent = family.empty(len(branches))
    for j in range(k + 1):
        if j > 0:
            latent = family.append(latent, torch.cat([own[j - 1] for own in tokens]), j - 1)
        at = [i for i, branch in enumerate(branches) if j == k or branch.past[j] is None]
        if at:
            state, x_RlD = run(family, [branches[i] for i in at], latent[at], j)
            remember(family, cache, [branches[i] for i in at], state, j)
    return family.guided(state, x_RlD, strengths(branches, k, latent.device))


def run(family: Family, branches: list[Branch], latent: torch.Tensor, j: int) -> tuple[State, torch.Tensor]:
    """Step j of branches whose earlier steps are known."""
    guided = branches[0].picture.guided
    state = family.begin([branch.picture.wanted for branch in branches], 1, guided)
    state.latent, state.past = latent, joined([branch.past[:j] for branch in branches])
    x_RlD = entering(family, state, branches, j, guided)
    return state, family.run(state, x_RlD, j, strengths(branches, j, latent.device))


def entering(family: Family, state: State, branches: list[Branch], j: int, guided: bool) -> torch.Tensor:
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
    return torch.cat(rows).repeat(2 if guided else 1, 1, 1)


def strengths(branches: list[Branch], j: int, device: torch.device) -> torch.Tensor:
    return torch.tensor([float(branch.picture.ask.guidance[0, j]) for branch in branches], device=device)


def remember(family: Family, cache: PrefixCache, branches: list[Branch], state: State, j: int) -> None:
    """What step j left, cut out of the rows' pasts; the last step leaves nothing that anyone needs."""
    if j + 1 == len(family.lengths):
        return
    before = sum(family.lengths[:j])
    keys, values = (
        torch.stack([each[:, :, before:] for each in part]) for part in (state.past.keys, state.past.values)
    )
    for i, branch in enumerate(branches):
        own = StepState(keys[:, i :: len(branches)].clone(), values[:, i :: len(branches)].clone())
        cache.keep(branch.names[j], own)
        if j < branch.step:
            branch.past[j] = own


def joined(pasts: list[list[StepState | None]]) -> Past:
    """The rows' pasts as one: steps after each other, conditions apart, branches next to each other."""
    known = [[state for state in past if state is not None] for past in pasts]
    if not known[0]:
        return Past([], [])
    keys = [torch.cat([state.keys for state in past], dim=3) for past in known]
    values = [torch.cat([state.values for state in past], dim=3) for past in known]
    return Past(list(interleaved(keys)), list(interleaved(values)))


def interleaved(parts: list[torch.Tensor]) -> torch.Tensor:
    """Branches [N, R, H, p, c] each to [N, R n, H, p, c], the branches of one condition next to each other."""
    return torch.stack(parts, dim=2).flatten(1, 2)
