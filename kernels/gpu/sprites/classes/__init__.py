"""The ten classes, in the order of their labels."""

from sprites.classes.boat import BOAT
from sprites.classes.car import CAR
from sprites.classes.fish import FISH
from sprites.classes.flower import FLOWER
from sprites.classes.house import HOUSE
from sprites.classes.kind import Kind
from sprites.classes.mushroom import MUSHROOM
from sprites.classes.rocket import ROCKET
from sprites.classes.smiley import SMILEY
from sprites.classes.star import STAR
from sprites.classes.tree import TREE

KINDS: list[Kind] = [SMILEY, HOUSE, TREE, CAR, STAR, FLOWER, FISH, MUSHROOM, BOAT, ROCKET]
NAMES = [kind.name for kind in KINDS]
