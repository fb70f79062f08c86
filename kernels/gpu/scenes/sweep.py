"""Settings against each other on members of the series: python -m scenes.sweep PLAN MEMBER[@CHECKPOINT] ...

Plans: `pair` (without and with VPG), `core` (the few that tell most), `regime` (more strengths and shares, beside what
else sharpens), `guided` (the same under CFG), `ablation` (kinds, own input, drawn anew, schedules), `cooled` (cooler
sampling, what else a model's defaults could be), `shapes` (schedules of lambda on top of them), `finals` (what they
were chosen among). A line a (member, setting, seed) goes to docs/evaluation/scenes/sweep.jsonl; stop it at any time,
run it again and it goes on. Seed s has the same random numbers under every setting, so settings are compared seed by
seed.
"""

import time
from dataclasses import asdict, replace

from scenes.drift import InputEye, judged
from scenes.folder import FIGURES, parser_of
from scenes.measures import REAL_SEED, Yardstick
from scenes.recipe import World
from scenes.records import Records, command
from scenes.sampler import decode, sample_tokens
from scenes.series import Series, labels_for
from scenes.setting import SHAPES, USUAL, Setting
from vpg.corruption import Corruption
from vpg.models.var import Var

FIRST_SEED = 1000
PLAIN = Setting()
BASE = Setting(strength=1.0, ratio=0.3)


def regime() -> list[Setting]:
    pairs = [(0.5, 0.5), (1.0, 0.3), (0.5, 0.3), (1.0, 0.1), (1.0, 0.5), (0.25, 0.5), (2.0, 0.1), (2.0, 0.3)]
    vpg = [Setting(strength=strength, ratio=ratio) for strength, ratio in pairs]
    other = [Setting(temperature=0.9), Setting(top_p=0.95), Setting(cfg=1.5), Setting(temperature=0.8)]
    return [PLAIN, *vpg[:3], *other, *vpg[3:]]


def core() -> list[Setting]:
    """The few that tell most, for every member."""
    return [PLAIN, USUAL, Setting(cfg=1.5), replace(USUAL, cfg=1.5), Setting(temperature=0.9), BASE]


def guided() -> list[Setting]:
    vpg = [(0.25, 0.5), (0.5, 0.3), (0.5, 0.1), (0.5, 0.5), (1.0, 0.1)]
    under = [Setting(cfg=1.5, strength=strength, ratio=ratio) for strength, ratio in vpg]
    return [Setting(cfg=1.5), *under, Setting(cfg=2.5), Setting(cfg=1.5, top_p=0.95), Setting(cfg=0.75)]


def ablation() -> list[Setting]:
    kinds = [replace(BASE, kind=kind.value) for kind in Corruption if kind.value != BASE.kind]
    shapes = [replace(BASE, shape=shape) for name, shape in SHAPES.items() if name != "constant"]
    scope = [replace(BASE, anew=True), replace(BASE, own=False), replace(BASE, own=False, anew=True)]
    sharp = [replace(BASE, temperature=0.9), replace(BASE, top_p=0.95)]
    return [PLAIN, BASE, *kinds, *scope, *shapes, *sharp]


def cooled() -> list[Setting]:
    """Cooler sampling under CFG, without and with VPG."""
    ways = [(0.9, 1.0), (1.0, 0.95), (0.8, 0.95)]
    return [replace(one, cfg=1.5, temperature=t, top_p=p) for t, p in ways for one in (PLAIN, USUAL, BASE)]


def shapes() -> list[Setting]:
    """Strengths and shares of the shapes that the search found best, on top of what a model's defaults sample with."""
    base = Setting(cfg=1.5, top_p=0.95)
    tried = {
        "constant": [(0.25, 0.5), (0.5, 0.3), (0.5, 0.5), (0.5, 0.8), (1.0, 0.5)],
        "rising": [(0.5, 0.5), (1.0, 0.5), (1.0, 0.8), (2.0, 0.8)],
        "late": [(0.5, 0.5), (1.0, 0.5), (1.0, 0.8), (2.0, 0.5), (2.0, 0.8)],
    }
    return [base] + [
        replace(base, strength=strength, ratio=ratio, shape=SHAPES[shape])
        for shape, pairs in tried.items()
        for strength, ratio in pairs
    ]


