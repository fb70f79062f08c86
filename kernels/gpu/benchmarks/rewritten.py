"""Prompts as a rewriter made them, by the prompts that they stand for."""

import json
from pathlib import Path


def read_rewritten(path: Path | None) -> dict[str, str]:
    """InfinityStar's VBench_rewrited_prompt.json, or an object of prompts as Infinity's prompt_rewrite_cache.json."""
    if path is None:
        return {}
    given = json.loads(path.read_text())
    if isinstance(given, dict):
        return given
    return {entry["prompt_en"]: entry["refined_prompt"] for entry in given}
