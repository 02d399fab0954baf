"""
The towers of train_step.sig as one writes them in PyTorch, on parameters by the names of our checkpoints, and the training
step around them: loss, gradients, AdamW with its fused kernel.
"""

import torch
import torch.nn.functional as F

HEADS = 3
PATCH = 4
EPS = 1e-6
LR, BETAS, DECAY = 1e-3, (0.9, 0.95), 1e-4
DATA = ("image", "tokens")


class Parameters:
    """The values under one path; of layers that are called by their own."""

    def __init__(self, values, path=""):
        self.values, self.path = values, path

    def __getattr__(self, name):
        return Parameters(self.values, f"{self.path}{name}.")

    def __getitem__(self, name):
        return self.values[self.path + name]

    def __contains__(self, name):
        return self.path + name in self.values

    def depth(self):
        return next(k for k in range(1000) if f"{self.path}{k}.ln1.scale" not in self.values)


def linear(p, x):
    y = x @ p["weight"]
    return y + p["bias"] if "bias" in p else y


def norm(p, x):
    return F.layer_norm(x, x.shape[-1:], p["scale"], p["shift"], EPS)


def mlp(p, x):
    return linear(p.down, F.gelu(linear(p.up, x), approximate="tanh"))


def heads(x):
    return x.unflatten(-1, (HEADS, -1)).transpose(-2, -3)


def attend(q, k, v):
    return F.scaled_dot_product_attention(heads(q), heads(k), heads(v)).transpose(-2, -3).flatten(-2)


def blocks(p, x):
    for k in range(p.depth()):
        b = getattr(p, str(k))
        y = norm(b.ln1, x)
        x = x + linear(b.attn.out, attend(linear(b.attn.q, y), linear(b.attn.k, y), linear(b.attn.v, y)))
        x = x + mlp(b.mlp, norm(b.ln2, x))
    return x


def map_head(p, x):
    probe = linear(p.q, p["probe"]).expand(len(x), -1, -1)
    y = linear(p.out, attend(probe, linear(p.k, x), linear(p.v, x))).squeeze(1)
    return y + mlp(p.mlp, norm(p.norm, y))


def image_tower(p, image):
    n, side, _, channels = image.shape
    along = side // PATCH
    x = image.reshape(n, along, PATCH, along, PATCH, channels).transpose(2, 3).reshape(n, along * along, -1)
    return map_head(p.head, norm(p.norm, blocks(p.blocks, linear(p.embed, x) + p["pos"])))


def text_tower(p, tokens):
    return linear(p.head, norm(p.norm, blocks(p.blocks, p.embed["table"][tokens] + p["pos"]))[:, -1])


def features(values):
    p = Parameters(values)
    return linear(p.img_head, image_tower(p.img, values["image"]))


def loss_of(values):
    p = Parameters(values)
    zi = F.normalize(features(values))
    zt = F.normalize(text_tower(p.txt, values["tokens"]))
    logits = (zi * values["t_prime"].exp()) @ zt.T + values["bias"]
    return (F.softplus(logits).sum() - logits.diagonal().sum()) / len(zi)


def load_features(arrays):
    from harness import THREADS

    torch.set_num_threads(THREADS)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def load_training(arrays):
    tensors = load_features(arrays)
    for name, tensor in tensors.items():
        if name == "tokens":
            tensors[name] = tensor.long()
        elif name not in DATA:
            tensor.requires_grad_()
    return tensors


def embedding(forward):
    """`forward` is `features`, or a compiled form of it."""

    def program(values):
        last = {}

        @torch.inference_mode()
        def step():
            last["z"] = forward(values)

        return step, lambda: last

    return program


def training(forward):
    """`forward` is the loss of the values, or a compiled form of it."""

    def program(values):
        trained = {name: value for name, value in values.items() if name not in DATA}
        # torch scales the decay by the rate, and ours does not.
        groups = [
            {"params": [v for k, v in trained.items() if k not in ("t_prime", "bias")], "weight_decay": DECAY / LR},
            {"params": [v for k, v in trained.items() if k in ("t_prime", "bias")], "weight_decay": 0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=LR, betas=BETAS, fused=True)
        first = {}

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss = forward(values)
            loss.backward()
            if not first:
                first["loss"] = loss.detach()
                first["grad_norm"] = sum((v.grad.double() ** 2).sum() for v in trained.values()).sqrt()
            optimizer.step()

        return step, lambda: first

    return program
