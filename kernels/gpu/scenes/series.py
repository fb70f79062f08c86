"""A trained member of the series, opened to be measured: its tokenizer, and its transformer at any checkpoint."""

from dataclasses import dataclass

import torch

from scenes.parameters import kinds_of
from scenes.recipe import Member, recipe, var
from sprites.codes import encode
from sprites.run import Run
from sprites.train_tokenizer import load_tokenizer
from vpg.models.var import Var
from vpg.models.vqvae import Vqvae


def parse_label(label: str) -> tuple[Member, float]:
    """A member and a checkpoint of its training, from how its files are named: Member.label backwards."""
    name, _, checkpoint = label.partition("@")
    size, richness, steps = name.split("-")
    return Member(size, float(richness.removeprefix("r")), int(steps)), float(checkpoint or 1)


def labels_for(richness: float, count: int) -> torch.Tensor:
    """Every kind of the world as often as any other."""
    return torch.arange(count) % kinds_of(richness)


@dataclass
class Series:
    run: Run
    member: Member
    checkpoint: float  # the one that is asked about, unless another is named
    tokenizer: Vqvae

    @classmethod
    def opened(cls, run: Run, label: str) -> "Series":
        return cls(run, *parse_label(label), load_tokenizer(run, recipe()))

    def has(self, checkpoint: float) -> bool:
        """Whether the training has come so far."""
        return checkpoint == 0 or self.run.path(f"{self.member.label(checkpoint)}.pt").exists()

    def var(self, checkpoint: float | None = None) -> Var:
        model, name = Var(var(self.member.size)), f"{self.member.label(checkpoint or self.checkpoint)}.pt"
        if (state := self.run.load(name)) is None:
            raise FileNotFoundError(f"{name} is not trained yet")
        model.load_state_dict(state)
        return model.eval().requires_grad_(False)

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Tokens [B, L]."""
        return encode(self.tokenizer, pictures, "cpu").long()
