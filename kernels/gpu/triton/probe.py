"""Asks an endpoint the known question and says whether it is what it says: python kernels/gpu/triton/probe.py URL.

Needs numpy and nothing else; works with any server of the step contract, the built-in endpoint among them. Two equal
requests are sent, under a prefix key of their own: the second may find the first one's keys and values. `--record URL
...` asks endpoints of exact classes and writes what they answer as the known answers: for new weights.
"""

import argparse
import hashlib
import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from oip import Tensor, Unanswered, infer, texts

FILE = Path(__file__).resolve().parents[3] / "test" / "vectors" / "probe.json"
MODEL, TOLERANCE = "var-sprites", 2e-3
# Step 5 of 0 to 6, a pair, guided; of the corrupted branch some places of steps 4 and 5 are replaced.
REQUEST: list[Tensor] = [
    {"name": "step", "datatype": "INT32", "shape": [1, 1], "data": [5]},
    {"name": "schedule", "datatype": "BYTES", "shape": [1, 1], "data": ["64"]},
    {
        "name": "tokens",
        "datatype": "UINT16",
        "shape": [1, 13],
        "data": [17, 300, 42, 511, 128, 0, 77, 9, 404, 250, 3, 66, 199],
    },
    {"name": "class", "datatype": "INT32", "shape": [1, 1], "data": [3]},
    {"name": "guidance", "datatype": "FP32", "shape": [1, 6], "data": [0, 0.25, 0.5, 0.75, 1, 1.25]},
    {"name": "corruption_ratio", "datatype": "FP32", "shape": [1, 1], "data": [0.5]},
    {"name": "corruption_kind", "datatype": "BYTES", "shape": [1, 1], "data": ["embedding"]},
    {"name": "corruption_seed", "datatype": "UINT64", "shape": [1, 1], "data": [7]},
    {"name": "prefix_key", "datatype": "BYTES", "shape": [1, 1], "data": ["probe"]},
]


class Failed(Exception):
    """The endpoint is not what it says, or cannot be used."""


@dataclass(frozen=True)
class Answer:
    revision: str
    numerics: str
    cache: str
    shape: list[int]
    logits: bytes  # FP16, little endian

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.logits).hexdigest()


def ask(url: str, model: str, inputs: list[Tensor], headers: dict[str, str]) -> Answer:
    """One step; raises Failed or Unanswered."""
    outputs = infer(url, model, inputs, ["stats", "logits"], headers)
    if list(outputs) != ["stats", "logits"]:
        raise Failed(f"outputs {list(outputs)}, not stats, then logits")
    [said] = texts(outputs["stats"])
    stats, logits = json.loads(said), outputs["logits"]
    missing = {"revision", "numerics", "cache", "device_ms"} - stats.keys()
    if missing:
        raise Failed(f"stats lacks {', '.join(sorted(missing))}")
    if logits["datatype"] != "FP16":
        raise Failed(f"logits are {logits['datatype']}, not FP16")
    return Answer(stats["revision"], stats["numerics"], stats["cache"], logits["shape"], logits["data"])


def distance(made: bytes, wanted: bytes) -> tuple[float, bool]:
    """The largest difference, and whether each is within the tolerance or one unit in FP16's last place."""
    ours, theirs = (np.frombuffer(each, "<f2") for each in (made, wanted))
    finite = np.isfinite(theirs)
    if (np.isfinite(ours) != finite).any():
        return float("inf"), False
    apart = np.abs(ours[finite].astype(np.float64) - theirs[finite])
    allowed = np.maximum(TOLERANCE, np.spacing(np.abs(theirs[finite])).astype(np.float64))
    return float(apart.max()), bool((apart <= allowed).all())


