"""A process a GPU, each with its shard; if one fails the others go on, and the same command makes the rest."""

import os
import subprocess
import sys


def launch(words: list[str], gpus: int) -> None:
    """Raises ValueError where a shard failed."""
    own = without(words, ("--gpus", "--reference", "--inception"))
    processes = []
    for i in range(gpus):
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(gpus)))).split(",")
        environment = os.environ | {"CUDA_VISIBLE_DEVICES": visible[i % len(visible)]}
        command = [sys.executable, "-m", "benchmarks", *own, "--shard", f"{i}/{gpus}"]
        processes.append(subprocess.Popen(command, env=environment))
    try:
        failed = [i for i, process in enumerate(processes) if process.wait() != 0]
    except KeyboardInterrupt:
        for process in processes:
            process.terminate()
        raise
    if failed:
        raise ValueError(f"shards {failed} of {gpus} failed; the same command goes on where they stopped")


def without(words: list[str], names: tuple[str, ...]) -> list[str]:
    """The command's words without some options and their values."""
    made, skip = [], False
    for word in words:
        if not skip and not any(word == name or word.startswith(f"{name}=") for name in names):
            made.append(word)
        skip = word in names
    return made
