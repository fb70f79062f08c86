"""Pictures side by side in one PNG; run it to see the world itself: python -m sprites.contact_sheet world.png."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from sprites.classes import KINDS
from sprites.world import make

GAP = 2


def save_sheet(path: Path, pictures: np.ndarray, columns: int, zoom: int = 2) -> None:
    """pictures: uint8 [n, 3, H, W], row by row."""
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    cell_h, cell_w = height * zoom + GAP, width * zoom + GAP
    sheet = np.full((rows * cell_h + GAP, columns * cell_w + GAP, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = GAP + i // columns * cell_h, GAP + i % columns * cell_w
        enlarged = picture.transpose(1, 2, 0).repeat(zoom, 0).repeat(zoom, 1)
        sheet[top : top + height * zoom, left : left + width * zoom] = enlarged
    Image.fromarray(sheet).save(path)


def main() -> None:
    pictures, labels = make(600, seed=1)
    first = np.concatenate([np.flatnonzero(labels == label)[:10] for label in range(len(KINDS))])
    save_sheet(Path(sys.argv[1]), pictures[first], 10)


if __name__ == "__main__":
    main()
