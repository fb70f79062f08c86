"""From the command's arguments to settings, an opened model and both sides' pictures."""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.generate import Model
from benchmarks.jobs import Job
from benchmarks.manifest import begin, sha256_of
from benchmarks.runner import SIDES, Plan, run
from benchmarks.sampling import BASE, Sampling, published
from vpg.serving.batch_rule import BatchRule
from vpg.serving.folder import json_of
from vpg.serving.folders.place import Place
from vpg.serving.settings import DTYPES


def shard_from(text: str) -> tuple[int, int]:
    """`i/n`, from 0/n."""
    i, _, n = text.partition("/")
    if not 0 <= int(i) < int(n):
        raise argparse.ArgumentTypeError(f"{text}: not from 0/{n}")
    return int(i), int(n)


def given_sampling(arguments: argparse.Namespace, family: str) -> Sampling:
    """The paper's settings with what was given in their place; raises ValueError where neither says VPG's scale."""
    described, config = (json_of(arguments.served / name) for name in ("model.json", "config.json"))
    if (own := described.get("family", "var")) != family:
        raise ValueError(f"{arguments.served} is of the family {own}; {arguments.benchmark} is for {family}")
    names = {"guidance_scale": "guidance_scale", "top_k": "top_k", "top_p": "top_p"}
    names |= {"vpg_scale": "vpg_scale", "ratio": "corruption_ratio"}
    given = {field: getattr(arguments, name) for name, field in names.items() if getattr(arguments, name) is not None}
    if arguments.temperature:
        first, *more = arguments.temperature
        given["temperature"] = (first, more[0]) if more else first
    sampling = replace(published(family, config) or BASE[family], **given)
    if sampling.vpg_scale == 0 and arguments.side != "plain":
        raise ValueError("the paper has no settings of VPG for this model: give --vpg-scale, or --side plain")
    return sampling


def device_of(name: str | None) -> torch.device:
    """That one, or a GPU where there is one."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def make(arguments: argparse.Namespace, sampling: Sampling, jobs: list[Job]) -> None:
    """The shard's part of each side."""
    device = device_of(arguments.device)
    torch.set_num_threads(arguments.threads)
    rule, build = BatchRule(arguments.rule), torch.__version__.split("+")[0]
    kind = torch.cuda.get_device_name(device).lower().replace(" ", "-") if device.type == "cuda" else "cpu"
    numerics = f"torch-{build}/{kind}/{arguments.dtype}/{rule.numerics}"
    place = Place(device, DTYPES[arguments.dtype])
    model = Model.open(arguments.served, place, rule, arguments.cache_bytes, numerics)
    schedule = arguments.schedule or next(iter(model.schedules))
    if schedule not in model.schedules:
        raise ValueError(f"--schedule: {schedule!r} is not one of {', '.join(model.schedules)}")
    for side in SIDES if arguments.side == "both" else (arguments.side,):
        own = sampling if side == "vpg" else sampling.plain
        folder = arguments.out / side
        begin(folder, manifest_of(arguments, model, schedule, own, len(jobs)))
        run(model, Plan(folder, jobs, schedule, own, arguments.shard, arguments.batch))


def manifest_of(arguments: argparse.Namespace, model: Model, schedule: str, sampling: Sampling, jobs: int) -> dict:
    """All that decides the pictures but the device; that is in each job's line."""
    prompts: dict[str, Path | None] = {name: getattr(arguments, name, None) for name in ("prompts", "rewritten")}
    return {
        "benchmark": arguments.benchmark,
        "model": model.served.id,
        "revision": model.served.revision,
        "schedule": schedule,
        "settings": sampling.said(),
        "seed": arguments.seed,
        "seeds": "job i is the request of seed `seed + i`; its pictures have that request's seeds (docs/contract.md)",
        "jobs": jobs,
        "dtype": arguments.dtype,
        "rule": arguments.rule,
        **{name: sha256_of(path) for name, path in prompts.items() if path is not None},
    }
