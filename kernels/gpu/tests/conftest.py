"""Small tensors only: one thread is faster than two, most of all beside other work."""

import torch

torch.set_num_threads(1)
