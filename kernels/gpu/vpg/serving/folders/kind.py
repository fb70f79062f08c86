"""What a family's module in this folder offers, so that one program opens, describes and lays out them all."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from vpg.checkpoint import CheckpointError
from vpg.serving.condition import Conditions
from vpg.serving.folders.description import Schedules
from vpg.serving.folders.place import Place
from vpg.step import Family

Config = dict[str, Any]  # config.json
Sizes = TypeVar("Sizes")


def sizes(kind: type[Sizes], config: Config, part: str) -> Sizes:
    """A part of config.json as its dataclass; raises CheckpointError naming what is missing, or no size of it."""
    if part not in config:
        raise CheckpointError(f"config.json: {part!r} is missing")
    try:
        return kind(**config[part])
    except TypeError as error:
        raise CheckpointError(f"config.json, {part!r}: {error}") from error


@dataclass(frozen=True)
class Opened:
    """What a served folder comes to."""

    families: dict[str, Family]  # by the schedule's name
    conditions: Conditions | None  # None: it only decodes
    guidance_in_state: bool = False


class Kind(Protocol):
    """One module."""

    WEIGHTS: dict[str, str]
    """Each part's file or folder where config.json's `weights` names none."""
    INPUTS: tuple[str, ...]
    """Of a step, beside those of every family."""
    SIZES: Collection[str]
    """The published ones."""

    def facts(self, config: Config) -> dict[str, Any]:
        """What model.json says beside id, family, revision and schedules."""

    def schedules(self, config: Config) -> Schedules:
        """As in model.json."""

    def opened(self, config: Config, weights: dict[str, Path], place: Place, steps: bool) -> Opened:
        """Without steps only what decodes is loaded. Raises CheckpointError naming every key that does not fit."""
