"""Frames as an MP4: H.264 through PyAV's own FFmpeg, the same bytes from the same frames.

One thread, because an encoder's threads share out frames by chance; and nothing in the file that says which encoder
made it or when.
"""

from io import BytesIO

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags
from av.video.reformatter import ColorRange, Colorspace

from vpg.layers.spacetime_schedule import FPS

ENCODERS = ("libx264", "libopenh264", "mpeg4")  # the last two for builds of FFmpeg without x264
ENCODER = next(name for name in ENCODERS if name in av.codecs_available)
OPTIONS = {"crf": "18", "preset": "medium"} if ENCODER == "libx264" else {}
ENCODER_NAME = "filter_units=remove_types=6"  # a message of the bitstream that names x264's build and settings
BT709 = 1  # of primaries, transfer and matrix alike


def film(frames_FHW3: np.ndarray) -> bytes:
    """From uint8, red first; sides are even."""
    file = BytesIO()
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(ENCODER, rate=FPS, options=OPTIONS)
        stream.height, stream.width = frames_FHW3.shape[1:3]
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.thread_count, context.flags = 1, context.flags | Flags.bitexact
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = ColorRange.MPEG
        unnamed = BitStreamFilterContext(ENCODER_NAME, stream) if ENCODER == "libx264" else None
        for frame in [*map(frame_of, frames_FHW3), None]:
            for packet in stream.encode(frame):
                container.mux(packet if unnamed is None else unnamed.filter(packet))
    return file.getvalue()


def frame_of(pixels_HW3: np.ndarray) -> av.VideoFrame:
    """As H.264 takes it: chroma of half the sides."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels_HW3), "rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
