"""PyTorch, op by op."""

import harness
import torch
from torch_losses import by_autograd, clip, load, siglip

harness.main(
    f"torch {torch.__version__}",
    load,
    {"siglip": by_autograd(siglip, siglip), "clip": by_autograd(clip, clip)},
)
