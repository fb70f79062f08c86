"""Which measures see what: python -m scenes.ladder MEMBER [--seeds N] [--count N].

Two chains of sets that anyone would put in this order are measured with several seeds each: real pictures,
reconstructions, samples of a fully, a half, a quarter and a briefly trained model; and reconstructions, the same
without the last scale, without the last two. A line a set goes to docs/evaluation/scenes/ladder.jsonl. A measure that
does not put them in this order beyond noise is blind to something.
"""

import torch

from scenes.folder import FIGURES, parser_of
from scenes.measures import FLOOR_SEED, Yardstick
from scenes.records import Records, command
from scenes.sampler import decode, sample_tokens
from scenes.series import Series, labels_for
from scenes.setting import Setting

CHECKPOINT = {"full": 1.0, "half": 1 / 2, "quarter": 1 / 4, "brief": 1 / 16}
CHAINS = (("real", "reconstructions", *CHECKPOINT), ("reconstructions", "cut 5 of 6", "cut 4 of 6"))
RUNGS = ("real", "reconstructions", "cut 5 of 6", "cut 4 of 6", *CHECKPOINT)


def pictures_of(series: Series, rung: str, seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A set of a rung and its labels; made rungs are sampled plainly, from the same seed each."""
    world = series.member.world
    if rung in CHECKPOINT:
        label_B = labels_for(world, count)
        tokens = sample_tokens(series.var(CHECKPOINT[rung]), series.tokenizer.quantize, Setting(), label_B, seed)
        return decode(series.tokenizer, tokens), label_B
    pictures, label_B = world.draw(count, FLOOR_SEED + 1000 * seed)
    if rung == "real":
        return pictures, label_B
    scales = None if rung == "reconstructions" else int(rung.split()[1])
    return decode(series.tokenizer, series.encode(pictures), scales), label_B


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("member", help="of the series, as its files are named, e.g. s-r0.5-1200")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--count", type=int, default=1000)
    arguments = parser.parse_args()
    series, records = Series.opened(arguments, arguments.member), Records(FIGURES / "ladder.jsonl")
    yardstick = Yardstick.made(series.run, series.member.world)
    for seed in range(arguments.seeds):
        for rung in RUNGS:
            cell = {"member": arguments.member, "rung": rung, "seed": seed, "count": arguments.count}
            if records.has(cell) or not series.has(CHECKPOINT.get(rung, 0)):
                continue
            figures = yardstick.measure(*pictures_of(series, rung, seed, arguments.count), seed)
            records.add(cell | {"command": command()}, figures)
            series.run.log(f"{rung} seed {seed} " + " ".join(f"{name} {value:.3f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
