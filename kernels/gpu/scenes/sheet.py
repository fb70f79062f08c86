"""The same seeds without and with guidance, row above row: python -m scenes.sheet MEMBER[@CHECKPOINT] out.png.

Rows: plain, VPG, CFG, both; nothing is picked.
"""

from pathlib import Path

import numpy as np

from scenes.folder import parser_of
from scenes.sampler import decode, sample_tokens
from scenes.series import Series, labels_for
from scenes.setting import Setting
from sprites.contact_sheet import save_sheet


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("member")
    parser.add_argument("out", type=Path)
    parser.add_argument("--columns", type=int, default=16)
    parser.add_argument("--strength", type=float, default=0.5)
    parser.add_argument("--ratio", type=float, default=0.5)
    arguments = parser.parse_args()
    series = Series.opened(arguments, arguments.member)
    var, label_B = series.var(), labels_for(series.member.world, arguments.columns)
    vpg = {"strength": arguments.strength, "ratio": arguments.ratio}
    rows = []
    for setting in (Setting(), Setting(**vpg), Setting(cfg=1.5), Setting(cfg=1.5, **vpg)):
        tokens = sample_tokens(var, series.tokenizer.quantize, setting, label_B, arguments.seed)
        rows.append(decode(series.tokenizer, tokens).numpy())
    save_sheet(arguments.out, np.concatenate(rows), arguments.columns, zoom=3)


if __name__ == "__main__":
    main()
