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


def free_port() -> int:
    """One that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(
    layout: Layout, repositories: list[Path], port: int, metrics_port: int, settings: dict[str, str]
) -> subprocess.Popen:
    """The server, with the settings in its environment."""
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
    ]
    return subprocess.Popen(command, env=environment, preexec_fn=end_with_parent)


def end_with_parent() -> None:
    """However this program ends, SIGKILL among the ways, the server gets a SIGTERM."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until_ready(server: subprocess.Popen, url: str, patience_s: int) -> None:
    """Exits where the server ends, or no patience is left."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if server.poll() is not None:
            raise SystemExit(f"tritonserver ended with status {server.returncode}")
        try:
            urllib.request.urlopen(f"{url}/v2/health/ready", timeout=1).close()
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
    names = ("rule", "weights", "cache_bytes", "threads", "dtype", "numerics")
    for name in names:
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"sets VPG_{name.upper()} (see docs/gpu.md)")
    given = parser.parse_args()
    settings = {f"VPG_{name.upper()}": getattr(given, name) for name in names if getattr(given, name) is not None}
    begin, port, metrics_port = time.monotonic(), given.port or free_port(), given.metrics_port or free_port()
    server = start(lay_out(given.folder), given.repository or [REPOSITORY], port, metrics_port, settings)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, frame: server.send_signal(signal.SIGTERM))
    wait_until_ready(server, f"http://127.0.0.1:{port}", given.patience)
    print(f"metrics on http://127.0.0.1:{metrics_port}/metrics", flush=True)
    print(f"ready on http://127.0.0.1:{port} after {time.monotonic() - begin:.1f} s", flush=True)
    status = server.wait()
    return 0 if status in (0, -signal.SIGTERM) else status


if __name__ == "__main__":
    sys.exit(main())
