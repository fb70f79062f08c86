"""Scenes: a procedural world with one richness setting, a series of small VARs on it, and measures proven on it."""
