"""A served folder: model.json and config.json, and what a family makes of them."""

import json
from pathlib import Path
from typing import Any

from vpg.checkpoint import CheckpointError
from vpg.serving.folders import infinity, infinitystar, var
from vpg.serving.folders.description import digest
from vpg.serving.folders.kind import Config, Kind
from vpg.serving.folders.place import Place
from vpg.serving.served import Served

KINDS: dict[str, Kind] = {"var": var, "infinity": infinity, "infinitystar": infinitystar}


def open_folder(folder: Path, place: Place, numerics: str, steps: bool = True) -> Served:
    """Without steps only what decodes is loaded.

    Raises CheckpointError where the weights or the schedules are not those of model.json.
    """
    described, config = (json_of(folder / name) for name in ("model.json", "config.json"))
    family = described.get("family", "var")
    if family not in KINDS:
        raise CheckpointError(f"{folder / 'model.json'}: family {family!r} is not one of {', '.join(KINDS)}")
    kind = KINDS[family]
    try:
        shown = {each["name"]: each["steps"] for each in kind.schedules(config)}
    except KeyError as error:
        raise CheckpointError(f"{folder / 'config.json'}: {error} is missing") from error
    for schedule in described["schedules"]:
        if schedule["steps"] != shown.get(schedule["name"]):
            raise CheckpointError(f"{folder}: schedule {schedule['name']!r} is another in config.json")
    weights = weights_of(folder, kind, config)
    revision = digest(weights.values(), described["schedules"])
    if revision != described["revision"]:
        other = described["revision"]
        raise CheckpointError(f"{folder}: the weights are of revision {revision}, model.json of {other}")
    opened = kind.opened(config, weights, place, steps)
    return Served(described["id"], revision, numerics, opened.families, opened.conditions, opened.guidance_in_state)


def json_of(path: Path) -> dict[str, Any]:
    """What a file says; raises CheckpointError where it is no JSON."""
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error


def weights_of(folder: Path, kind: Kind, config: Config) -> dict[str, Path]:
    """Where each part's weights are: paths in config.json start from the folder."""
    given = config.get("weights", {})
    return {part: folder / given.get(part, name) for part, name in kind.WEIGHTS.items()}


def write_folder(folder: Path, name: str, family: str, config: Config) -> None:
    """model.json and config.json beside weights that are there already."""
    kind, folder = KINDS[family], folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    schedules = kind.schedules(config)
    who = {"id": name, "family": family, "revision": digest(weights_of(folder, kind, config).values(), schedules)}
    described = who | kind.facts(config) | {"inputs": kind.INPUTS, "schedules": schedules}
    for file, content in (("config.json", config), ("model.json", described)):
        (folder / file).write_text(json.dumps(content, indent=2) + "\n")