def finals() -> list[Setting]:
    """Those that the defaults of var-scenes were chosen among, with and without CFG."""
    late = [replace(USUAL, strength=strength, shape=SHAPES["late"]) for strength in (0.5, 1.0)]
    vpg = [PLAIN, USUAL, *late]
    return [replace(one, cfg=cfg, top_p=0.95) for cfg in (1.5, 0.0) for one in vpg]


def pair() -> list[Setting]:
    """Without and with."""
    return core()[:2]


PLANS = {
    "pair": pair, "core": core, "regime": regime, "guided": guided, "ablation": ablation, "cooled": cooled,
    "shapes": shapes, "finals": finals,
}  # fmt: skip


class Bench:
    """One world: the yardstick and the inputs of real tokens, made once."""

    def __init__(self, series: Series, judge: Var | None) -> None:
        world = series.member.world
        self.yardstick = Yardstick.made(series.run, world)
        pictures, label_B = world.draw(2000, REAL_SEED + 5000)
        token_BL, quantizer = series.encode(pictures), series.tokenizer.quantize
        self.inputs, self.judge, self.real = InputEye.fitted(quantizer, token_BL), judge, {}
        if judge is not None:
            found = judged(judge, quantizer, token_BL, label_B)
            self.real = {f"{name}_real": values for name, values in found.items()}

    def measure(self, series: Series, var: Var, setting: Setting, seed: int, count: int, critic: bool) -> dict:
        label_B = labels_for(series.member.world, count)
        began = time.process_time()
        token_BL = sample_tokens(var, series.tokenizer.quantize, setting, label_B, seed)
        seconds = time.process_time() - began
        pictures = decode(series.tokenizer, token_BL)
        figures = self.yardstick.measure(pictures, label_B, seed, critic) | self.inputs.measure(token_BL, seed)
        if self.judge is not None:
            figures |= judged(self.judge, series.tokenizer.quantize, token_BL, label_B) | self.real
        return figures | {"sampling_ms": 1000 * seconds / count}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("plan", choices=PLANS)
    parser.add_argument("members", nargs="+")
    parser.add_argument("--judge", help="a member whose nats a step are asked for; of the same world")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--critic", action="store_true", help="train a convolutional critic for each set too")
    parser.add_argument("--minutes", type=float, default=60)
    arguments = parser.parse_args()
    records = Records(FIGURES / "sweep.jsonl")
    until = time.monotonic() + 60 * arguments.minutes
    benches: dict[World, Bench] = {}
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        for name in arguments.members:
            series = Series.opened(arguments, name)
            for setting in PLANS[arguments.plan]():
                cell = {"member": name, "setting": asdict(setting), "seed": seed, "count": arguments.count}
                cell["judge"] = arguments.judge
                if records.has(cell):
                    continue
                if time.monotonic() > until:
                    series.run.log("the minutes are up")
                    return
                if (world := series.member.world) not in benches:
                    judge = Series.opened(arguments, arguments.judge).var() if arguments.judge else None
                    benches[world] = Bench(series, judge)
                bench = benches[world]
                figures = bench.measure(series, series.var(), setting, seed, arguments.count, arguments.critic)
                records.add(cell | {"command": command()}, figures)
                shown = ("fd_filters", "fd_raw", "fd_embedding", "fd_parameters", "density", "recall", "critic_linear")
                line = " ".join(f"{key} {figures[key]:.3f}" for key in shown)
                series.run.log(f"{name} {setting.label}: {line} front {figures['residual_front']:.4f}")


if __name__ == "__main__":
    main()
