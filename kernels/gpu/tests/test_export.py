"""The exported graphs compute what the PyTorch model computes, and hold no weights of their own."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import save_file

from sprites.checkpoint import WEIGHTS, Checkpoint, load
from sprites.export import Decode, export
from vpg.corruption import Corruption, corrupt_tokens, sources
from vpg.layers.autoencoder import AutoencoderConfig
from vpg.layers.quantizer import QuantizerConfig
from vpg.models.var import Var, VarConfig
from vpg.models.vqvae import Vqvae

SCALES, VOCAB, CODE_DIM = (1, 2, 3), 64, 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model, published and exported."""
    torch.manual_seed(0)
    var = VarConfig(SCALES, VOCAB, CODE_DIM, 32, 2, 2, classes=3, shared_aln=True)
    autoencoder = AutoencoderConfig((8, 8), CODE_DIM, 1, 1, 2, norm=False, attention=False, middle=False, shuffle=True)
    quantizer = QuantizerConfig(SCALES, VOCAB, CODE_DIM, phis=len(SCALES))
    source = tmp_path_factory.mktemp("checkpoint")
    for model, name in zip((Var(var), Vqvae(autoencoder, quantizer)), WEIGHTS, strict=True):
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
        save_file({key: value.half() for key, value in model.state_dict().items()}, source / name)
    configs = {"var": var, "autoencoder": autoencoder, "quantizer": quantizer}
    config = {"id": "var-tiny", "classes": ["a", "b", "c"]} | {name: asdict(value) for name, value in configs.items()}
    (source / "config.json").write_text(json.dumps(config))
    out = tmp_path_factory.mktemp("export")
    export(source, out)
    return out


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> Checkpoint:
    return load(folder)


