"""The colours of the sprites world: few, fixed, and chosen to go together."""

import numpy as np


def rgb(code: str) -> np.ndarray:
    return np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / 255


COLOURS = {
    name: rgb(code)
    for name, code in {
        "ink": "2B2D42",
        "white": "FFFDF7",
        "cream": "FFF1D6",
        "butter": "FFE08A",
        "yellow": "FBCB4B",
        "orange": "F58B3C",
        "coral": "F26457",
        "red": "D63B4B",
        "pink": "F48FB1",
        "purple": "8560C5",
        "blue": "3F73CC",
        "sky": "BFE4F5",
        "teal": "28A197",
        "mint": "BFE8D2",
        "green": "5BB26A",
        "leaf": "38875A",
        "brown": "8C5B3F",
        "sand": "F0D49C",
        "grass": "8CCB7B",
        "snow": "F3F6FB",
        "grey": "6F7493",
    }.items()
}
INK, WHITE = COLOURS["ink"], COLOURS["white"]

# Two colours each, from the top of the picture to its bottom.
BACKGROUNDS = {
    name: (rgb(top), rgb(bottom))
    for name, (top, bottom) in {
        "day": ("9FD8F2", "E6F5FA"),
        "peach": ("FFC7A4", "FFF0E0"),
        "mint": ("AEE3C8", "EAF8EF"),
        "lilac": ("C6B9EE", "F1ECFC"),
        "butter": ("FFDF86", "FFF6DA"),
        "rose": ("F8BCC8", "FEECEE"),
        "dusk": ("6E6BB5", "F7B99F"),
        "night": ("1B2450", "3F4D90"),
        "violet": ("2C1F52", "6B4A94"),
        "aqua": ("A6E6E8", "4FB4C9"),
        "deep": ("4AA0CC", "205A96"),
    }.items()
}


def shade(colour: np.ndarray, amount: float = 0.18) -> np.ndarray:
    return colour + (INK - colour) * np.float32(amount)


def tint(colour: np.ndarray, amount: float = 0.3) -> np.ndarray:
    return colour + (WHITE - colour) * np.float32(amount)
