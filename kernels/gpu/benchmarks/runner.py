"""Makes a benchmark's pictures: the jobs of a shard that are not there yet, each with a line of what it was made of."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generate import Model
from benchmarks.jobs import Job, shard_of
from benchmarks.sampling import Sampling
from sprites.lines import add_line
from sprites.seeds import picture_seed

SIDES = ("plain", "vpg")


@dataclass(frozen=True)
class Plan:
    """Of one side: without VPG, or with it."""

    folder: Path  # manifest.json and jobs-*.jsonl; the pictures are in `media` below, and nothing else is there
    jobs: list[Job]
    schedule: str
    sampling: Sampling
    shard: tuple[int, int]
    batch: int  # pictures at once

    @property
    def media(self) -> Path:
        return self.folder / "media"

    @property
    def own(self) -> list[Job]:
        return shard_of(self.jobs, self.shard)


def run(model: Model, plan: Plan) -> int:
    """Returns how many jobs were done now. A kill loses the one at work."""
    i, n = plan.shard
    unfinished = plan.folder / f"unfinished-{i}-of-{n}"
    plan.media.mkdir(parents=True, exist_ok=True)
    missing = [job for job in plan.own if not job.is_done(plan.media)]
    print(f"{plan.folder}: shard {i}/{n}, {len(missing)} of {len(plan.own)} jobs to do", flush=True)
    began = time.monotonic()
    for done, job in enumerate(missing, 1):
        seeds, media = [picture_seed(job.seed, j) for j in range(job.first, job.first + job.count)], []
        for part in parts(seeds, plan.batch):
            tokens = model.tokens(plan.schedule, [job.wanted] * len(part), part, plan.sampling)
            media += [model.pixels(plan.schedule, tokens_L) for tokens_L in tokens]
        job.keep(plan.media, unfinished, media)
        said = {"path": job.path, "wanted": job.wanted, "request_seed": job.seed, "seeds": seeds}
        add_line(plan.folder / f"jobs-{i}-of-{n}.jsonl", said | {"numerics": model.served.numerics})
        if done == 1 or done % 20 == 0 or done == len(missing):
            left = (time.monotonic() - began) / done * (len(missing) - done) / 60
            print(f"{plan.folder}: {done}/{len(missing)}, about {left:.0f} minutes left", flush=True)
    shutil.rmtree(unfinished, ignore_errors=True)
    return len(missing)


def parts(seeds: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(seeds), size):
        yield seeds[start : start + size]
