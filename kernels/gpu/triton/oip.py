"""One inference over HTTP with binary tensors (Open Inference Protocol v2), with the standard library and numpy alone.

A tensor is `{"name", "datatype", "shape", "data"}` with its values as a flat list, as JSON would carry it.
"""

import json
import struct
import urllib.error
import urllib.request
from typing import Any

import numpy as np

LENGTH_FIELD = "Inference-Header-Content-Length"
NUMBERS = {"INT32": "<i4", "UINT16": "<u2", "UINT8": "u1", "UINT64": "<u8", "FP32": "<f4", "FP16": "<f2"}
PATIENCE_S = 120  # a cold model may be loaded first

Tensor = dict[str, Any]


class Unanswered(Exception):
    """The server said no, or something that is no answer."""


def infer(url: str, model: str, inputs: list[Tensor], outputs: list[str], headers: dict[str, str]) -> dict[str, Tensor]:
    """The outputs by name; `data` is bytes. A real Triton sends FP16 as binary only if it is asked for by name."""
    body, header_length = encode(inputs, outputs)
    own = {LENGTH_FIELD: str(header_length), "Content-Type": "application/octet-stream"}
    request = urllib.request.Request(f"{url.rstrip('/')}/v2/models/{model}/infer", body, headers | own)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return decode(response.read(), response.headers.get(LENGTH_FIELD))
    except urllib.error.HTTPError as error:
        raise Unanswered(f"status {error.code}: {error.read(500).decode(errors='replace')}") from error
    except OSError as error:
        raise Unanswered(str(error)) from error


def encode(inputs: list[Tensor], outputs: list[str]) -> tuple[bytes, int]:
    """The body and the length of its JSON header, which spaces fill up to a multiple of 8."""
    sections = [section(tensor) for tensor in inputs]
    header = {
        "inputs": [
            {key: tensor[key] for key in ("name", "datatype", "shape")}
            | {"parameters": {"binary_data_size": len(each)}}
            for tensor, each in zip(inputs, sections, strict=True)
        ],
        "outputs": [{"name": name, "parameters": {"binary_data": True}} for name in outputs],
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return text + b"".join(sections), len(text)


def section(tensor: Tensor) -> bytes:
    """A tensor's values as the binary extension sends them."""
    if tensor["datatype"] != "BYTES":
        return np.array(tensor["data"], NUMBERS[tensor["datatype"]]).tobytes()
    texts = [text.encode() for text in tensor["data"]]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def decode(body: bytes, header_length: str | None) -> dict[str, Tensor]:
    """An answer's tensors by name, their values as bytes; raises Unanswered."""
    if header_length is None:
        raise Unanswered(f"no {LENGTH_FIELD}: the answer holds no binary tensors")
    at = int(header_length)
    made: dict[str, Tensor] = {}
    for tensor in json.loads(body[:at])["outputs"]:
        size = tensor.get("parameters", {}).get("binary_data_size")
        if size is None:
            raise Unanswered(f"{tensor['name']} came as JSON")
        made[tensor["name"]] = tensor | {"data": body[at : at + size]}
        at += size
    if at != len(body):
        raise Unanswered(f"{len(body)} bytes where the header announces {at}")
    return made


def texts(tensor: Tensor) -> list[bytes]:
    """The elements of a BYTES tensor."""
    data, at, made = tensor["data"], 0, []
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        made.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return made