def walk(
    session: ort.InferenceSession, checkpoint: Checkpoint, label: int, request: dict, corrupted: bool
) -> np.ndarray:
    """Raw logits [l, V] of a request's last step, step by step through the graph as the endpoint does."""
    config, bounds = checkpoint.var.config, checkpoint.bounds
    kind, seed, ratio = (request["corruption"][key] for key in ("kind", "seed", "ratio"))
    token_BL = torch.zeros(1, bounds[-1], dtype=torch.long)
    token_BL[0, : len(request["tokens"])] = torch.tensor(request["tokens"])
    if corrupted and kind == Corruption.CODEBOOK:
        for j in range(request["step"]):
            part = slice(bounds[j], bounds[j + 1])
            token_BL[:, part] = corrupt_tokens(token_BL[:, part], seed, j, ratio, config.vocab)
    keys = values = np.zeros((config.depth, 1, config.heads, 0, config.width // config.heads), np.float32)
    for k in range(request["step"] + 1):
        own = np.arange(bounds[k], bounds[k + 1])
        drawn = bounds[k] + sources(seed, k, len(own), ratio)
        content = drawn if corrupted and kind in ("embedding", "token") else own
        place = drawn if corrupted and kind in ("embedding", "position") else own
        feed = {"class": np.array([label]), "tokens": token_BL.numpy(), "past_keys": keys, "past_values": values}
        feed |= {"content_source": content[None], "place_source": place[None]}
        logits, new_keys, new_values = session.run(None, feed)
        keys, values = np.concatenate([keys, new_keys], 3), np.concatenate([values, new_values], 3)
    return logits[0]


def test_the_step_graph_gives_the_golden_logits(folder: Path, checkpoint: Checkpoint) -> None:
    session = ort.InferenceSession(folder / "step.onnx")
    for case in json.loads((folder / "golden.json").read_text())["logits"]:
        request, branches = case["request"], []
        t = request["guidance"][-1]
        for corrupted in (False, True):
            labels = (request["class"], checkpoint.var.config.classes)
            cond, uncond = (walk(session, checkpoint, label, request, corrupted) for label in labels)
            guided_lV = (1 + t) * cond - t * uncond
            guided_lV -= guided_lV.max(axis=-1, keepdims=True)
            branches.append(guided_lV[np.ix_(case["positions"], case["entries"])])
        np.testing.assert_allclose(np.stack(branches, 1), case["values"], atol=2e-4)


def test_a_walk_through_the_graph_gives_what_one_pass_of_the_model_gives(folder: Path, checkpoint: Checkpoint) -> None:
    session = ort.InferenceSession(folder / "step.onnx")
    token_BL = torch.randint(VOCAB, (1, checkpoint.bounds[-1]), generator=torch.Generator().manual_seed(1))
    whole_LV = checkpoint.var(torch.tensor([2]), checkpoint.tokenizer.quantize.decode(token_BL)[0])[0]
    for k in range(len(SCALES)):
        begin, end = checkpoint.bounds[k : k + 2]
        plain = {"kind": "embedding", "seed": 0, "ratio": 0.0}
        request = {"step": k, "tokens": token_BL[0, :begin].tolist(), "corruption": plain}
        logits_lV = walk(session, checkpoint, 2, request, corrupted=False)
        np.testing.assert_allclose(logits_lV, whole_LV[begin:end].numpy(), atol=2e-4)


def test_the_decode_graph_gives_the_pixels_of_every_depth(folder: Path, checkpoint: Checkpoint) -> None:
    session = ort.InferenceSession(folder / "decode.onnx")
    token_RL = torch.randint(VOCAB, (1, checkpoint.bounds[-1]), generator=torch.Generator().manual_seed(2))
    for k in range(1, len(SCALES) + 1):
        kept_K = (torch.arange(len(SCALES)) < k).float()
        [made] = session.run(None, {"tokens": token_RL.numpy(), "kept": kept_K.numpy()})
        wanted = Decode(checkpoint)(token_RL, kept_K).numpy()
        assert made.dtype == np.uint8 and made.shape == (1, 12, 12, 3)
        assert np.abs(made.astype(int) - wanted).max() <= 1


def test_the_graphs_point_into_the_weights_and_hold_none(folder: Path) -> None:
    for name in ("step.onnx", "decode.onnx"):
        graph = onnx.load(folder / name, load_external_data=False)
        outside = [tensor for tensor in graph.graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL]
        inside = sum(len(tensor.raw_data) for tensor in graph.graph.initializer)
        assert {entry.value for tensor in outside for entry in tensor.external_data if entry.key == "location"} <= set(
            WEIGHTS
        )
        assert outside and inside < 16_000  # the fixed resampling matrices


def test_the_revision_is_the_digest_of_the_weights_and_the_schedule_table(folder: Path) -> None:
    table = b'{"12":[{"h":1,"t":1,"w":1},{"h":2,"t":1,"w":2},{"h":3,"t":1,"w":3}]}'
    bytes_in_order = b"".join((folder / name).read_bytes() for name in WEIGHTS) + table
    described = json.loads((folder / "model.json").read_text())
    assert described["revision"] == hashlib.sha256(bytes_in_order).hexdigest()
    metadata = {entry.key: entry.value for entry in onnx.load(folder / "step.onnx").metadata_props}
    assert metadata == {"id": "var-tiny", "revision": described["revision"]} and described["id"] == "var-tiny"


def test_a_folder_that_is_exported_again_keeps_every_byte(tmp_path: Path) -> None:
    """Of var-sprites, whose checkpoint was published before checkpoints had names; golden.json is arithmetic."""
    shipped = Path(__file__).parents[2] / "weights" / "var-sprites"
    export(shipped, tmp_path)
    made = {path.name for path in tmp_path.iterdir()} - {"golden.json"}
    assert made == {"config.json", "model.json", "step.onnx", "decode.onnx", *WEIGHTS}
    changed = [name for name in made if (tmp_path / name).read_bytes() != (shipped / name).read_bytes()]
    assert changed == []
