"""
PyTorch with the backward pass written by hand: tile by tile, each logit's derivative made in place where the logit lay,
every product written into memory that is there already. Nothing n×n is kept, unless "keep" asks for it.

OPTIONS["with"]: "compiled" has torch.compile fuse what happens to a tile between the products; "keep" stores the softmax's
n×n exponentials instead of computing the logits again.
"""

import harness
import torch
from torch_tiles import Tiles

WITH = harness.OPTIONS["with"]


def load(arrays):
    torch.set_num_threads(harness.THREADS)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def either(eager, fusible):
    """Op by op what counts is to work in place; fused, to read the tile once and to take one exponential."""
    return torch.compile(fusible, dynamic=True) if "compiled" in WITH else eager


# Logits become their sigmoid; the sums of softplus and of sigmoid are given.


def sigmoid_eager(logits, bias):
    logits.add_(bias)
    softplus = torch.nn.functional.softplus(logits).sum()
    return softplus, logits.sigmoid_().sum()


def sigmoid_fusible(logits, bias):
    shifted = logits + bias
    e = torch.exp(-shifted.abs())
    sigmoid = torch.where(shifted >= 0, 1.0, e) / (1 + e)
    softplus = (shifted.clamp(min=0) + torch.log1p(e)).sum()
    total = sigmoid.sum()
    logits.copy_(sigmoid)
    return softplus, total


def siglip(values):
    tiles, last = Tiles(values), {}
    n, scale, bias = tiles.n, values["t_prime"].exp(), values["bias"]
    to_sigmoid_ = either(sigmoid_eager, sigmoid_fusible)

    def sweep(part):
        softplus, sigmoid = torch.zeros((2,), dtype=torch.float64)
        for i, j, room in tiles.each(part):
            tiles.logits_(i, j, room)
            of_tile = to_sigmoid_(room, bias)
            softplus += of_tile[0]
            sigmoid += of_tile[1]
            tiles.back(i, j, room)
        return softplus, sigmoid

    def step():
        tiles.forward(scale)
        softplus, sigmoid = sweep(n)
        # Partners have the loss softplus(l) − l, and the derivative σ(l) − 1.
        last["loss"] = (softplus - tiles.diagonal_sum() - n * bias) / n
        last["grad.bias"] = (sigmoid - n) / n
        last.update(tiles.finish(1, scale / n))

    tiles.forward(scale)
    tiles.choose(sweep)
    return step, lambda: last


# Logits become exp(l − scale), whose sums by row and by column are given.


def exponentials_eager(logits, scale):
    logits.sub_(scale).exp_()
    return logits.sum(1), logits.sum(0)


def exponentials_fusible(logits, scale):
    e = torch.exp(logits - scale)
    logits.copy_(e)
    return e.sum(1), e.sum(0)


# Exponentials become the derivative: their share of the row plus that of the column.


def shares_eager(room, exponentials, rows, columns):
    torch.mul(exponentials, rows + columns, out=room)


def shares_fusible(room, exponentials, rows, columns):
    room.copy_(exponentials * (rows + columns))


def again_eager(logits, scale, rows, columns):
    logits.sub_(scale).exp_().mul_(rows + columns)


def again_fusible(logits, scale, rows, columns):
    logits.copy_(torch.exp(logits - scale) * (rows + columns))


def clip(values):
    tiles, last = Tiles(values), {}
    n, scale = tiles.n, values["t_prime"].exp()
    # No logit is above the scale nor below its negative, so that one shift serves every row and column.
    assert scale < 40, "exp(−2 · scale) would underflow"
    kept = torch.empty(n, n) if "keep" in WITH else None
    row_sums, column_sums = torch.empty(n), torch.empty(n)
    to_exponentials_ = either(exponentials_eager, exponentials_fusible)
    to_shares_ = either(shares_eager, shares_fusible)
    to_shares_again_ = either(again_eager, again_fusible)

    def sums(part):
        row_sums.zero_()
        column_sums.zero_()
        for i, j, room in tiles.each(part):
            tiles.logits_(i, j, room)
            of_rows, of_columns = to_exponentials_(room, scale)
            row_sums[i] += of_rows
            column_sums[j] += of_columns
            if kept is not None:
                kept[i, j] = room

    def derivatives(part):
        of_rows, of_columns = row_sums.reciprocal()[:, None], column_sums.reciprocal()[None, :]
        for i, j, room in tiles.each(part):
            if kept is not None:
                to_shares_(room, kept[i, j], of_rows[i], of_columns[:, j])
            else:
                tiles.logits_(i, j, room)
                to_shares_again_(room, scale, of_rows[i], of_columns[:, j])
            tiles.back(i, j, room)

    def sweeps(part):
        sums(part)
        derivatives(part)

    def step():
        tiles.forward(scale)
        sweeps(n)
        logs = row_sums.double().log().sum() + column_sums.double().log().sum()
        last["loss"] = logs / (2 * n) + scale - tiles.diagonal_sum() / n
        # Each partner is the right answer of its row and of its column.
        last.update(tiles.finish(2, scale / (2 * n)))

    tiles.forward(scale)
    tiles.choose(sweeps)
    return step, lambda: last


harness.main(f"torch {torch.__version__}", {"siglip": (load, siglip), "clip": (load, clip)})
