"""A writable folder with a complete tritonserver in it, from the PyPI wheel nvidia-pytriton; no PyTriton API is used.

The wheel is installed without its dependencies into a folder of its own: the models' environment stays as it is.
"""

import ctypes.util
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Layout:
    server: Path  # bin, backends, caches
    libraries: list[Path]  # for LD_LIBRARY_PATH


def lay_out(folder: Path) -> Layout:
    """Makes it, or finds it made; the folder is about 290 MB then."""
    wheel, server, stamp = folder / "wheel", folder / "server", folder / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        for old in (wheel, server):
            shutil.rmtree(old, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--target", str(wheel), "-r", str(REQUIREMENTS)], check=True)
        shutil.copytree(wheel / "pytriton" / "tritonserver", server)
        backend, stubs = server / "backends" / "python", server / "python_backend_stubs"
        shutil.copy(stubs / PYTHON / "triton_python_backend_stub", backend)
        for program in (server / "bin" / "tritonserver", backend / "triton_python_backend_stub"):
            program.chmod(0o755)
        shutil.rmtree(stubs)
        shutil.rmtree(wheel / "pytriton" / "tritonserver")
        shutil.copy(REQUIREMENTS, stamp)
    return Layout(server, [wheel / "nvidia_pytriton.libs", *python_library()])


def python_library() -> list[Path]:
    """Where the stub finds libpython: the running interpreter's own lib folder, or none where the system has it."""
    name = f"libpython{PYTHON}.so.1.0"
    for folder in (sysconfig.get_config_var("LIBDIR"), Path(sys.base_prefix) / "lib"):
        if folder and (Path(folder) / name).exists():
            return [Path(folder)]
    if ctypes.util.find_library(f"python{PYTHON}") is None:
        raise SystemExit(f"{name} is missing: this Python is static; on Debian install the package libpython{PYTHON}")
    return []
