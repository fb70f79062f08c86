"""`python -m bench [--size NAME ...] [--rows N ...] [--pictures N ...] [--out FILE]`: measure, and print a table.

On a GPU the published sizes in bfloat16, without one small sizes in float32.
"""

import argparse
import sys
from pathlib import Path

import torch

from bench.measure import measure, within_memory
from bench.report import HEAD, line, title, without_weights
from bench.sizes import PUBLISHED, SMALL
from bench.subject import Load


def main() -> int:
    on_gpu = torch.cuda.is_available()
    sizes = PUBLISHED if on_gpu else SMALL
    parser = argparse.ArgumentParser(prog="bench", description="Device time by step and by picture, random weights.")
    parser.add_argument("--size", nargs="+", choices=[*PUBLISHED, *SMALL], default=list(sizes), metavar="NAME")
    parser.add_argument("--rows", nargs="+", type=int, choices=(1, 2, 4), default=[1, 2, 4], help="of a picture")
    parser.add_argument("--pictures", nargs="+", type=int, default=[1, 4, 16], help="asked for together")
    parser.add_argument("--out", type=Path, help="where the table goes too, as Markdown")
    asked = parser.parse_args()

    device = torch.device("cuda" if on_gpu else "cpu")
    dtype = torch.bfloat16 if on_gpu else torch.float32
    table: list[str] = []

    def say(*lines: str) -> None:
        print(*lines, sep="\n", flush=True)
        table.extend(lines)
        if asked.out is not None:
            asked.out.write_text("\n".join(table) + "\n")

    def measured(name: str) -> None:
        """Holds the model while its figures are taken, and no longer."""
        subject = within_memory(lambda: (PUBLISHED | SMALL)[name](device, dtype))
        if subject is None:
            say(without_weights(name))
            return
        for rows in asked.rows:
            for pictures in asked.pictures:
                say(line(name, measure(subject, Load(rows, pictures), device)))

    say(title(device, dtype), "", *HEAD)
    for name in asked.size:
        measured(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
