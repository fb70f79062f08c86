"""Sprites: a procedural world of flat illustrations, and the training of a small VAR on it."""
