"""A trained member of the series, opened to be measured: its tokenizer, and its transformer at any checkpoint."""

import argparse
from dataclasses import dataclass, field

import torch

from scenes.folder import open_run
from scenes.recipe import SMALL, Member, World, recipe, var
from sprites.codes import encode
from sprites.run import Run
from sprites.train_tokenizer import load_tokenizer
from vpg.models.var import Var
from vpg.models.vqvae import Vqvae


def parse_label(label: str) -> tuple[Member, float]:
    """A member and a checkpoint of its training, from how its files are named: Member.label backwards."""
    name, _, checkpoint = label.partition("@")
    size, richness, steps = name.split("-")
    member = Member(size[0], float(richness.removeprefix("r")), int(steps), int(size[1:] or SMALL))
    return member, float(checkpoint or 1)


def labels_for(world: World, count: int) -> torch.Tensor:
    """Every kind of the world as often as any other."""
    return torch.arange(count) % world.kinds


@dataclass
class Series:
    run: Run
    member: Member
    checkpoint: float  # the one that is asked about, unless another is named
    tokenizer: Vqvae
    opened_vars: dict[str, Var] = field(default_factory=dict)  # by file

    @classmethod
    def opened(cls, arguments: argparse.Namespace, label: str) -> "Series":
        """From the folder that the command was given."""
        member, checkpoint = parse_label(label)
        run = open_run(arguments, member.side)
        return cls(run, member, checkpoint, load_tokenizer(run, recipe(member.side)))

    def has(self, checkpoint: float) -> bool:
        """Whether the training has come so far."""
        return checkpoint == 0 or self.run.path(f"{self.member.label(checkpoint)}.pt").exists()

    def var(self, checkpoint: float | None = None) -> Var:
        """The transformer at a checkpoint, read once."""
        name = f"{self.member.label(checkpoint or self.checkpoint)}.pt"
        if name not in self.opened_vars:
            if (state := self.run.load(name)) is None:
                raise FileNotFoundError(f"{name} is not trained yet")
            model = Var(var(self.member.size))
            model.load_state_dict(state)
            self.opened_vars[name] = model.eval().requires_grad_(False)
        return self.opened_vars[name]

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Tokens [B, L]."""
        return encode(self.tokenizer, pictures, "cpu").long()
