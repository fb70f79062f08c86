"""Sheets for counting flaws blind: python -m sprites.sheets RUN_FOLDER OUT --settings settings.json [--count N].

settings.json is a list of settings (as sprites.setting has them, what is left out at its default) and of the words
"real" and "reconstructions". Their pictures, N of each, are shuffled together, numbered, and shown by 40 a sheet;
which is which stands in OUT-key.json alone. Note the numbers of flawed ones in a text file and run sprites.tally.
"""

import argparse
import json
import random
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from sprites.classes import NAMES
from sprites.evaluate import real_pictures, reconstruct
from sprites.guided import sample_set
from sprites.pair import Pair, load_pair
from sprites.setting import Setting

COLUMNS, ROWS, ZOOM = 8, 5, 3
GAP, CAPTION = 8, 16  # pixels
SEED, REAL_SEEDS = 5000, {"real": 680_000, "reconstructions": 690_000}


def parse_setting(given: dict | str, read: Callable[..., Any] = Setting) -> Any:
    """A setting, as `read` makes it of its fields, or one of the words."""
    if isinstance(given, dict):
        return read(**given)
    if given in REAL_SEEDS:
        return given
    raise ValueError(f'neither settings nor "real" nor "reconstructions": {given}')


def pictures_for(pair: Pair, setting: Setting | str, seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(setting, Setting):
        return sample_set(pair, setting, seed, count)
    pictures, labels = real_pictures(count, REAL_SEEDS[setting])
    return (pictures if setting == "real" else reconstruct(pair, pictures)), labels


def draw_sheet(pictures: list[np.ndarray], captions: list[str]) -> Image.Image:
    """Pictures uint8 [3, H, W], row by row, enlarged, with a line beneath each."""
    _, height, width = pictures[0].shape
    cell_w, cell_h = width * ZOOM + GAP, height * ZOOM + CAPTION + GAP
    sheet = Image.new("RGB", (COLUMNS * cell_w + GAP, ROWS * cell_h + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for i, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = GAP + i % COLUMNS * cell_w, GAP + i // COLUMNS * cell_h
        image = Image.fromarray(picture.transpose(1, 2, 0))
        sheet.paste(image.resize((width * ZOOM, height * ZOOM), Image.Resampling.NEAREST), (left, top))
        pen.text((left, top + height * ZOOM + 2), caption, fill="black")
    return sheet


def write_sheets(
    settings: list, draw: Callable[[Any], tuple], names: list[str], out: Path, who: dict, seed: int, count: int
) -> None:
    """`draw` makes pictures uint8 [count, 3, H, W] and labels of a setting; `who` is what the key begins with."""
    shown = []
    for setting in settings:
        name = setting if isinstance(setting, str) else setting.label
        for i, (picture, label) in enumerate(zip(*draw(setting), strict=True)):
            shown.append((picture, {"setting": name, "seed": seed, "picture": i, "class": names[label]}))
    key = who | {"settings": [setting if isinstance(setting, str) else asdict(setting) for setting in settings]}
    write_shuffled(shown, out, key, f"{seed} {count} {len(settings)}")


def write_shuffled(shown: list[tuple[np.ndarray, dict]], out: Path, key: dict, order: str) -> None:
    """Pictures uint8 [3, H, W] with what they are, numbered in an order that the words make; OUT-key.json tells all."""
    random.Random(order).shuffle(shown)
    out.mkdir(parents=True, exist_ok=True)
    a_sheet = COLUMNS * ROWS
    for start in range(0, len(shown), a_sheet):
        part = shown[start : start + a_sheet]
        captions = [f"{start + i + 1} {entry['class']}" for i, (_, entry) in enumerate(part)]
        draw_sheet([picture for picture, _ in part], captions).save(out / f"sheet-{start // a_sheet + 1:02d}.png")
    key = key | {"pictures": {str(i + 1): entry for i, (_, entry) in enumerate(shown)}}
    out.with_name(f"{out.name}-key.json").write_text(json.dumps(key, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200, help="pictures of each setting")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = [parse_setting(given) for given in json.loads(arguments.settings.read_text())]
    pair, seed, count = load_pair(arguments.run_folder), arguments.seed, arguments.count
    draw = partial(pictures_for, pair, seed=seed, count=count)
    write_sheets(settings, draw, NAMES, arguments.out, {"weights": pair.digest}, seed, count)


if __name__ == "__main__":
    main()
