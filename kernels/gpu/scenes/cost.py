"""What a picture costs under each setting, members in turn in one run: python -m scenes.cost MEMBER[@CHECKPOINT] ...

Each round samples a batch with every member and setting, one after the other; the least processor time of the rounds
counts. Times of one run compare with each other and with nothing else. A line a (member, setting) goes to
docs/evaluation/scenes/cost.jsonl in place of what was there.
"""

import time
from dataclasses import asdict, replace

from scenes.folder import FIGURES, parser_of
from scenes.records import Records, command
from scenes.sampler import BATCH, sample_tokens
from scenes.series import Series, labels_for
from scenes.setting import USUAL, Setting

COMPARED = (Setting(), Setting(cfg=1.5), USUAL, replace(USUAL, cfg=1.5))


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("members", nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    path = FIGURES / "cost.jsonl"
    path.unlink(missing_ok=True)
    records, opened = Records(path), {name: Series.opened(arguments, name) for name in arguments.members}
    least: dict[tuple[str, Setting], float] = {}
    for _ in range(arguments.rounds):
        for name, series in opened.items():
            var, label_B = series.var(), labels_for(series.member.world, BATCH)
            for setting in COMPARED:
                began = time.process_time()
                sample_tokens(var, series.tokenizer.quantize, setting, label_B, arguments.seed)
                seconds = time.process_time() - began
                least[name, setting] = min(seconds, least.get((name, setting), seconds))
    for (name, setting), seconds in least.items():
        cell = {"member": name, "setting": asdict(setting), "seed": arguments.seed, "rounds": arguments.rounds}
        records.add(cell | {"command": command()}, {"sampling_ms": 1000 * seconds / BATCH})


if __name__ == "__main__":
    main()
