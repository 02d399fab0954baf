"""JAX, one jitted function for the loss and all gradients, or for a step of training; it writes them where the last step's lay."""

import harness
import jax
import jax.numpy as jnp
from jax_towers import training


def normalize(x):
    return x / jnp.maximum(jnp.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def siglip(image, text, t_prime, bias):
    zi, zt = normalize(image), normalize(text)
    scaled = zi * jnp.exp(t_prime)
    logits = scaled @ zt.T + bias
    partners = (scaled * zt).sum() + len(zi) * bias
    return (jax.nn.softplus(logits).sum() - partners) / len(zi)


def clip(image, text, t_prime):
    zi, zt = normalize(image), normalize(text)
    scaled = zi * jnp.exp(t_prime)
    logits = scaled @ zt.T
    partners = (scaled * zt).sum()
    return ((jax.nn.logsumexp(logits, 1).sum() + jax.nn.logsumexp(logits, 0).sum()) / 2 - partners) / len(zi)


def load(arrays):
    return {name: jax.block_until_ready(jnp.asarray(array)) for name, array in arrays.items()}


def jitted(loss, wrt):
    def program(values):
        leaves = [values[name] for name in wrt]
        both = jax.value_and_grad(loss, argnums=tuple(range(len(wrt))))
        # `_old` is read by nobody; donated, its memory is the new result's.
        run = jax.jit(lambda _old, *leaves: both(*leaves), donate_argnums=0, keep_unused=True)
        last = [jax.block_until_ready((jnp.zeros(()), tuple(jnp.zeros_like(leaf) for leaf in leaves)))]

        def step():
            last[0] = jax.block_until_ready(run(last[0], *leaves))

        def results():
            value, gradients = last[0]
            return {"loss": value, **{f"grad.{name}": gradient for name, gradient in zip(wrt, gradients)}}

        return step, results

    return program


harness.main(
    f"jax {jax.__version__}",
    {
        "siglip": (load, jitted(siglip, ("image", "text", "t_prime", "bias"))),
        "clip": (load, jitted(clip, ("image", "text", "t_prime"))),
        "train_step": (load, training),
    },
)
