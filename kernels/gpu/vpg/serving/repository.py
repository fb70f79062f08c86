"""A model repository for served folders: of each the models `{id}` and `{id}.decode`, as `tritonserver` takes them.

    python -m vpg.serving.repository FOLDER... --out DIR [--dtype bfloat16] [--batch 16] [--cache-bytes BYTES]

The weights stay where they are: the models' `weights` parameter says where.
"""

import argparse
import json
from pathlib import Path

from vpg.serving.config_pbtxt import decode_config, step_config
from vpg.serving.settings import DTYPES

ROOT = Path(__file__).resolve().parents[4]  # where the models look for weights whose path is relative
CACHE_BYTES = 2**28
MODEL = '''"""{about}; all of it is in `vpg.serving`."""

import os
import sys
from pathlib import Path

# kernels/gpu: where this file lies in it, or where VPG_GPU says when the repository was copied elsewhere.
sys.path.insert(0, os.environ.get("VPG_GPU") or str(Path(__file__).resolve().parents[3]))

from vpg.serving.backend import {model} as TritonPythonModel  # noqa: E402, F401
'''


def lay_out(folder: Path, out: Path, batch: int = 16, dtype: str = "float32", cache_bytes: int = CACHE_BYTES) -> None:
    """The two models of one served folder."""
    folder = folder.resolve()
    described = json.loads((folder / "model.json").read_text())
    weights = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    own = {"weights": str(weights)} | ({} if dtype == "float32" else {"dtype": dtype})
    stepping = own | {"rule": "exact", "cache_bytes": str(cache_bytes)}
    name = described["id"]
    step = MODEL.format(about=f"One step of {name}", model="StepModel")
    decode = MODEL.format(about=f"Tokens of {name} to {media(described)}", model="DecodeModel")
    write(out / name, step_config(described, batch, stepping), step)
    write(out / f"{name}.decode", decode_config(described, batch, own), decode)


def media(described: dict) -> str:
    """What its tokens become, in words."""
    return "videos and pictures" if described.get("family") == "infinitystar" else "pictures"


def write(model: Path, config: str, program: str) -> None:
    """One model's entry."""
    (model / "1").mkdir(parents=True, exist_ok=True)
    (model / "config.pbtxt").write_text(config)
    (model / "1" / "model.py").write_text(program)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="of the transformer's blocks")
    parser.add_argument("--batch", type=int, default=16, help="most pictures a request")
    parser.add_argument("--cache-bytes", type=int, default=CACHE_BYTES, help="keys and values kept (docs/gpu.md)")
    given = parser.parse_args()
    for each in given.folders:
        lay_out(each, given.out, given.batch, given.dtype, given.cache_bytes)
    print(given.out)
