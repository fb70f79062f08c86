"""Benchmarks lay out what their scorers expect, go on after a kill, and do not mix two runs."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from benchmarks import dpg, geneval, vbench
from benchmarks.__main__ import main
from benchmarks.jobs import shard_of
from benchmarks.rewritten import read_rewritten
from sprites.options import without
from sprites.seeds import picture_seed

Served = Callable[[str], Path]
QUICK = ["--vpg-scale", "0.5", "--ratio", "0.5", "--dtype", "float32", "--device", "cpu", "--batch", "2"]
METADATA = [
    {"tag": "single_object", "include": [{"class": "bench", "count": 1}], "prompt": "a photo of a bench"},
    {"tag": "colors", "include": [{"class": "cow", "count": 1, "color": "red"}], "prompt": "a photo of a red cow"},
]
INFO = [
    {"prompt_en": "In a still frame, a stop sign", "dimension": ["temporal_flickering"]},
    {"prompt_en": "a bird and a cat", "dimension": ["multiple_objects"], "auxiliary_info": {}},
]


@pytest.fixture
def metadata(tmp_path: Path) -> Path:
    path = tmp_path / "evaluation_metadata.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in METADATA))
    return path


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def lines_of(folder: Path) -> list[dict]:
    return [json.loads(line) for path in sorted(folder.glob("jobs-*")) for line in path.read_text().splitlines()]


def test_geneval_has_a_folder_a_prompt_with_its_line_and_four_pictures(
    small_folder: Served, metadata: Path, tmp_path: Path
) -> None:
    words = ["geneval", str(small_folder("infinity")), str(tmp_path / "out"), "--prompts", str(metadata), *QUICK]
    assert main(words) == 0
    samples = [f"samples/{i:05}.png" for i in range(4)]
    for side in ("plain", "vpg"):
        media = tmp_path / "out" / side / "media"
        assert files_below(media) == sorted(f"{i:05}/{name}" for i in range(2) for name in ["metadata.jsonl", *samples])
        assert [json.loads((media / f"{i:05}" / "metadata.jsonl").read_text()) for i in range(2)] == METADATA
        assert Image.open(media / "00000" / "samples" / "00000.png").size == (96, 96)
    plain, guided = (lines_of(tmp_path / "out" / side) for side in ("plain", "vpg"))
    assert [line["seeds"] for line in plain] == [line["seeds"] for line in guided]
    assert plain[1]["seeds"] == [picture_seed(1, i) for i in range(4)]


def test_a_rewritten_prompt_is_drawn_and_judged_by_the_first_words(metadata: Path, tmp_path: Path) -> None:
    cache = tmp_path / "prompt_rewrite_cache.json"
    cache.write_text(json.dumps({"a photo of a bench": "a bench in a park, in the morning"}))
    first, second = geneval.jobs_of(metadata, 0, read_rewritten(cache))
    assert (first.wanted, second.wanted) == ("a bench in a park, in the morning", "a photo of a red cow")
    listed = tmp_path / "VBench_rewrited_prompt.json"
    listed.write_text(json.dumps([{"prompt_en": "a", "dimension": ["color"], "refined_prompt": "b"}]))
    assert read_rewritten(listed) == {"a": "b"}


def test_dpg_has_a_square_of_four_samples_an_item(small_folder: Served, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    for item in ("0", "whoops9"):
        (prompts / f"{item}.txt").write_text(f"item {item}\n")
    words = ["dpg", str(small_folder("infinity")), str(tmp_path / "out"), "--prompts", str(prompts), *QUICK]
    assert main([*words, "--side", "vpg"]) == 0
    media = tmp_path / "out" / "vpg" / "media"
    assert files_below(media) == ["0.png", "whoops9.png"]
    assert Image.open(media / "0.png").size == (192, 192)
    assert [line["wanted"] for line in lines_of(tmp_path / "out" / "vpg")] == ["item 0", "item whoops9"]


def test_dpg_puts_samples_where_the_scorer_crops_them(tmp_path: Path) -> None:
    media = [np.full((1, 8, 8, 3), 40 * i, np.uint8) for i in range(4)]
    dpg.save(tmp_path / "0.png", media)
    square = np.asarray(Image.open(tmp_path / "0.png"))
    crops = [(0, 0), (0, 8), (8, 0), (8, 8)]  # of compute_dpg_bench.py: y, x
    assert [int(square[y : y + 8, x : x + 8].mean()) for y, x in crops] == [0, 40, 80, 120]
    with pytest.raises(ValueError, match="1:1"):
        dpg.save(tmp_path / "1.png", [np.zeros((1, 8, 16, 3), np.uint8)] * 4)


def test_vbench_has_films_by_prompt_and_index(small_folder: Served, tmp_path: Path) -> None:
    info = tmp_path / "VBench_full_info.json"
    info.write_text(json.dumps(INFO))
    out = tmp_path / "out"
    words = ["vbench", str(small_folder("infinitystar")), str(out), "--prompts", str(info), *QUICK, "--side", "plain"]
    assert main([*words, "--dimension", "multiple_objects"]) == 0
    media = out / "plain" / "media"
    assert files_below(media) == [f"a bird and a cat-{i}.mp4" for i in range(5)]
    with av.open(str(media / "a bird and a cat-0.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24").shape for frame in film.decode(video=0)]
    assert frames == [(32, 64, 3)] * 17
    assert (media / "a bird and a cat-0.mp4").read_bytes() != (media / "a bird and a cat-1.mp4").read_bytes()


def test_vbench_has_25_films_where_flickering_is_judged_and_makes_no_prompt_twice(tmp_path: Path) -> None:
    info = tmp_path / "info.json"
    again = {"prompt_en": "a bird and a cat", "dimension": ["overall_consistency"]}
    info.write_text(json.dumps([*INFO, again]))
    jobs = vbench.jobs_of(info, 0, {})
    assert vbench.jobs_of(info, 0, {}, {"overall_consistency"}) == jobs[25:]
    assert [job.path for job in jobs[:2]] == [f"In a still frame, a stop sign-{i}.mp4" for i in range(2)]
    assert len(jobs) == 25 + 5 and {job.seed for job in jobs[25:]} == {1}
    assert [job.first for job in jobs[25:]] == [0, 1, 2, 3, 4]


def test_a_run_goes_on_where_it_was_and_shards_make_what_one_process_makes(
    small_folder: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(out: str, *more: str) -> dict[str, bytes]:
        words = ["imagenet", str(small_folder("var")), str(tmp_path / out), *QUICK, "--rule", "exact"]
        assert main([*words, "--per-class", "3", "--side", "vpg", *more]) == 0
        media = tmp_path / out / "vpg" / "media"
        return {path.name: path.read_bytes() for path in media.iterdir()}

    whole = run("one")
    assert sorted(whole) == [f"{label:04}.npy" for label in range(5)]
    assert np.load(tmp_path / "one" / "vpg" / "media" / "0002.npy").shape == (3, 24, 24, 3)
    (tmp_path / "one" / "vpg" / "media" / "0003.npy").unlink()
    assert run("one") == whole
    assert [line["path"] for line in lines_of(tmp_path / "one" / "vpg")][5:] == ["0003.npy"]
    run("two", "--shard", "1/2")
    assert run("two", "--shard", "0/2") == whole
    assert "1 of 5 jobs to do" in capsys.readouterr().out


def test_another_runs_folder_is_refused_naming_what_differs(
    small_folder: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["imagenet", str(small_folder("var")), str(tmp_path), *QUICK, "--per-class", "1", "--side", "plain"]
    assert main(words) == 0
    assert main([*words, "--guidance-scale", "4"]) == 1
    said = capsys.readouterr().err
    assert "settings" in said and "'guidance_scale': 1.5" in said
    manifest = json.loads((tmp_path / "plain" / "manifest.json").read_text())
    assert manifest["settings"] == {
        "guidance_scale": 1.5,
        "temperature": 1.0,
        "top_k": 900,
        "top_p": 0.96,
        "vpg": False,
    }
    assert manifest["model"] == "var-small" and len(manifest["revision"]) == 64


def test_a_model_of_another_family_or_without_published_settings_is_refused(
    small_folder: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["imagenet", str(small_folder("infinity")), str(tmp_path)]) == 1
    assert main(["imagenet", str(small_folder("var")), str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "is for var" in said and "give --vpg-scale" in said


def test_shards_share_all_jobs_and_no_job_twice(metadata: Path) -> None:
    jobs = geneval.jobs_of(metadata, 0, {})
    assert sorted(job.path for i in range(3) for job in shard_of(jobs, (i, 3))) == [job.path for job in jobs]
    with pytest.raises(ValueError, match="0/3 to 2/3"):
        shard_of(jobs, (3, 3))


def test_a_process_of_a_shard_is_started_without_what_only_the_first_does() -> None:
    words = ["imagenet", "served", "out", "--gpus", "8", "--reference=ref.npz", "--inception", "net.pth", "--seed", "4"]
    assert without(words, ("--gpus", "--reference", "--inception")) == ["imagenet", "served", "out", "--seed", "4"]
