"""The built-in endpoint's files from a checkpoint: python -m sprites.export CHECKPOINT OUTDIR.

CHECKPOINT is a folder as sprites.publish leaves it. OUTDIR gets its weights, two ONNX graphs that point into them
(no second copy), model.json (who the model is) and golden.json (what PyTorch says, to hold the graphs against).
Shapes in names: R rows (one at a time), l positions of a step, p positions before it, L of all steps, N blocks.
"""

import argparse
import io
import json
import shutil
import warnings
from pathlib import Path

import onnx
import torch
import torch.nn as nn
from onnx import TensorProto, helper

from sprites.checkpoint import WEIGHTS, Checkpoint, load, revision
from vpg.corruption import Corruption, corrupt_step, corrupt_tokens
from vpg.models.var import Past

OPSET = 18
# Axes that may vary; all others are fixed, the row's too: one row by itself is what makes the endpoint exact.
FREE = {"content_source": {1: "l"}, "place_source": {1: "l"}, "past_keys": {3: "p"}, "past_values": {3: "p"}}


class Step(nn.Module):
    """One step of one row. Sources are positions in the whole sequence, so one graph serves every step."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.transformer, self.tokenizer = checkpoint.var, checkpoint.tokenizer

    def forward(
        self,
        label_R: torch.Tensor,
        token_RL: torch.Tensor,  # zeros where nothing is known yet: what a position reads lies before its step
        content_source_Rl: torch.Tensor,
        place_source_Rl: torch.Tensor,
        keys_NRHpc: torch.Tensor,
        values_NRHpc: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        model = self.transformer
        condition = model.condition(label_R)
        map_RLC, _ = self.tokenizer.quantize.decode(token_RL)
        start_R1D = condition.class_BD[:, None] + model.pos_start
        content_LD = torch.cat([start_R1D, model.word_embed(map_RLC)], dim=1)[0]
        place_LD = model.places()[0]
        x_RlD = content_LD[content_source_Rl] + place_LD[place_source_Rl]
        keys, values, before = [], [], keys_NRHpc.shape[3]
        for i, block in enumerate(model.blocks):
            x_RlD, all_keys, all_values = block(x_RlD, condition, None, (keys_NRHpc[i], values_NRHpc[i]))
            keys.append(all_keys[:, :, before:])
            values.append(all_values[:, :, before:])
        return model.logits(x_RlD, condition), torch.stack(keys), torch.stack(values)


class Decode(nn.Module):
    """Tokens of the first steps to a picture: a step whose `kept` is 0 adds nothing."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.tokenizer, self.lengths = checkpoint.tokenizer, [step["h"] * step["w"] for step in checkpoint.steps]

    def forward(self, token_RL: torch.Tensor, kept_K: torch.Tensor) -> torch.Tensor:
        quantize = self.tokenizer.quantize
        parts = enumerate(token_RL.split(self.lengths, dim=1))
        f_RChw = sum(quantize.up(k, quantize.embedding(token_Rl)) * kept_K[k] for k, token_Rl in parts)
        return to_pixels(self.tokenizer.decode(f_RChw))


def to_pixels(picture_R3HW: torch.Tensor) -> torch.Tensor:
    """About [-1, 1] to bytes [R, H, W, 3], a half rounded up."""
    return (picture_R3HW.clamp(-1, 1) * 127.5 + 128).floor().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def export_layer_norm(width: int) -> None:
    """The exporter's own refuses a shape that is read from a tensor; ours normalises the last axis, without weights."""

    def layer_norm(g, x, shape, weight, bias, epsilon, cudnn):
        ones = g.op("Constant", value_t=torch.ones(width))
        return g.op("LayerNormalization", x, ones, epsilon_f=1e-6, axis_i=-1)

    torch.onnx.register_custom_op_symbolic("aten::layer_norm", layer_norm, OPSET)


def trace(module: nn.Module, inputs: dict[str, torch.Tensor], outputs: dict[str, dict[int, str]]) -> onnx.ModelProto:
    """The graph of a module; `outputs` and FREE name the axes that may vary, all others are fixed."""
    file, axes = io.BytesIO(), outputs | {name: FREE.get(name, {}) for name in inputs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), tuple(inputs.values()), file, opset_version=OPSET, dynamo=False, do_constant_folding=False,
            input_names=list(inputs), output_names=list(outputs), dynamic_axes=axes,
        )  # fmt: skip
    return onnx.load_from_string(file.getvalue())


