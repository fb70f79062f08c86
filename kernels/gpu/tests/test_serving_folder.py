"""A served folder is what it says or is not opened; published sizes are described and laid out for Triton."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from bitwise_requests import text, tokens
from safetensors.torch import load_file

from vpg.checkpoint import CheckpointError
from vpg.serving.config_pbtxt import width
from vpg.serving.decoding import decode, read_decode
from vpg.serving.describe import describe
from vpg.serving.folder import KINDS, open_folder
from vpg.serving.folders import infinity, infinitystar, var
from vpg.serving.folders.place import Place
from vpg.serving.repository import ROOT, lay_out
from vpg.serving.small import write_small

FAMILIES = list(KINDS)
SmallFolder = Callable[[str], Path]


def read(folder: Path, name: str = "model.json") -> dict:
    return json.loads((folder / name).read_text())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_says_who_it_is(small_folder: SmallFolder, family: str) -> None:
    described = read(small_folder(family))
    served = open_folder(small_folder(family), Place(), "n")
    assert (
        (served.id, served.revision) == (described["id"], described["revision"]) == (f"{family}-small", served.revision)
    )
    assert list(served.families) == [schedule["name"] for schedule in described["schedules"]]
    for schedule in described["schedules"]:
        lengths = [step["t"] * step["h"] * step["w"] for step in schedule["steps"]]
        assert served.families[schedule["name"]].lengths == lengths


def test_a_seed_gives_the_same_weights_and_another_seed_others(small_folder: SmallFolder, tmp_path: Path) -> None:
    for seed in (0, 1):
        write_small(tmp_path / str(seed), "var", seed)
    wanted, same, other = map(read, (small_folder("var"), tmp_path / "0", tmp_path / "1"))
    assert wanted == same and other["revision"] != wanted["revision"]


@pytest.mark.parametrize("family", FAMILIES)
def test_without_steps_it_only_decodes_to_the_same_bytes(small_folder: SmallFolder, family: str) -> None:
    folder = small_folder(family)
    schedule = read(folder)["schedules"][0]
    steps = schedule["steps"]
    packed = np.zeros((1, sum(each["h"] * each["w"] for each in steps)), np.uint16)
    asked = {
        "tokens": packed if family == "var" else tokens(steps, 1),
        "schedule": text(schedule["name"]),
        "format": text("png"),
    }
    whole, part = (open_folder(folder, Place(), "n", steps) for steps in (True, False))
    assert part.conditions is None and whole.conditions is not None
    assert decode(read_decode(part, asked))[0, 0] == decode(read_decode(whole, asked))[0, 0]


@pytest.mark.parametrize("file", ["text/tokenizer.json", "vae.safetensors"])
def test_other_weights_or_another_tokenizer_are_not_served(
    small_folder: SmallFolder, tmp_path: Path, file: str
) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(small_folder("infinity"), folder)
    (folder / file).write_bytes((folder / file).read_bytes() + b" ")
    with pytest.raises(CheckpointError, match="revision"):
        open_folder(folder, Place(), "n")


def test_a_file_that_is_cut_short_is_of_another_revision(small_folder: SmallFolder, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(small_folder("infinity"), folder)
    (folder / "transformer.safetensors").write_bytes((folder / "transformer.safetensors").read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="revision"):
        open_folder(folder, Place(), "n")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("model.json", '{"family": "dalle"}', "model.json: family 'dalle' is not one of var, infinity, infinitystar"),
        ("config.json", '{"schedules": {}}', "config.json: 'vae' is missing"),
        ("config.json", "{", "config.json: Expecting property name"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(
    small_folder: SmallFolder, tmp_path: Path, file: str, content: str, said: str
) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(small_folder("infinity"), folder)
    (folder / file).write_text(content)
    with pytest.raises(CheckpointError, match=said):
        open_folder(folder, Place(), "n")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_size_that_is_missing_or_unknown_is_named(small_folder: SmallFolder, tmp_path: Path, family: str) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(small_folder(family), folder)
    config = read(folder, "config.json")
    without = {key: value for key, value in config.items() if key != family}
    typed = config | {family: config[family] | {"dtype": "float8"}}
    for changed, said in ((without, f"'{family}' is missing"), (typed, f"'{family}': .* argument 'dtype'")):
        (folder / "config.json").write_text(json.dumps(changed))
        with pytest.raises(CheckpointError, match=f"config.json.*{said}"):
            open_folder(folder, Place(), "n")


def test_schedules_of_another_size_are_not_served(small_folder: SmallFolder, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(small_folder("infinitystar"), folder)
    config = read(folder, "config.json")
    config["schedules"]["32p/2:1/1s"]["clips"] = [1, 8]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="'32p/2:1/1s' is another"):
        open_folder(folder, Place(), "n", steps=False)


def test_blocks_take_their_dtype_and_all_else_stays_float32(small_folder: SmallFolder) -> None:
    family = open_folder(small_folder("infinitystar"), Place(blocks=torch.bfloat16), "n").families["32p/2:1/1s"]
    for name, parameter in family.model.named_parameters():
        assert parameter.dtype == (torch.bfloat16 if name.startswith("block_chunks.") else torch.float32)


def as_published(folder: Path, out: Path) -> dict[str, Path]:
    """An Infinity's files in the forms that are downloaded: .pth, the VAE's under a key and with its encoder."""
    out.mkdir()
    vae = load_file(folder / "vae.safetensors") | {"encoder.conv_in.conv.weight": torch.ones(1)}
    torch.save(load_file(folder / "transformer.safetensors"), out / "infinity.pth")
    torch.save({"vae": vae}, out / "vae.pth")
    return {"transformer": out / "infinity.pth", "vae": out / "vae.pth", "text": folder / "text"}


def test_downloaded_files_are_described_where_they_lie(small_folder: SmallFolder, tmp_path: Path) -> None:
    folder, out = small_folder("infinity"), tmp_path / "served"
    weights = as_published(folder, tmp_path / "weights")
    describe(out, "mine", "infinity", read(folder, "config.json"), weights)
    assert {path.name for path in out.iterdir()} == {"model.json", "config.json"}
    served, wanted = (open_folder(each, Place(), "n").families["0.01M/1:1"].model for each in (out, folder))
    assert all(tensor.equal(wanted.state_dict()[key]) for key, tensor in served.state_dict().items())
    with weights["vae"].open("ab") as file:
        file.write(b"more")
    with pytest.raises(CheckpointError, match="revision"):
        open_folder(out, Place(), "n")


def test_a_checkpoint_of_another_size_is_named_key_by_key_and_nothing_is_written(
    small_folder: SmallFolder, tmp_path: Path
) -> None:
    folder = small_folder("infinity")
    weights = {part: folder / name for part, name in infinity.WEIGHTS.items()}
    with pytest.raises(CheckpointError) as raised:
        describe(tmp_path / "out", "mine", "infinity", infinity.published("layer12"), weights)
    for line in ("missing: decoder.up.4.block.0.conv1.weight", "wrong shape: decoder.conv_in.weight is [32, 5, 3, 3]"):
        assert line in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_published_sizes_have_their_schedules() -> None:
    assert [(each["name"], each["size"]) for each in var.schedules(var.published("d36"))] == [("512", "512x512")]
    wide = {each["name"]: each for each in infinity.schedules(infinity.published("8b"))}["1M/16:9"]
    assert wide["size"] == "1344x768" and len(wide["steps"]) == 13
    assert wide["steps"][-1] == {"t": 1, "h": 48, "w": 84, "bits": 56}
    for size, pixels, steps in (("480p", "848x480", 81), ("720p", "1280x720", 85)):
        first = infinitystar.schedules(infinitystar.published(size))[0]
        assert (first["name"], first["size"], len(first["steps"])) == (f"{size}/16:9/5s", pixels, steps)
        assert (first["frames"], first["fps"], first["steps"][0]) == (81, 16, {"t": 1, "h": 1, "w": 1, "bits": 16})


def test_the_committed_repository_is_what_the_program_lays_out(tmp_path: Path) -> None:
    shipped = sorted(path.parent for path in (ROOT / "kernels" / "weights").glob("*/model.json"))
    for folder in shipped:
        lay_out(folder, tmp_path)
    committed = ROOT / "kernels" / "gpu" / "model_repository"

    def files(folder: Path) -> dict[str, str]:
        paths = (path for path in folder.rglob("*") if path.suffix in (".py", ".pbtxt"))
        return {str(path.relative_to(folder)): path.read_text() for path in paths}

    made = files(tmp_path)
    assert set(made) == {
        f"{folder.name}{kind}/{file}"
        for folder in shipped
        for kind in ("", ".decode")
        for file in ("1/model.py", "config.pbtxt")
    }
    assert files(committed) == made


def test_a_path_with_quotes_stays_one_string(small_folder: SmallFolder, tmp_path: Path) -> None:
    folder = tmp_path / 'a "b"'
    shutil.copytree(small_folder("var"), folder)
    lay_out(folder, tmp_path / "out")
    assert '\\"b\\"" }' in (tmp_path / "out" / "var-small" / "config.pbtxt").read_text()


def test_text_families_have_their_own_inputs_and_widths(small_folder: SmallFolder, tmp_path: Path) -> None:
    for family, wide, inputs in (("infinity", 20, {"prompt"}), ("infinitystar", -1, {"prompt", "temperature"})):
        lay_out(small_folder(family), tmp_path, batch=4, dtype="bfloat16")
        config = (tmp_path / f"{family}-small" / "config.pbtxt").read_text()
        assert width(read(small_folder(family))) == wide and f"TYPE_FP16, dims: [ -1, -1, {wide} ]" in config
        assert "max_batch_size: 4" in config and '"dtype", value: { string_value: "bfloat16" }' in config
        assert all(f'name: "{name}"' in config for name in inputs) and "candidate" not in config
        assert f'"{small_folder(family).resolve()}"' in config
