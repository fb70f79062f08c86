"""A real tritonserver on this machine, from PyPI alone: python kernels/gpu/triton/serve.py [--port N] [--rule batched].

Says `ready on URL` when every model is, and ends on SIGINT or SIGTERM with the server.
"""

import argparse
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from layout import Layout, lay_out

ROOT = Path(__file__).resolve().parents[3]
REPOSITORY = Path(__file__).resolve().parents[1] / "model_repository"
PR_SET_PDEATHSIG = 1  # prctl(2)
HEALTH = {"sagemaker": "/ping", "vertex": "/health"}  # of the front ends


def free_port() -> int:
    """One that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def front_end(cloud: str, port: int, model: str) -> tuple[list[str], dict[str, str]]:
    """Options and environment that open Triton's own front end for a cloud, at a port, before one model."""
    if cloud == "sagemaker":
        return ["--allow-sagemaker=true", f"--sagemaker-port={port}"], {"SAGEMAKER_TRITON_DEFAULT_MODEL_NAME": model}
    routes = {"AIP_PREDICT_ROUTE": "/predict", "AIP_HEALTH_ROUTE": HEALTH["vertex"]}
    options = ["--allow-vertex-ai=true", f"--vertex-ai-port={port}", f"--vertex-ai-default-model={model}"]
    return options, {"AIP_MODE": "PREDICTION", "AIP_HTTP_PORT": str(port)} | routes


def only(models: list[str]) -> list[str]:
    """Options that load these models and their decoders, of all that the repositories have; of none: all of them."""
    loaded = [f"--load-model={model}{kind}" for model in models for kind in ("", ".decode")]
    return ["--model-control-mode=explicit", *loaded] if models else []


def start(
    layout: Layout, repositories: list[Path], port: int, metrics_port: int, settings: dict[str, str], more: list[str]
) -> subprocess.Popen:
    """The server, with the settings in its environment and more options."""
    server, paths = layout.server, [*map(str, layout.libraries), os.environ.get("LD_LIBRARY_PATH", "")]
    environment = {"VPG_GPU": str(REPOSITORY.parent)} | os.environ | settings
    environment["LD_LIBRARY_PATH"] = ":".join(path for path in paths if path)
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = [
        server / "bin" / "tritonserver",
        *(f"--model-repository={repository}" for repository in repositories),
        f"--backend-directory={server / 'backends'}",
        f"--cache-directory={server / 'caches'}",
        "--http-address=127.0.0.1",
        f"--http-port={port}",
        "--allow-grpc=false",
        "--allow-metrics=true",
        "--metrics-address=127.0.0.1",
        f"--metrics-port={metrics_port}",
        "--exit-timeout-secs=10",
        # Any front end shuts the plain port unless it is asked for.
        "--allow-http=true",
        *more,
    ]
    return subprocess.Popen(command, env=environment, preexec_fn=end_with_parent)


def end_with_parent() -> None:
    """However this program ends, SIGKILL among the ways, the server gets a SIGTERM."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until_ready(server: subprocess.Popen, health: str, patience_s: int) -> None:
    """Until the address says so. Exits where the server ends, or no patience is left."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if server.poll() is not None:
            raise SystemExit(f"tritonserver ended with status {server.returncode}")
        try:
            urllib.request.urlopen(health, timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    server.kill()
    raise SystemExit(f"tritonserver was not ready after {patience_s} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    parser.add_argument("--metrics-port", type=int, default=0, help="of /metrics; 0: one that is free")
    parser.add_argument("--repository", type=Path, action="append", help="may be repeated; by default the one beside")
    parser.add_argument("--patience", type=int, default=120, help="seconds in which all models must be ready")
    parser.add_argument("--folder", type=Path, default=ROOT / ".local" / "triton", help="where the server is kept")
    parser.add_argument(
        "--model", action="append", help="one that it serves, and its decoder; may be repeated; by default all"
    )
    names = ("rule", "weights", "cache_bytes", "threads", "dtype", "numerics")
    for name in names:
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"sets VPG_{name.upper()} (see docs/gpu.md)")
    parser.add_argument("--front", choices=("sagemaker", "vertex"), help="opens that cloud's front end as well")
    parser.add_argument("--front-model", default="var-sprites", help="the one it reaches")
    given = parser.parse_args()
    settings = {f"VPG_{name.upper()}": getattr(given, name) for name in names if getattr(given, name) is not None}
    begin, port, metrics_port = time.monotonic(), given.port or free_port(), given.metrics_port or free_port()
    front_port, more = free_port(), only(given.model or [])
    if given.front is not None:
        options, environment = front_end(given.front, front_port, given.front_model)
        more += options
        settings |= environment
    repositories = given.repository or [REPOSITORY]
    server = start(lay_out(given.folder), repositories, port, metrics_port, settings, more)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, frame: server.send_signal(signal.SIGTERM))
    wait_until_ready(server, f"http://127.0.0.1:{port}/v2/health/ready", given.patience)
    print(f"metrics on http://127.0.0.1:{metrics_port}/metrics", flush=True)
    if given.front is not None:
        # Opened after the plain port: who asks it at once would be refused.
        wait_until_ready(server, f"http://127.0.0.1:{front_port}{HEALTH[given.front]}", given.patience)
        print(f"{given.front} on http://127.0.0.1:{front_port}", flush=True)
    print(f"ready on http://127.0.0.1:{port} after {time.monotonic() - begin:.1f} s", flush=True)
    status = server.wait()
    return 0 if status in (0, -signal.SIGTERM) else status


if __name__ == "__main__":
    sys.exit(main())
