"""What is timed: one uninterrupted generation, and the same generation asked for step by step as an endpoint is asked.

Both are given their tokens: neither draws any.
"""

from collections.abc import Iterator

import torch

from bench.clock import Clock
from bench.subject import Load, Subject
from vpg.serving.batch_rule import BatchRule
from vpg.serving.endpoint import Endpoint
from vpg.span import Span
from vpg.step import Ask

MOST_BYTES = 2**62  # of the cache: nothing leaves it


@torch.no_grad()
def generation(subject: Subject, load: Load, ask: Ask, tokens: list[torch.Tensor]) -> Iterator[torch.Tensor]:
    """The plain loop: all rows as one batch, keys and values kept where they are. Guided rows of each step."""
    family, guided = subject.family, load.rows == 4
    state = family.begin([subject.wanted(i) for i in range(load.pictures)], load.branches, guided)
    if ask.temperature is not None:
        family.temper(state, ask.temperature.repeat(load.branches))
    for k in range(subject.steps):
        if k > 0:
            state.latent = family.append(state.latent, family.branched(tokens[k - 1], ask, k - 1), k - 1)
        guidance = torch.from_numpy(ask.guidance[:, k]).repeat(load.branches).to(state.latent.device)
        x_RlD = family.run(state, family.entering(state, ask, k, guided), Span.one(k, guidance))
        yield family.guided(state, x_RlD, guidance)


def plain(subject: Subject, load: Load, device: torch.device) -> list[float]:
    """Milliseconds of each step."""
    ask = subject.ask(load)
    clock, steps = Clock(device), generation(subject, load, ask, subject.family.split(ask.tokens, ask.step))
    for _ in range(subject.steps):
        with clock.span():
            next(steps)
    return clock.read()


def walked(subject: Subject, load: Load, device: torch.device, rule: BatchRule) -> list[float]:
    """Milliseconds of each step, which finds all steps before it in the cache."""
    clock, endpoint = Clock(device), Endpoint(subject.served, rule, MOST_BYTES)
    for pictures in subject.pictures(load):
        with clock.span():
            endpoint.answer([pictures])
    return clock.read()


def missed(subject: Subject, load: Load, device: torch.device, rule: BatchRule) -> list[float]:
    """Milliseconds of the last step, asked of an endpoint that has nothing in its cache."""
    clock, endpoint, pictures = Clock(device), Endpoint(subject.served, rule, MOST_BYTES), subject.pictures(load)[-1]
    with clock.span():
        endpoint.answer([pictures])
    return clock.read()
