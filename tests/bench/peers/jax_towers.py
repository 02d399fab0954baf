"""The towers of train_step.sig as one writes them in JAX, and one jitted step of training that gives its arrays to the next."""

import jax
import jax.numpy as jnp

HEADS = 3
PATCH = 4
EPS = 1e-6
LR, BETA1, BETA2, DECAY, ADAM_EPS = 1e-3, 0.9, 0.95, 1e-4, 1e-8
DATA = ("image", "tokens")


def linear(p, path, x):
    y = x @ p[f"{path}.weight"]
    return y + p[f"{path}.bias"] if f"{path}.bias" in p else y


def norm(p, path, x):
    centred = x - x.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + EPS) * p[f"{path}.scale"] + p[f"{path}.shift"]


def mlp(p, path, x):
    return linear(p, f"{path}.down", jax.nn.gelu(linear(p, f"{path}.up", x), approximate=True))


def heads(x):
    return x.reshape(*x.shape[:-1], HEADS, -1)


def attend(q, k, v):
    seen = jax.nn.dot_product_attention(heads(q), heads(k), heads(v))
    return seen.reshape(*q.shape)


def blocks(p, path, x):
    k = 0
    while f"{path}.{k}.ln1.scale" in p:
        at = f"{path}.{k}"
        y = norm(p, f"{at}.ln1", x)
        q, key, v = (linear(p, f"{at}.attn.{name}", y) for name in "qkv")
        x = x + linear(p, f"{at}.attn.out", attend(q, key, v))
        x = x + mlp(p, f"{at}.mlp", norm(p, f"{at}.ln2", x))
        k += 1
    return x


def image_tower(p, image):
    n, side, _, channels = image.shape
    along = side // PATCH
    x = image.reshape(n, along, PATCH, along, PATCH, channels).transpose(0, 1, 3, 2, 4, 5).reshape(n, along * along, -1)
    x = norm(p, "img.norm", blocks(p, "img.blocks", linear(p, "img.embed", x) + p["img.pos"]))
    probe = jnp.broadcast_to(linear(p, "img.head.q", p["img.head.probe"]), (n, 1, x.shape[-1]))
    y = linear(p, "img.head.out", attend(probe, linear(p, "img.head.k", x), linear(p, "img.head.v", x)))[:, 0]
    return y + mlp(p, "img.head.mlp", norm(p, "img.head.norm", y))


def text_tower(p, tokens):
    x = norm(p, "txt.norm", blocks(p, "txt.blocks", p["txt.embed.table"][tokens] + p["txt.pos"]))
    return linear(p, "txt.head", x[:, -1])


def unit(x):
    return x / jnp.maximum(jnp.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def loss_of(p, image, tokens):
    zi = unit(linear(p, "img_head", image_tower(p, image)))
    zt = unit(text_tower(p, tokens))
    logits = (zi * jnp.exp(p["t_prime"])) @ zt.T + p["bias"]
    return (jax.nn.softplus(logits).sum() - jnp.trace(logits)) / len(zi)


def training(values):
    data = [values[name] for name in DATA]
    p = {name: value for name, value in values.items() if name not in DATA}
    zeros = {name: jnp.zeros_like(value) for name, value in p.items()}

    def update(state, image, tokens):
        p, m, v, t = state
        loss, g = jax.value_and_grad(loss_of)(p, image, tokens)
        t = t + 1
        m = {k: BETA1 * m[k] + (1 - BETA1) * g[k] for k in p}
        v = {k: BETA2 * v[k] + (1 - BETA2) * g[k] ** 2 for k in p}
        whole1, whole2 = 1 - BETA1**t, 1 - BETA2**t
        decay = {k: 0 if k in ("t_prime", "bias") else DECAY for k in p}
        p = {k: p[k] - LR * (m[k] / whole1) / (jnp.sqrt(v[k] / whole2) + ADAM_EPS) - decay[k] * p[k] for k in p}
        return (p, m, v, t), loss, jnp.sqrt(sum((x**2).sum() for x in g.values()))

    run = jax.jit(update, donate_argnums=0)
    last = [(p, zeros, {k: jnp.zeros_like(z) for k, z in zeros.items()}, jnp.zeros(()))]
    first = {}

    def step():
        last[0], loss, size = jax.block_until_ready(run(last[0], *data))
        if not first:
            first.update(loss=loss, grad_norm=size)

    return step, lambda: first
