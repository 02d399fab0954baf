"""PyTorch, op by op."""

import harness
import torch
from torch_losses import by_autograd, clip, load, siglip
from torch_towers import embedding, features, load_features, load_training, loss_of, training

harness.main(
    f"torch {torch.__version__}",
    {
        "siglip": (load, by_autograd(siglip, siglip)),
        "clip": (load, by_autograd(clip, clip)),
        "train_step": (load_training, training(loss_of)),
        "image_tower": (load_features, embedding(features)),
    },
)
