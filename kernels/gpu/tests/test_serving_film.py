"""A film's colours and frames come back, and its bytes say nothing but them."""

from io import BytesIO

import av
import numpy as np

from vpg.serving.film import film

FRAMES = np.zeros((9, 32, 48, 3), np.uint8)
FRAMES[:, :16] = (255, 0, 0)
FRAMES[:, 16:] = np.arange(0, 225, 25)[:, None, None, None]


def test_frames_come_back_in_order_with_their_colours() -> None:
    with av.open(BytesIO(film(FRAMES))) as file:
        made = [frame.to_ndarray(format="yuv420p") for frame in file.decode(video=0)]
        seconds = float(file.duration / av.time_base)
    assert len(made) == 9 and seconds == 9 / 16
    red, greys = [(63, 102, 240), 16 + FRAMES[:, -1, 0, 0].astype(float) * 219 / 255]  # BT.709, narrow range
    for frame, grey in zip(made, greys, strict=True):
        bright, blue, redness = frame[:32], frame[32:40].reshape(16, 24), frame[40:].reshape(16, 24)
        np.testing.assert_allclose([bright[4, 4], blue[2, 2], redness[2, 2]], red, atol=2)
        np.testing.assert_allclose(bright[28], grey, atol=3)


def test_the_same_frames_give_the_same_bytes_and_no_name_of_an_encoder() -> None:
    made = film(FRAMES)
    assert made == film(FRAMES.copy())
    assert not any(name in made for name in (b"x264", b"Lavf", b"Lavc"))
