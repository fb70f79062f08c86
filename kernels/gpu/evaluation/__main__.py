"""Measures a run of `npm run eval`: python -m evaluation RUN_FOLDER --model MODEL.

Every whole set of pictures gets a line in the run's figures.jsonl, and so do sets of real pictures of that size and
their reconstructions: the floor. What has a line is passed over, so a run that was stopped goes on.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch

from evaluation.run import add_figures, is_measured, pictures_of, sets_of
from evaluation.worlds import FLOOR, FLOORS, WORLDS, Measure, Pictures, World, floor_of, open_world
from sprites.lines import Line, read_lines


def figures_of(measures: list[Measure], made: Pictures) -> dict[str, float]:
    """Of all measures; raises ValueError where two give a figure of one name."""
    figures: dict[str, float] = {}
    for measure in measures:
        found = measure(*made)
        if twice := figures.keys() & found.keys():
            raise ValueError(f"two measures give {', '.join(sorted(twice))}")
        figures |= found
    return figures


def floors_of(world: World, size: int, stamp: Line, known: list[Line]) -> Iterator[tuple[Line, Pictures]]:
    """What has no line yet of real pictures and their reconstructions, with what its line says."""
    for i in range(FLOORS):
        own = stamp | {"setting": None, "set": i, "pictures": size}
        lines = {name: line for name in FLOOR if not is_measured(known, line := own | {"name": name})}
        if lines:
            made = floor_of(world, size, i)
            yield from ((line, made[name]) for name, line in lines.items())


def measure_run(folder: Path, model: str, world: World, measures: list[Measure]) -> None:
    sets, known = sets_of(folder, model), read_lines(folder / "figures.jsonl")
    for drawn in sets:
        if not is_measured(known, drawn.stamp):
            add_figures(folder, drawn.stamp, figures_of(measures, pictures_of(folder, drawn)))
            print(f"{drawn.stamp['setting']}, set {drawn.stamp['set']}", flush=True)
    if sets:
        stamp = {"model": model, "revision": sets[-1].stamp["revision"]}
        for own, made in floors_of(world, len(sets[-1].files), stamp, known):
            add_figures(folder, own, figures_of(measures, made))
            print(f"{own['name']}, set {own['set']}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("--model", choices=WORLDS, required=True)
    parser.add_argument("--cache", type=Path, help="where measures keep their real sides; default RUN_FOLDER/../MODEL")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    world = open_world(arguments.model)
    cache = arguments.cache or arguments.run_folder.resolve().parent / arguments.model
    measure_run(arguments.run_folder, arguments.model, world, world.measures(cache))


if __name__ == "__main__":
    main()
