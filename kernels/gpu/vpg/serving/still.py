"""A picture as a file: PNG, WebP or JPEG."""

from io import BytesIO

import numpy as np
from PIL import Image

STILLS: dict[str, dict[str, int]] = {
    "png": {"compress_level": 9},
    "webp": {"quality": 92},
    "jpeg": {"quality": 92, "subsampling": 0},
}


def still(pixels_HW3: np.ndarray, kind: str) -> bytes:
    """From uint8, red first."""
    file = BytesIO()
    Image.fromarray(pixels_HW3).save(file, kind, **STILLS[kind])
    return file.getvalue()
