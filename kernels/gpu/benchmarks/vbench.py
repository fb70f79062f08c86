"""VBench (github.com/Vchitect/VBench): five films a prompt, 25 where temporal flickering is judged, in one folder.

VIDEOS/{prompt}-{index}.mp4
"""

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.jobs import Job, Media
from vpg.serving.film import film

SAMPLES, FLICKERING_SAMPLES = 5, 25  # the latter are filtered by static_filter.py before they are scored
FLICKERING = "temporal_flickering"


def jobs_of(info: Path, seed: int, rewritten: Mapping[str, str], dimensions: set[str] | None = None) -> list[Job]:
    """Of VBench_full_info.json, in its order; a film a job, all of a prompt's films of one request.

    A prompt that was rewritten gives its own words to the file's name: the scorer knows no others.
    """
    asked: dict[str, set[str]] = {}
    for entry in json.loads(info.read_text()):  # some prompts stand there twice
        asked.setdefault(entry["prompt_en"], set()).update(entry["dimension"])
    made = []
    for index, (prompt, own) in enumerate(asked.items()):
        if dimensions is not None and not dimensions & own:
            continue
        if "/" in prompt:
            raise ValueError(f"no file can be named by the prompt {prompt!r}")
        count = FLICKERING_SAMPLES if FLICKERING in own else SAMPLES
        drawn = rewritten.get(prompt, prompt)
        made += [Job(f"{prompt}-{i}.mp4", drawn, seed + index, i, 1, save) for i in range(count)]
    return made


def save(path: Path, media: Media) -> None:
    path.write_bytes(film(media[0]))
