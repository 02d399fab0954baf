"""PyTorch through torch.compile, forward and backward."""

import harness
import torch
from torch_losses import by_autograd, clip, load, siglip

harness.main(
    f"torch {torch.__version__}",
    load,
    {loss.__name__: by_autograd(loss, torch.compile(loss, dynamic=False)) for loss in (siglip, clip)},
)