def share_weights(graph: onnx.ModelProto, folder: Path) -> None:
    """Make every weight that the checkpoint's files hold a reference to its place there, cast to float32 on loading."""
    places = {}
    for name in WEIGHTS:
        prefix = name.removesuffix(".safetensors")
        with open(folder / name, "rb") as file:
            start = 8 + int.from_bytes(file.read(8), "little")
            entries = json.loads(file.read(start - 8))
        entries.pop("__metadata__", None)
        for key, entry in entries.items():
            if entry["dtype"] != "F16":
                raise ValueError(f"{name}: {key} is {entry['dtype']}, not F16")
            begin, end = entry["data_offsets"]
            places[f"{prefix}.{key}"] = (name, start + begin, end - begin)
    casts = []
    for tensor in graph.graph.initializer:
        if tensor.name not in places:
            continue
        location, offset, length = places[tensor.name]
        cast_name, tensor.name = tensor.name, f"{tensor.name}.half"
        tensor.ClearField("raw_data")
        tensor.data_type, tensor.data_location = TensorProto.FLOAT16, TensorProto.EXTERNAL
        for key, value in {"location": location, "offset": offset, "length": length}.items():
            tensor.external_data.add(key=key, value=str(value))
        casts.append(helper.make_node("Cast", [tensor.name], [cast_name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)


def slim(graph: onnx.ModelProto, model: str, revision: str) -> onnx.ModelProto:
    """Without the exporter's notes on where each node came from, and with the model's id and revision as metadata."""
    for node in graph.graph.node:
        node.ClearField("doc_string")
        node.ClearField("name")
    del graph.graph.value_info[:]
    helper.set_model_props(graph, {"id": model, "revision": revision})
    return graph


def step_graph(checkpoint: Checkpoint) -> onnx.ModelProto:
    config, (begin, end) = checkpoint.var.config, checkpoint.bounds[-3:-1]
    past = torch.zeros(config.depth, 1, config.heads, begin, config.width // config.heads)
    source_Rl = torch.arange(begin, end)[None]
    inputs = {
        "class": torch.tensor([0]),
        "tokens": torch.zeros(1, checkpoint.bounds[-1], dtype=torch.long),
        "content_source": source_Rl,
        "place_source": source_Rl,
        "past_keys": past,
        "past_values": past,
    }
    return trace(Step(checkpoint), inputs, {"logits": {1: "l"}, "keys": {3: "l"}, "values": {3: "l"}})


def decode_graph(checkpoint: Checkpoint) -> onnx.ModelProto:
    tokens = torch.zeros(1, checkpoint.bounds[-1], dtype=torch.long)
    return trace(Decode(checkpoint), {"tokens": tokens, "kept": torch.ones(len(checkpoint.steps))}, {"pixels": {}})


@torch.no_grad()
def branch_logits(checkpoint: Checkpoint, request: dict, corrupted: bool) -> torch.Tensor:
    """PyTorch's guided logits [l, V] of a request's last step, each row shifted so that its maximum is 0."""
    var, quantize, bounds = checkpoint.var, checkpoint.tokenizer.quantize, checkpoint.bounds
    kind, seed, ratio = (request["corruption"][key] for key in ("kind", "seed", "ratio"))
    token_BL = torch.tensor([request["tokens"] + [0] * (bounds[-1] - len(request["tokens"]))])
    if corrupted and kind == Corruption.CODEBOOK:
        parts = [token_BL[:, a:b] for a, b in zip(bounds, bounds[1:], strict=False)]
        token_BL = torch.cat([corrupt_tokens(p, seed, j, ratio, var.config.vocab) for j, p in enumerate(parts)], dim=1)
    map_BLC = quantize.decode(token_BL)[0].repeat(2, 1, 1)
    condition = var.condition(torch.tensor([request["class"], var.config.classes]))
    content_BLD = torch.cat([condition.class_BD[:, None] + var.pos_start, var.word_embed(map_BLC)], dim=1)
    past = Past([], [])
    for k in range(request["step"] + 1):
        content, place = (x[:, bounds[k] : bounds[k + 1]] for x in (content_BLD, var.places()))
        x_BlD = corrupt_step(Corruption(kind), content, place, seed, k, ratio) if corrupted else content + place
        logits, past = var.step(x_BlD, condition, past)
    t = request["guidance"][-1]
    guided_lV = (1 + t) * logits[0] - t * logits[1]
    return guided_lV - guided_lV.max(dim=-1, keepdim=True).values


def golden(checkpoint: Checkpoint) -> dict:
    """A request a kind of corruption with some of its logits, a picture at every depth with some of its pixels."""
    generator = torch.Generator().manual_seed(0)
    vocab, steps = checkpoint.var.config.vocab, len(checkpoint.steps)
    tokens = torch.randint(vocab, (checkpoint.bounds[-1],), generator=generator).tolist()
    logits, pixels = [], []
    for i, kind in enumerate(Corruption):
        k = steps - 1 - i % 2
        request = {
            "step": k,
            "tokens": tokens[: checkpoint.bounds[k]],
            "class": i % len(checkpoint.classes),
            "guidance": [0.0 if i == 0 else 1.5 * j / (steps - 1) for j in range(k + 1)],
            "corruption": {"kind": kind.value, "seed": 2**53 - 1 - i, "ratio": 0.5},
        }
        length, entries = checkpoint.bounds[k + 1] - checkpoint.bounds[k], list(range(0, vocab, vocab // 16))
        at = [0, length // 2, length - 1]
        branches = [branch_logits(checkpoint, request, corrupted)[at][:, entries] for corrupted in (False, True)]
        values = torch.stack(branches, dim=1).tolist()
        logits.append({"request": request, "positions": at, "entries": entries, "values": rounded(values)})
    for k in range(1, steps + 1):
        kept_K = (torch.arange(steps) < k).float()
        picture = Decode(checkpoint)(torch.tensor([tokens]), kept_K)[0]
        rows = picture[:: picture.shape[0] // 4, :: picture.shape[1] // 4].tolist()
        pixels.append({"tokens": tokens[: checkpoint.bounds[k]], "every": picture.shape[0] // 4, "values": rows})
    return {"logits": logits, "pixels": pixels}


def rounded(values: list | float) -> list | float:
    return [rounded(value) for value in values] if isinstance(values, list) else round(values, 6)


def describe(checkpoint: Checkpoint, checkpoint_revision: str) -> dict:
    config, side = checkpoint.var.config, checkpoint.pixels_side
    return {
        "id": checkpoint.id,
        "revision": checkpoint_revision,
        "vocabulary": config.vocab,
        "classes": checkpoint.classes,
        "schedules": [{"name": checkpoint.schedule, "size": f"{side}x{side}", "steps": checkpoint.steps}],
        "state": {"blocks": config.depth, "heads": config.heads, "width": config.width // config.heads},
        "files": {"step": "step.onnx", "decode": "decode.onnx", "weights": list(WEIGHTS)},
    }


def export(source: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in (*WEIGHTS, "config.json"):
        if source.resolve() != out.resolve():
            shutil.copyfile(source / name, out / name)
    checkpoint = load(out)
    who = revision(out, {checkpoint.schedule: checkpoint.steps})
    export_layer_norm(checkpoint.var.config.width)
    for name, graph in (("step.onnx", step_graph(checkpoint)), ("decode.onnx", decode_graph(checkpoint))):
        share_weights(graph, out)
        onnx.save(slim(graph, checkpoint.id, who), out / name)
        onnx.checker.check_model(out / name)
    (out / "model.json").write_text(json.dumps(describe(checkpoint, who), indent=2) + "\n")
    (out / "golden.json").write_text(json.dumps(golden(checkpoint)) + "\n")
    for path in sorted(out.iterdir()):
        print(f"{path.stat().st_size:>9} {path.name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("outdir", type=Path)
    arguments = parser.parse_args()
    export(arguments.checkpoint, arguments.outdir)
