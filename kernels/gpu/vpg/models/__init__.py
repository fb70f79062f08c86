"""Inference architectures, one model a file."""
