"""The sizes that are measured: the published ones, and small ones of the same families for a CPU."""

from collections.abc import Callable
from functools import partial

import torch

from bench.subject import Subject, infinity, infinitystar, var
from vpg.layers.spacetime_schedule import Pyramid, named, unroll
from vpg.models import infinity as infinity_sizes
from vpg.models import var as var_sizes
from vpg.models.infinity import InfinityConfig
from vpg.models.infinity_schedule import schedule
from vpg.models.infinity_vae import VAES
from vpg.models.infinitystar import INFINITYSTAR_8B, InfinityStarConfig
from vpg.models.var import SCALES_256, VarConfig

Make = Callable[[torch.device, torch.dtype], Subject]

PUBLISHED: dict[str, Make] = {
    **{f"var-{name}": partial(var, config) for name, config in var_sizes.SIZES.items()},
    **{
        f"infinity-{name}": partial(infinity, infinity_sizes.SIZES[name], VAES[vae], schedule("1M/1:1"))
        for name, vae in (("2b", "d32"), ("8b", "d56"))
    },
    **{
        f"infinitystar-8b-{name}": partial(infinitystar, INFINITYSTAR_8B, named(f"{name}/16:9/5s"))
        for name in ("480p", "720p")
    },
}
SMALL_CLIPS = unroll(
    Pyramid(5, 3, 40, image_repetitions=(2,) * 5, clip_repetitions=(2, 2, 2, 1, 1)),
    [(1, 1), (2, 3), (3, 5), (5, 9), (8, 13)],
    [1, 4, 4],
)
SMALL: dict[str, Make] = {
    "var-small": partial(var, VarConfig(SCALES_256, 4096, 32, width=128, depth=4, heads=4)),
    "infinity-small": partial(
        infinity,
        InfinityConfig(depth=4, width=128, heads=4, chunks=2, text_width=256, text_length=64),
        VAES["d32"],
        schedule("0.06M/1:1"),
    ),
    "infinitystar-small": partial(
        infinitystar,
        InfinityStarConfig(128, 4, chunks=2, heads=4, key_heads=2, hidden=512, text_width=256),
        SMALL_CLIPS,
    ),
}