def judge(known: dict, answer: Answer) -> str:
    """What its logits prove; raises Failed."""
    wanted = known["answers"].get(answer.numerics)
    if answer.shape != known["logits"]["shape"]:
        raise Failed(f"logits have shape {answer.shape}, not {known['logits']['shape']}")
    furthest, near = distance(answer.logits, bytes.fromhex(known["logits"]["fp16"]))
    if wanted is None and near:
        return (
            f"no answer of this class is known; within rounding of those that are (largest difference {furthest:.1e})"
        )
    if wanted is None:
        raise Failed(f"no answer of this class is known, and it is {furthest:.1e} from those that are")
    if answer.digest != wanted:
        raise Failed(f"the class is exact and its answer another, {wanted}; largest difference {furthest:.1e}")
    return "the known answer of its class, bit for bit"


def check(url: str, known: dict, headers: dict[str, str], numerics: str | None) -> None:
    """Prints what it finds; raises Failed or Unanswered."""
    key = f"probe {secrets.token_hex(8)}"
    inputs = [tensor | ({"data": [key]} if tensor["name"] == "prefix_key" else {}) for tensor in known["inputs"]]
    for _ in range(2):
        answer = ask(url, known["model"], inputs, headers)
        print(f"revision  {answer.revision}")
        print(f"numerics  {answer.numerics}")
        print(f"logits    {answer.digest} (SHA-256), cache {answer.cache}")
        if answer.revision != known["revision"]:
            raise Failed(f"other weights than the known answers', {known['revision']}")
        if numerics is not None and answer.numerics != numerics:
            raise Failed(f"the class is not {numerics}")
        print(f"          {judge(known, answer)}")


def record(urls: list[str], headers: dict[str, str]) -> dict:
    """The known answers: the first endpoint's logits, the digest of every one, and those known of the same weights."""
    answers = [ask(url, MODEL, REQUEST, headers) for url in urls]
    first = answers[0]
    for url, answer in zip(urls, answers, strict=True):
        if answer.revision != first.revision:
            raise Failed(f"{url} has other weights than {urls[0]}")
        if answer.numerics.endswith("/batched"):
            raise Failed(f"{url} is of no exact class: {answer.numerics}")
        furthest, near = distance(answer.logits, first.logits)
        print(f"{answer.numerics}  {answer.digest}  largest difference to the first {furthest:.1e}")
        if not near:
            raise Failed(f"{url} does not agree with {urls[0]}")
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    same = known.get("revision") == first.revision and known["inputs"] == REQUEST
    return {
        "model": MODEL,
        "revision": first.revision,
        "inputs": REQUEST,
        "logits": {"shape": first.shape, "fp16": first.logits.hex()},
        "answers": (known["answers"] if same else {}) | {answer.numerics: answer.digest for answer in answers},
    }


def text_of(known: dict) -> str:
    """JSON with a tensor, a shape or an answer in one line."""

    def block(lines: list[str], brackets: str) -> str:
        return f"{brackets[0]}\n    {f',{chr(10)}    '.join(lines)}\n  {brackets[1]}"

    parts = {name: json.dumps(known[name]) for name in ("model", "revision")}
    parts["inputs"] = block([json.dumps(tensor) for tensor in known["inputs"]], "[]")
    for name in ("logits", "answers"):
        parts[name] = block([f"{json.dumps(key)}: {json.dumps(value)}" for key, value in known[name].items()], "{}")
    return "{\n" + ",\n".join(f'  "{name}": {part}' for name, part in parts.items()) + "\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="+", help="where /v2 is, without it")
    parser.add_argument("--numerics", help="the class that it must say it is of")
    parser.add_argument("--header", action="append", default=[], help="'Name: value' to send, such as a token's")
    parser.add_argument("--record", action="store_true", help=f"write the answers to {FILE.name}")
    given = parser.parse_args()
    headers = {name.strip(): value.strip() for name, _, value in (each.partition(":") for each in given.header)}
    try:
        if given.record:
            FILE.write_text(text_of(record(given.url, headers)))
            return 0
        known = json.loads(FILE.read_text())
        for url in given.url:
            check(url, known, headers, given.numerics)
    except (Failed, Unanswered) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
