"""Better than constant? Settings of VPG drawn at random, halved on and on: python -m scenes.search MEMBER[@CHECKPOINT].

Round 1 measures many settings on few pictures; each later round keeps the best quarter and gives it twice the pictures
and a seed of its own. Only classes of even number and the seeds of the rounds choose. Then the best few, the best of
each family, and the settings that are compared everywhere are measured on the other classes with seeds of their own,
with as many pictures as in a sweep: that is what counts. Other members are given after --confirm.
A line a set goes to docs/evaluation/scenes/search.jsonl; run it again and it goes on.
"""

import random
from dataclasses import asdict, dataclass, replace

import torch

from scenes.folder import FIGURES, parser_of
from scenes.measures import REAL_SEED, REALS, TRUSTED
from scenes.patches import PatchEye, Seen
from scenes.recipe import World
from scenes.records import Records, command
from scenes.sampler import decode, sample_tokens
from scenes.series import Series
from scenes.setting import SHAPES, STEPS, USUAL, Setting
from scenes.tables import spread
from sprites.distances import frechet
from vpg.corruption import Corruption

ROUNDS = 5
FIRST_SEED, CONFIRM_SEED = 3000, 4000
CONFIRMED = 6  # of the last round
RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WEAKEST, STRONGEST = 0.1, 4.0
FAMILIES = ("constant", "falling", "rising", "early", "late", "middle", "interval", "fitted")


def shape_of(family: str, draw: random.Random) -> tuple[float, ...]:
    """A factor a step, 1 at most; step 0 has no prefix to corrupt, so its factor says nothing."""
    if family == "interval":
        first = draw.randrange(1, STEPS)
        last = draw.randrange(first, STEPS)
        return tuple(float(first <= k <= last) for k in range(STEPS))
    if family == "fitted":
        free = [max(0.0, draw.uniform(-0.3, 1.0)) for _ in range(STEPS)]
        top = max(free[1:]) or 1.0
        return (0.0, *(round(min(factor / top, 1.0), 3) for factor in free[1:]))
    return SHAPES[family]


def drawn(count: int, seed: int, base: Setting) -> list[tuple[str, Setting]]:
    """Families in turn, more of the one with a free factor a step; strength evenly in its logarithm."""
    draw, found = random.Random(seed), []
    turns = [*FAMILIES, "fitted", "fitted"]
    for i in range(count):
        family = turns[i % len(turns)]
        strength = WEAKEST * (STRONGEST / WEAKEST) ** draw.random()
        kind = draw.choice(list(Corruption)).value
        shape = shape_of(family, draw)
        found.append(
            (family, replace(base, strength=round(strength, 3), ratio=draw.choice(RATIOS), shape=shape, kind=kind))
        )
    return found


@dataclass
class Half:
    """The classes of one parity, and how real pictures of them look."""

    classes: str  # even or odd
    kinds: list[int]
    eye: PatchEye
    seen: Seen

    @classmethod
    def of(cls, world: World, parity: int) -> "Half":
        pictures, label_B = world.draw(2 * REALS, REAL_SEED)
        pictures = pictures[label_B % 2 == parity]
        eye = PatchEye(pictures)
        kinds = list(range(parity, world.kinds, 2))
        return cls("odd" if parity else "even", kinds, eye, eye.look(pictures))

    def distance(self, series: Series, setting: Setting, seed: int, count: int) -> float:
        """fd_embedding of a set of samples."""
        label_B = torch.tensor(self.kinds)[torch.arange(count) % len(self.kinds)]
        tokens = sample_tokens(series.var(), series.tokenizer.quantize, setting, label_B, seed)
        return frechet(self.seen.embedded_BE, self.eye.look(decode(series.tokenizer, tokens)).embedded_BE)


class Search:
    """Sets measured before are not measured again."""

    def __init__(self, records: Records, half: Half) -> None:
        self.records, self.half = records, half

    def distance(self, series: Series, label: str, family: str, setting: Setting, seed: int, count: int) -> float:
        cell = {"member": label, "family": family, "setting": asdict(setting), "seed": seed, "count": count}
        cell["classes"] = self.half.classes
        found = self.records.find(cell)
        if found is None:
            found = {TRUSTED: self.half.distance(series, setting, seed, count)}
            self.records.add(cell | {"command": command()}, found)
        return found[TRUSTED]


def halved(
    search: Search, series: Series, label: str, settings: list[tuple[str, Setting]], count: int
) -> list[tuple[str, Setting]]:
    """The best of the last round first, then the best of each family as far as it came."""
    best: dict[str, tuple[str, Setting]] = {}
    for number in range(ROUNDS):
        scored = []
        for family, setting in settings:
            distance = search.distance(series, label, family, setting, FIRST_SEED + number, count * 2**number)
            scored.append((distance, family, setting))
        scored.sort(key=lambda entry: entry[0])
        best |= {family: (family, setting) for _, family, setting in reversed(scored)}
        series.run.log(f"round {number + 1}: {len(scored)} settings of {count * 2**number} pictures, best " + "; ".join(
            f"{distance:.1f} {family} {setting.label}" for distance, family, setting in scored[:3]))  # fmt: skip
        settings = [(family, setting) for _, family, setting in scored[: max(CONFIRMED, len(scored) // 4)]]
    return [*settings[:CONFIRMED], *best.values()]


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("member")
    parser.add_argument("--settings", type=int, default=2000)
    parser.add_argument("--count", type=int, default=150, help="pictures a set in round 1")
    parser.add_argument("--cfg", type=float, default=0.0)
    parser.add_argument("--confirm", nargs="*", default=[], metavar="MEMBER", help="others to measure the winners on")
    parser.add_argument("--confirm-count", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3, help="of a confirmation")
    arguments = parser.parse_args()
    base = Setting(cfg=arguments.cfg)
    records, series = Records(FIGURES / "search.jsonl"), Series.opened(arguments, arguments.member)
    search = Search(records, Half.of(series.member.world, 0))
    settings = drawn(arguments.settings, arguments.seed, base)
    winners = halved(search, series, arguments.member, settings, arguments.count)
    known = [("none", base), ("compared everywhere", replace(USUAL, cfg=base.cfg))]
    chosen = list({setting: (family, setting) for family, setting in [*known, *winners]}.values())
    for label in [arguments.member, *arguments.confirm]:
        other = Series.opened(arguments, label)
        check = Search(records, Half.of(other.member.world, 1))
        for family, setting in chosen:
            seeds = range(CONFIRM_SEED, CONFIRM_SEED + arguments.seeds)
            values = [check.distance(other, label, family, setting, s, arguments.confirm_count) for s in seeds]
            other.run.log(f"{label}: {spread(values)} {family} {setting.label}")


if __name__ == "__main__":
    main()
