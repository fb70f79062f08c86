"""One step of var-scenes; all of it is in `vpg.serving`."""

import os
import sys
from pathlib import Path

# kernels/gpu: where this file lies in it, or where VPG_GPU says when the repository was copied elsewhere.
sys.path.insert(0, os.environ.get("VPG_GPU") or str(Path(__file__).resolve().parents[3]))

from vpg.serving.backend import StepModel as TritonPythonModel  # noqa: E402, F401
