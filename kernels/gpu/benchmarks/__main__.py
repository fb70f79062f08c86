"""Published benchmarks on a served folder: python -m benchmarks {imagenet,geneval,dpg,vbench,fid} ... --help.

The first four make pictures or films in the layout that the benchmark's own scorer expects, in OUT/plain/media without
VPG and in OUT/vpg/media with it, under the same seeds; what is there already is not made again. `fid` measures what
`imagenet` made, and `imagenet` itself does when it is given the reference and the network.
"""

import argparse
import sys
from pathlib import Path

from benchmarks import dpg, geneval, imagenet, vbench
from benchmarks.arguments import given_sampling, make, shard_from
from benchmarks.jobs import Job
from benchmarks.launch import launch
from benchmarks.manifest import Mixed
from benchmarks.measure import measure_sides
from benchmarks.rewritten import read_rewritten
from vpg.checkpoint import CheckpointError
from vpg.serving.folder import json_of
from vpg.serving.settings import DTYPES

PROMPTS = {
    "geneval": "evaluation_metadata.jsonl",
    "dpg": "folder dpg_bench/prompts",
    "vbench": "VBench_full_info.json",
}
NUMBERS = {"guidance-scale": float, "top-k": int, "top-p": float, "vpg-scale": float, "ratio": float}
FAMILIES = {"imagenet": "var", "geneval": "infinity", "dpg": "infinity", "vbench": "infinitystar"}


def jobs_of(arguments: argparse.Namespace) -> list[Job]:
    match arguments.benchmark:
        case "imagenet":
            classes = json_of(arguments.served / "config.json")["var"]["classes"]
            return imagenet.jobs_of(classes, arguments.per_class, arguments.seed)
        case "geneval":
            return geneval.jobs_of(arguments.prompts, arguments.seed, read_rewritten(arguments.rewritten))
        case "dpg":
            return dpg.jobs_of(arguments.prompts, arguments.seed, read_rewritten(arguments.rewritten))
        case _:
            dimensions = set(arguments.dimension) if arguments.dimension else None
            return vbench.jobs_of(arguments.prompts, arguments.seed, read_rewritten(arguments.rewritten), dimensions)


def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="benchmark", required=True)
    for name, family in FAMILIES.items():
        kind = kinds.add_parser(name, help=f"{family} models")
        kind.add_argument("served", type=Path, help="a served folder (docs/gpu.md)")
        kind.add_argument("out", type=Path)
        add_making(kind)
    one = kinds.choices["imagenet"]
    one.add_argument("--per-class", type=int, default=imagenet.PER_CLASS, help="pictures a class; 50: FID-50K")
    add_measuring(one, required=False)
    for name, what in PROMPTS.items():
        kinds.choices[name].add_argument("--prompts", type=Path, required=True, help=f"the benchmark's {what}")
        kinds.choices[name].add_argument("--rewritten", type=Path, help="prompts as a rewriter made them, JSON")
    kinds.choices["vbench"].add_argument("--dimension", action="append", help="only these; may be given again")
    measuring = kinds.add_parser("fid", help="FID and Inception Score of what `imagenet` made")
    measuring.add_argument("out", type=Path)
    measuring.add_argument("--device")
    add_measuring(measuring, required=True)
    return parser


def add_making(kind: argparse.ArgumentParser) -> None:
    """What all that make pictures take; a setting that is not given is the paper's for this model."""
    kind.add_argument("--side", choices=("plain", "vpg", "both"), default="both")
    kind.add_argument("--seed", type=int, default=0, help="of the first request")
    kind.add_argument("--schedule", help="default: the folder's first")
    kind.add_argument("--shard", type=shard_from, default=(0, 1), metavar="I/N", help="every N-th job from I on")
    kind.add_argument("--gpus", type=int, help="so many processes, a shard and a GPU each")
    kind.add_argument("--batch", type=int, default=8, help="pictures at once")
    kind.add_argument("--rule", choices=("batched", "exact"), default="batched")
    kind.add_argument("--cache-bytes", type=int, default=2**35, help="keys and values kept on the device")
    kind.add_argument("--dtype", choices=DTYPES, default="bfloat16", help="of the transformer's blocks")
    kind.add_argument("--device", help="default: cuda where there is one")
    kind.add_argument("--threads", type=int, default=1, help="of a CPU; the server's default")
    for name, kind_of in NUMBERS.items():
        kind.add_argument(f"--{name}", type=kind_of)
    kind.add_argument("--temperature", type=float, nargs="+", help="one, or a video's two: image, clips")


def add_measuring(kind: argparse.ArgumentParser, required: bool) -> None:
    kind.add_argument(
        "--reference", type=Path, required=required, help="ADM's reference batch, an npz with mu and sigma"
    )
    kind.add_argument("--inception", type=Path, required=required, help="pt_inception-2015-12-05-6726825d.pth")
    kind.add_argument("--npz", action="store_true", help="also pack the pictures for ADM's evaluator.py")


def main(words: list[str]) -> int:
    arguments = parser_of().parse_args(words)
    try:
        if arguments.benchmark != "fid":
            sampling = given_sampling(arguments, FAMILIES[arguments.benchmark])
            if arguments.gpus is not None:
                launch(words, arguments.gpus)
            else:
                make(arguments, sampling, jobs_of(arguments))
        if getattr(arguments, "reference", None) and arguments.inception and not is_part(arguments):
            measure_sides(arguments.out, arguments.reference, arguments.inception, arguments.device, arguments.npz)
    except (CheckpointError, Mixed, ValueError, FileNotFoundError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    return 0


def is_part(arguments: argparse.Namespace) -> bool:
    """Whether other processes make the rest."""
    return getattr(arguments, "shard", (0, 1)) != (0, 1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
