"""What a blind count found: python -m sprites.tally OUT-key.json FLAWED.txt [--counted 1-200].

FLAWED.txt has the numbers of the flawed pictures, spaces or lines between them; what follows a # is a note. Printed is
a Markdown table: flawed by setting, with the 95 per cent interval (Wilson), and by class.
"""

import argparse
import json
from collections import Counter
from pathlib import Path


def read_numbers(text: str) -> set[int]:
    return {int(word) for line in text.splitlines() for word in line.split("#")[0].replace(",", " ").split()}


def wilson(flawed: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share."""
    share, spread = flawed / count, z * z / count
    middle = (share + spread / 2) / (1 + spread)
    half = z * (share * (1 - share) / count + spread / (4 * count)) ** 0.5 / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def tally(pictures: dict[str, dict], flawed: set[int], counted: range) -> str:
    if stray := flawed - {int(number) for number in pictures if int(number) in counted}:
        raise ValueError(f"not among the counted pictures: {sorted(stray)}")
    entries = [(entry, int(number) in flawed) for number, entry in pictures.items() if int(number) in counted]
    rows = []
    for name in ("setting", "class"):
        rows += ["", f"| {name} | flawed | of | share | 95% interval |", "| --- | --- | --- | --- | --- |"]
        total = Counter(entry[name] for entry, _ in entries)
        bad = Counter(entry[name] for entry, is_flawed in entries if is_flawed)
        for value, count in sorted(total.items(), key=lambda item: bad[item[0]] / item[1]):
            low, high = wilson(bad[value], count)
            rows.append(f"| {value} | {bad[value]} | {count} | {bad[value] / count:.1%} | {low:.1%} to {high:.1%} |")
    return "\n".join(rows[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("key", type=Path)
    parser.add_argument("flawed", type=Path)
    parser.add_argument("--counted", help="first-last, where not all were looked at")
    arguments = parser.parse_args()
    pictures = json.loads(arguments.key.read_text())["pictures"]
    first, last = map(int, arguments.counted.split("-")) if arguments.counted else (1, len(pictures))
    print(tally(pictures, read_numbers(arguments.flawed.read_text()), range(first, last + 1)))


if __name__ == "__main__":
    main()
