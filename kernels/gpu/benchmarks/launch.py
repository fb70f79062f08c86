"""A process a GPU, each with its shard; if one fails the others go on, and the same command makes the rest."""

import os
import subprocess
import sys

from sprites.options import without


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
