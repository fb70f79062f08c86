"""What the log of a training says: its recipe, whether that changed on the way, its last tests, its minutes."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

STAGES = ("features", "tokenizer", "codes", "transformer")


@dataclass
class History:
    recipe: dict[str, str] = field(default_factory=dict)  # the last one
    changed: dict[str, list[str]] = field(default_factory=dict)  # what was restarted with another value, in order
    tokenizer: dict[str, str] = field(default_factory=dict)  # psnr, worst, l1, codes, perplexity
    nats: float | None = None  # a token, on fresh pictures
    nats_by_scale: list[float] = field(default_factory=list)
    nats_a_picture: float | None = None
    parameters: int | None = None  # of the transformer
    minutes: dict[str, float] = field(default_factory=dict)  # by stage, as far as the log goes


def parse_recipe(line: str) -> dict[str, str]:
    """Its plain entries; those inside a nested configuration are not told apart from them, and are left out."""
    flat = re.sub(r"\w+=\w+Config\((?:[^()]|\([^()]*\))*\)", "", line)
    return dict(re.findall(r"(\w+)=('?[\w.]+'?)", flat))


def seconds_of(line: str) -> int:
    hours, minutes, seconds = map(int, line[:8].split(":"))
    return hours * 3600 + minutes * 60 + seconds


def stage_of(line: str) -> str | None:
    return next((stage for stage in STAGES if line[9:].startswith(stage)), None)


def parse_history(text: str) -> History:
    lines = [line for line in text.splitlines() if re.match(r"\d\d:\d\d:\d\d \w", line)]
    history = History()
    for line in lines:
        body = line[9:]
        if body.startswith("recipe: "):
            recipe = parse_recipe(body)
            for name, value in recipe.items():
                if name in history.recipe and history.recipe[name] != value:
                    history.changed.setdefault(name, [history.recipe[name]]).append(value)
            history.recipe = recipe
        elif body.startswith("tokenizer test: "):
            history.tokenizer = dict(re.findall(r"(\w+) ([\d.]+)", body.removeprefix("tokenizer test: ")))
        elif body.startswith("transformer test: "):
            nats, by_scale, whole = re.findall(r"test: ([\d.]+) .*by scale ([\d. ]+); ([\d.]+)", body)[0]
            history.nats, history.nats_a_picture = float(nats), float(whole)
            history.nats_by_scale = [float(word) for word in by_scale.split()]
        elif found := re.match(r"transformer: (\d+) parameters", body):
            history.parameters = int(found[1])
    for before, after in pairwise(lines):
        if (stage := stage_of(after)) and stage_of(before) in (stage, None):
            passed = (seconds_of(after) - seconds_of(before)) % 86400
            history.minutes[stage] = history.minutes.get(stage, 0.0) + passed / 60
    return history
