"""Sheets for counting flaws blind: python -m scenes.sheets MEMBER OUT --settings settings.json [--count N].

As sprites.sheets makes them: settings.json is a list of settings (as scenes.setting has them, what is left out at its
default) and of the words "real" and "reconstructions". sprites.tally says what was found.
"""

import json
from functools import partial
from pathlib import Path

import numpy as np
import torch

from scenes.folder import parser_of
from scenes.kinds import NAMES
from scenes.sampler import decode, sample_tokens
from scenes.series import Series, labels_for
from scenes.setting import Setting, read_setting
from sprites.sheets import REAL_SEEDS, parse_setting, write_sheets


def pictures_of(series: Series, setting: Setting | str, seed: int, count: int) -> tuple[np.ndarray, torch.Tensor]:
    """uint8 [count, 3, H, W], and their labels."""
    if isinstance(setting, Setting):
        label_B = labels_for(series.member.world, count)
        tokens = sample_tokens(series.var(), series.tokenizer.quantize, setting, label_B, seed)
        return decode(series.tokenizer, tokens).numpy(), label_B
    pictures, label_B = series.member.world.draw(count, REAL_SEEDS[setting] + seed)
    kept = pictures if setting == "real" else decode(series.tokenizer, series.encode(pictures))
    return kept.numpy(), label_B


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("member")
    parser.add_argument("out", type=Path)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--count", type=int, default=96, help="pictures of each setting")
    parser.add_argument("--first-seed", type=int, default=5000)
    arguments = parser.parse_args()
    settings = [parse_setting(given, read_setting) for given in json.loads(arguments.settings.read_text())]
    seed, count = arguments.first_seed, arguments.count
    draw = partial(pictures_of, Series.opened(arguments, arguments.member), seed=seed, count=count)
    write_sheets(settings, draw, NAMES, arguments.out, {"member": arguments.member}, seed, count)


if __name__ == "__main__":
    main()
