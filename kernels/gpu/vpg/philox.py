"""Philox4x32-10 (Salmon et al., 2011): random words from a key and a counter, the same on every machine."""

import numpy as np

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
LOW, SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox(key: int, counters_n4: np.ndarray) -> np.ndarray:
    """Counters uint32 [n, 4] to words uint32 [n, 4]; the key's low word goes first."""
    c0, c1, c2, c3 = counters_n4.astype(np.uint64).T
    low, high = key & 0xFFFFFFFF, key >> 32
    for _ in range(ROUNDS):
        first, second = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c2 = (second >> SHIFT) ^ c1 ^ np.uint64(low), (first >> SHIFT) ^ c3 ^ np.uint64(high)
        c1, c3 = second & LOW, first & LOW
        low, high = (low + WEYL[0]) & 0xFFFFFFFF, (high + WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)
