"""The step contract (docs/contract.md) around `vpg.step`: tensors, prefix cache, batches, a Triton server."""
