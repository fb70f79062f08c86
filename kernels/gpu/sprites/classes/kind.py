"""What a class is to the world: a painter, its backgrounds, and how its object may be turned."""

from collections.abc import Callable
from dataclasses import dataclass

from sprites.scene import Scene


@dataclass(frozen=True)
class Kind:
    name: str
    paint: Callable[[Scene], None]
    backgrounds: str
    turns: tuple[float, ...] = (0.0,)  # radians
    mirrors: bool = False
