"""A served folder beside downloaded files: model.json and config.json; the weights stay where they are.

    python -m vpg.serving.describe var d16 OUT --transformer var_d16.pth --tokenizer vae_ch160v4096z32.pth
    python -m vpg.serving.describe infinity 2b OUT --transformer infinity_2b_reg.pth --vae infinity_vae_d32_reg.pth \\
        --text flan-t5-xl
    python -m vpg.serving.describe infinitystar 480p OUT --transformer infinitystar_8b_480p_weights \\
        --vae infinitystar_videovae.pth --text text_encoder/flan-t5-xl-official

A size is one of those published: var d16 d20 d24 d30 d36, infinity 2b 8b, infinitystar 480p 720p. Every key of the
checkpoints is compared with the size's; what does not fit is named and nothing is written.
"""

import argparse
import os
import sys
from pathlib import Path

from vpg.serving.folder import KINDS, write_folder
from vpg.serving.folders import infinity, infinitystar, var
from vpg.serving.folders.kind import Config
from vpg.serving.folders.place import Place


def published(family: str, size: str, schedules: list[str], guidance_layer: int) -> Config:
    """config.json of a published size; no schedules: the usual ones."""
    match family:
        case "var":
            return var.published(size)
        case "infinity":
            return infinity.published(size, schedules or infinity.SCHEDULES, guidance_layer)
        case _:
            return infinitystar.published(size, schedules)


def describe(folder: Path, name: str, family: str, config: Config, weights: dict[str, Path]) -> None:
    """Raises CheckpointError before anything is written."""
    KINDS[family].opened(config, weights, Place(), steps=True)
    given = {part: os.path.relpath(path, folder.resolve()) for part, path in weights.items()}
    write_folder(folder, name, family, config | {"weights": given})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    families = parser.add_subparsers(dest="family", required=True)
    for family, kind in KINDS.items():
        own = families.add_parser(family)
        own.add_argument("size", choices=list(kind.SIZES))
        own.add_argument("out", type=Path)
        own.add_argument("--id", help="of the model; by default FAMILY-SIZE")
        for part in kind.WEIGHTS:
            own.add_argument(f"--{part}", type=Path, required=True, help="its file, or folder")
        if family != "var":
            own.add_argument("--schedule", action="append", default=[], help="as in docs/contract.md; may be repeated")
        if family == "infinity":
            own.add_argument("--guidance-layer", type=int, default=0, help="0: on logits; -5: on that hidden state")
    given = parser.parse_args()
    weights = {part: getattr(given, part).resolve() for part in KINDS[given.family].WEIGHTS}
    schedules, layer = getattr(given, "schedule", []), getattr(given, "guidance_layer", 0)
    try:
        config = published(given.family, given.size, schedules, layer)
        describe(given.out, given.id or f"{given.family}-{given.size}", given.family, config, weights)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
