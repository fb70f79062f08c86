"""Checkpoints are read in their published forms, and what does not fit is named key by key."""

import json
from pathlib import Path

import pytest
import torch
import torch.nn as nn
from safetensors.torch import save_file

from vpg.checkpoint import CheckpointError, fill, read
from vpg.models.infinity_vae import UNUSED_KEYS, InfinityVae, InfinityVaeConfig, official_key

STATE = {"weight": torch.ones(2, 3), "bias": torch.ones(2)}


def test_a_state_dict_is_read_from_pth_from_safetensors_and_from_shards(tmp_path: Path) -> None:
    torch.save({"vae": STATE}, tmp_path / "a.pth")
    save_file(STATE, tmp_path / "a.safetensors")
    (tmp_path / "shards").mkdir()
    for key in STATE:
        save_file({key: STATE[key]}, tmp_path / "shards" / f"{key}.safetensors")
    index = {"weight_map": {key: f"{key}.safetensors" for key in STATE}}
    (tmp_path / "shards" / "model.safetensors.index.json").write_text(json.dumps(index))
    for made in (read(tmp_path / "a.pth", "vae"), read(tmp_path / "a.safetensors"), read(tmp_path / "shards")):
        assert made.keys() == STATE.keys() and all(made[key].equal(STATE[key]) for key in STATE)


def test_a_missing_entry_a_nested_file_and_a_missing_shard_are_named(tmp_path: Path) -> None:
    torch.save({"trainer": {"model": STATE}}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="no entry 'vae'"):
        read(tmp_path / "a.pth", "vae")
    with pytest.raises(CheckpointError, match="not a flat state dict: trainer"):
        read(tmp_path / "a.pth")
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"weight": "gone.safetensors"}}')
    with pytest.raises(CheckpointError, match="gone.safetensors is missing"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_a_file_that_is_cut_short_or_something_else_is_named(tmp_path: Path, name: str) -> None:
    whole = tmp_path / name
    save_file(STATE, whole) if name.endswith("safetensors") else torch.save(STATE, whole)
    for content in (whole.read_bytes()[:-10], b"<html>not found</html>", b""):
        whole.write_bytes(content)
        with pytest.raises(CheckpointError, match=f"{name} cannot be read"):
            read(whole)


def test_every_fault_is_named_at_once_and_nothing_is_loaded() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    given = {"0.weight": torch.ones(3, 2), "0.bias": torch.ones(2, dtype=torch.int8), "2.bias": torch.ones(1)}
    with pytest.raises(CheckpointError) as raised:
        fill(model, given)
    for line in (
        "missing: 1.weight [2, 2]",
        "missing: 1.bias [2]",
        "unexpected: 2.bias [1]",
        "wrong shape: 0.weight is [3, 2], [2, 3] is wanted",
        "wrong dtype: 0.bias is torch.int8",
    ):
        assert line in str(raised.value)
    assert all(tensor.equal(before[key]) for key, tensor in model.state_dict().items())


def test_half_precision_is_taken_into_the_dtype_of_the_model() -> None:
    model = nn.Linear(3, 2)
    fill(model, {key: tensor.bfloat16() for key, tensor in STATE.items()})
    assert model.weight.dtype == torch.float32 and model.weight.equal(STATE["weight"])


def test_a_model_on_the_meta_device_takes_the_tensors_themselves() -> None:
    with torch.device("meta"):
        model = nn.Linear(3, 2)
    fill(model, STATE)
    assert model.weight.data_ptr() == STATE["weight"].data_ptr()


def test_the_vae_takes_wrapped_and_bare_names_and_leaves_out_what_only_encodes() -> None:
    model = InfinityVae(InfinityVaeConfig(4, (32, 32)))
    bare = {key: torch.rand_like(tensor) for key, tensor in model.state_dict().items()}
    wrapped = {}
    for key, tensor in bare.items():
        *path, layer, name = key.split(".")
        wrapped[".".join([*path, layer, "norm" if "norm" in layer else "conv", name])] = tensor
    assert "decoder.up.1.upsample.conv.conv.weight" in wrapped and "decoder.mid.block_1.norm1.norm.bias" in wrapped
    rest = {"encoder.conv_in.conv.weight": torch.ones(1), "quantizer.lfq.mask": torch.ones(4, dtype=torch.long)}
    for state in (bare, wrapped):
        fill(model, state | rest, ignored=UNUSED_KEYS, rename=official_key)
        assert all(tensor.equal(bare[key]) for key, tensor in model.state_dict().items())
