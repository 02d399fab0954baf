"""
The losses as one writes them for autograd, at their leanest: the temperature scales n×d rows and not n×n logits, the
partners' logits are dot products of rows, and no label matrix is made.
"""

import torch
import torch.nn.functional as F


def siglip(image, text, t_prime, bias):
    zi, zt = F.normalize(image), F.normalize(text)
    scaled = zi * t_prime.exp()
    logits = (scaled @ zt.T).add_(bias)
    # −log σ(l) = softplus(l) − l for partners, and softplus(l) for all others.
    partners = (scaled * zt).sum() + len(zi) * bias
    return (F.softplus(logits).sum() - partners) / len(zi)


def clip(image, text, t_prime):
    zi, zt = F.normalize(image), F.normalize(text)
    scaled = zi * t_prime.exp()
    logits = scaled @ zt.T
    partners = (scaled * zt).sum()
    return ((logits.logsumexp(1).sum() + logits.logsumexp(0).sum()) / 2 - partners) / len(zi)


WRT = {siglip: ("image", "text", "t_prime", "bias"), clip: ("image", "text", "t_prime")}


def load(arrays):
    from harness import THREADS

    torch.set_num_threads(THREADS)
    return {name: torch.from_numpy(array).requires_grad_() for name, array in arrays.items()}


def by_autograd(loss, forward):
    """A peer's program: `forward` is the loss, or a compiled form of it."""

    def program(values):
        leaves = [values[name] for name in WRT[loss]]
        last = {}

        def step():
            value = forward(*leaves)
            last["loss"] = value.detach()
            last.update(zip((f"grad.{name}" for name in WRT[loss]), torch.autograd.grad(value, leaves)))

        return step, lambda: last

    return program
