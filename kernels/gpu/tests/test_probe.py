"""The known-answer probe against a real endpoint, the built-in one; and what it says of one that is something else."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
NODE, TRITON = ROOT / "node_modules" / ".bin" / "node", ROOT / "kernels" / "gpu" / "triton"
sys.path.insert(0, str(TRITON))
import probe  # noqa: E402

KNOWN = json.loads(probe.FILE.read_text())
[(NUMERICS, DIGEST), *_] = KNOWN["answers"].items()
ANSWER = probe.Answer(
    KNOWN["revision"], NUMERICS, "hit", KNOWN["logits"]["shape"], bytes.fromhex(KNOWN["logits"]["fp16"])
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if not NODE.exists():
        pytest.skip("node_modules is not installed")
    command = [NODE, "kernels/local/server.ts", "--port", "0", "--threads", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ready = re.search(r"http://\S+", server.stdout.readline())
        assert ready is not None
        yield ready[0]
        server.terminate()


def run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, TRITON / "probe.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"no_proxy": "127.0.0.1"})


def test_the_built_in_endpoint_gives_the_known_answer_as_a_miss_and_as_a_hit(url: str) -> None:
    done = run(url, "--numerics", NUMERICS)
    assert done.returncode == 0, done.stderr
    assert re.findall(rf"{DIGEST} \(SHA-256\), cache (\w+)", done.stdout) == ["miss", "hit"]
    assert done.stdout.count("bit for bit") == 2


def test_what_is_recorded_is_what_the_file_holds(url: str) -> None:
    assert probe.text_of(probe.record([url], {})) == probe.FILE.read_text()


def test_another_class_than_the_operator_named_and_no_server_at_all_fail(url: str) -> None:
    assert "FAILED: the class is not of/another" in run(url, "--numerics", "of/another").stderr
    missing = run(f"{url}/nowhere")
    assert missing.returncode == 1 and "FAILED: status 404" in missing.stderr
    assert run("http://127.0.0.1:1").stderr.startswith("FAILED: ")


def changed(by: float) -> probe.Answer:
    """One number a little off."""
    logits = np.frombuffer(ANSWER.logits, "<f2").copy()
    at = int(np.argmin(np.where(np.abs(logits) < 1, np.inf, np.abs(logits))))
    logits[at] += np.float16(by)
    return replace(ANSWER, logits=logits.tobytes())


def test_an_exact_class_is_held_to_its_bits_and_an_unknown_one_to_rounding() -> None:
    assert probe.judge(KNOWN, ANSWER).endswith("bit for bit")
    with pytest.raises(probe.Failed, match="exact"):
        probe.judge(KNOWN, changed(by=0.001))
    assert "within rounding" in probe.judge(KNOWN, replace(changed(by=0.001), numerics="of/another"))
    with pytest.raises(probe.Failed, match="no answer of this class"):
        probe.judge(KNOWN, replace(changed(by=0.01), numerics="of/another"))
    with pytest.raises(probe.Failed, match="shape"):
        probe.judge(KNOWN, replace(ANSWER, shape=[1, 9, 1, 512]))


def test_a_masked_number_must_be_masked_in_both() -> None:
    made, masked = np.zeros(4, "<f2"), np.array([0, 0, -np.inf, 0], "<f2")
    assert probe.distance(masked.tobytes(), masked.tobytes()) == (0.0, True)
    assert probe.distance(made.tobytes(), masked.tobytes())[1] is False
