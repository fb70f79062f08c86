"""GenEval (github.com/djghosh13/geneval): a folder a prompt, with its line of the metadata and four pictures.

IMAGES/00000/metadata.jsonl
IMAGES/00000/samples/00000.png ... 00003.png
"""

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.jobs import Job, Media
from vpg.serving.still import still

SAMPLES = 4


def jobs_of(metadata: Path, seed: int, rewritten: Mapping[str, str]) -> list[Job]:
    """Of evaluation_metadata.jsonl; a prompt that was rewritten is drawn so and judged by its own words."""
    made = []
    for index, text in enumerate(line for line in metadata.read_text().splitlines() if line.strip()):
        entry = json.loads(text)
        prompt = rewritten.get(entry["prompt"], entry["prompt"])

        def save(path: Path, media: Media, entry: dict = entry) -> None:
            (path / "samples").mkdir(parents=True, exist_ok=True)
            (path / "metadata.jsonl").write_text(json.dumps(entry))
            for i, frames_1HW3 in enumerate(media):
                (path / "samples" / f"{i:05}.png").write_bytes(still(frames_1HW3[0], "png"))

        made.append(Job(f"{index:05}", prompt, seed + index, 0, SAMPLES, save))
    return made
