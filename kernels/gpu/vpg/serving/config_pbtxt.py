"""Triton's config.pbtxt of the two models of a served folder, from its model.json."""

import json
from typing import Any

Described = dict[str, Any]  # model.json
Tensor = tuple[str, str, tuple[int, ...]]  # name, type without TYPE_, shape without the batch

INPUTS: dict[str, tuple[str, int]] = {
    "step": ("INT32", 1),
    "schedule": ("STRING", 1),
    "class": ("INT32", 1),
    "prompt": ("STRING", 1),
    "negative_prompt": ("STRING", 1),
    "guidance": ("FP32", -1),
    "temperature": ("FP32", 1),
    "corruption_ratio": ("FP32", 1),
    "corruption_kind": ("STRING", 1),
    "corruption_seed": ("UINT64", 1),
    "prefix_key": ("STRING", 1),
    "format": ("STRING", 1),
}
TOKENS = {"codebook": "UINT16", "bitwise": "UINT8"}
CANDIDATES: list[Tensor] = [
    ("candidate_count", "INT32", (-1,)),
    ("candidate_mass", "FP32", (-1,)),
    ("candidate_token", "UINT16", (-1,)),
    ("candidate_logits", "FP16", (-1, -1)),
]
MEDIA: Tensor = ("media", "STRING", (1,))
ABOUT_STEP = """\
# One step (docs/contract.md). Every input may be left out as far as Triton is concerned: vpg.serving names what is
# missing, and `op` = `decode` needs only three of them."""
MERGING = """\
dynamic_batching {
  default_queue_policy { timeout_action: REJECT, allow_timeout_override: true }
}
instance_group [ { kind: KIND_CPU, count: 1 } ]"""


def step_config(described: Described, batch: int, parameters: dict[str, str]) -> str:
    """Of `{id}`."""
    own = described.get("inputs", ["class"])
    before, after = [name for name in own if name != "temperature"], [name for name in own if name == "temperature"]
    names = ["step", "schedule", "tokens", *before, "guidance", *after]
    names += ["corruption_ratio", "corruption_kind", "corruption_seed", "prefix_key", "format"]
    candidates = CANDIDATES if tokens(described) == "codebook" else []
    outputs = [("stats", "STRING", (1,)), ("logits", "FP16", (-1, -1, width(described))), *candidates, MEDIA]
    return config(ABOUT_STEP, described["id"], batch, inputs(described, names), listed("output", outputs), parameters)


def decode_config(described: Described, batch: int, parameters: dict[str, str]) -> str:
    """Of `{id}.decode`."""
    films = any(schedule.get("frames", 1) > 1 for schedule in described["schedules"])
    formats = "PNG, WebP, JPEG or MP4" if films else "PNG, WebP or JPEG"
    about = f"# Tokens of whole steps to {formats} (docs/contract.md)."
    taken, media = inputs(described, ["tokens", "schedule", "format"]), f"output [ {line(*MEDIA)} ]"
    return config(about, f"{described['id']}.decode", batch, taken, media, parameters)


def config(about: str, name: str, batch: int, taken: str, made: str, parameters: dict[str, str]) -> str:
    """The whole file."""
    said = [
        f'parameters {{ key: "{key}", value: {{ string_value: {json.dumps(value, ensure_ascii=False)} }} }}'
        for key, value in parameters.items()
    ]
    head = [about, f'name: "{name}"', 'backend: "python"', f"max_batch_size: {batch}"]
    return "\n".join([*head, taken, made, MERGING, *said]) + "\n"


def tokens(described: Described) -> str:
    """`codebook` or `bitwise`."""
    return described.get("tokens", "codebook")


def width(described: Described) -> int:
    """The numbers of a row of logits: the same at every step, or -1."""
    steps = [step for schedule in described["schedules"] for step in schedule["steps"]]
    widths = {step.get("bits", described.get("vocabulary")) for step in steps}
    return widths.pop() if len(widths) == 1 else -1


def inputs(described: Described, names: list[str]) -> str:
    """The block of them; Triton lets each be left out."""
    types = INPUTS | {"tokens": (TOKENS[tokens(described)], -1)}
    return listed("input", [(name, types[name][0], (types[name][1],)) for name in names], ", optional: true")


def listed(kind: str, tensors: list[Tensor], rest: str = "") -> str:
    """A block of tensors, one a line."""
    return f"{kind} [\n" + ",\n".join(f"  {line(*tensor, rest)}" for tensor in tensors) + "\n]"


def line(name: str, kind: str, shape: tuple[int, ...], rest: str = "") -> str:
    """One tensor."""
    return f'{{ name: "{name}", data_type: TYPE_{kind}, dims: [ {", ".join(map(str, shape))} ]{rest} }}'
