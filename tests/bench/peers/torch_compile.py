"""PyTorch through torch.compile, forward and backward."""

import harness
import torch
from torch_losses import by_autograd, clip, load, siglip
from torch_towers import embedding, features, load_features, load_training, loss_of, training


def compiled(loss):
    return torch.compile(loss, dynamic=False)


harness.main(
    f"torch {torch.__version__}",
    {
        "siglip": (load, by_autograd(siglip, compiled(siglip))),
        "clip": (load, by_autograd(clip, compiled(clip))),
        "train_step": (load_training, training(compiled(loss_of))),
        "image_tower": (load_features, embedding(compiled(features))),
    },
)
