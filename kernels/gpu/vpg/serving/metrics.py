"""What an operator watches on Triton's /metrics: cache, device time, batch sizes. Sums; rates are the reader's."""

from typing import Any

import triton_python_backend_utils as pb


class Metrics:
    """Pictures a batch: pictures over batches. Milliseconds a picture's step: device time over pictures.

    To be let go of in the model's `finalize`: what outlives Triton's stub takes it down when it ends.
    """

    def __init__(self, model: str) -> None:
        self.families: list[Any] = []  # one that nobody holds is gone from /metrics
        labels, counter, gauge = {"model": model}, pb.MetricFamily.COUNTER, pb.MetricFamily.GAUGE
        pictures = self.family(counter, "vpg_pictures_total", "Steps of a picture answered")
        device_ms = self.family(counter, "vpg_device_ms_total", "Milliseconds that the device took for them")
        batches = self.family(counter, "vpg_batches_total", "Times that Triton handed requests over to be answered")
        cache_bytes = self.family(gauge, "vpg_cache_bytes", "Bytes of keys and values kept")
        self.pictures = {found: pictures.Metric(labels=labels | {"cache": found}) for found in ("hit", "miss")}
        self.device_ms, self.batches = device_ms.Metric(labels=labels), batches.Metric(labels=labels)
        self.cache_bytes = cache_bytes.Metric(labels=labels)

    def family(self, kind: Any, name: str, description: str) -> Any:
        self.families.append(pb.MetricFamily(name=name, description=description, kind=kind))
        return self.families[-1]

    def count(self, hits: int, misses: int, device_ms: float, cache_bytes: int) -> None:
        """After one batch."""
        self.batches.increment(1)
        for found, many in (("hit", hits), ("miss", misses)):
            if many > 0:
                self.pictures[found].increment(many)
        self.device_ms.increment(device_ms)
        self.cache_bytes.set(cache_bytes)
