"""
PyTorch with the backward pass written by hand: tile by tile, each logit's derivative made in place where the logit lay,
every product written into memory that is there already. Nothing n×n is kept, unless "keep" asks for it.

OPTIONS["with"]: "compiled" has torch.compile fuse what happens to a tile between the products; "keep" stores the softmax's
n×n exponentials instead of computing the logits again.
"""

import time

import harness
import torch

WITH = harness.OPTIONS["with"]
# Rows and columns of a tile; columns beyond n mean all of them. The fastest on a slice of the work is taken.
TILES = [(512, 1 << 30), (1024, 1024), (1024, 2048), (2048, 2048), (4096, 4096)]
SLICE = 4096


def fused(function):
    return torch.compile(function, dynamic=False) if "compiled" in WITH else function


def load(arrays):
    torch.set_num_threads(harness.THREADS)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


class Normalized:
    """z = x / |x|, and the way back."""

    def __init__(self, x):
        self.x, self.z = x, torch.empty_like(x)
        self.norm = torch.empty(len(x), 1)

    def forward(self):
        torch.linalg.vector_norm(self.x, dim=1, keepdim=True, out=self.norm)
        torch.div(self.x, self.norm.clamp_(min=1e-12), out=self.z)

    def backward_(self, g):
        """g becomes (g − z (z·g)) / |x|."""
        along = (self.z * g).sum(1, keepdim=True)
        return g.addcmul_(self.z, along, value=-1).div_(self.norm)


def starts(n, block):
    return [(k, min(k + block, n)) for k in range(0, n, block)]


class Tiles:
    """The n×n work in tiles of one size."""

    def __init__(self, n, width):
        self.n = n
        self.image_rows = torch.empty(n, width)
        self.text_rows = torch.empty(n, width)
        self.room = torch.empty(0)

    def choose(self, sweep):
        """sweep(rows of the batch): times each tile size on a slice, after one round to compile it."""
        best = None
        for rows, columns in TILES:
            if rows > self.n and best is not None:
                continue
            self.rows, self.columns = min(rows, self.n), min(columns, self.n)
            self.room = torch.empty(self.rows, self.columns)
            part = min(self.n, max(SLICE, self.rows))
            sweep(part)
            begun = time.perf_counter()
            sweep(part)
            took = time.perf_counter() - begun
            if best is None or took < best[0]:
                best = (took, self.rows, self.columns)
        _, self.rows, self.columns = best
        self.room = torch.empty(self.rows, self.columns)

    def each(self, part):
        for i, i_end in starts(part, self.rows):
            for j, j_end in starts(self.n, self.columns):
                shape = (i_end - i, j_end - j)
                yield slice(i, i_end), slice(j, j_end), self.room.view(-1)[: shape[0] * shape[1]].view(shape)

    def back(self, i, j, g, zi, zt):
        """The rows' gradient += g · zt, the columns' += gᵀ · zi."""
        self.image_rows[i].addmm_(g, zt[j], beta=0 if j.start == 0 else 1)
        self.text_rows[j].addmm_(g.T, zi[i], beta=0 if i.start == 0 else 1)


def sigmoid_by_tiles(values):
    image, text = Normalized(values["image"]), Normalized(values["text"])
    n, width = values["image"].shape
    tiles, last, scaled = Tiles(n, width), {}, torch.empty(n, width)
    scale, bias = values["t_prime"].exp(), values["bias"]

    @fused
    def tile_(logits, bias):
        """Logits become their sigmoid; gives the sums of softplus and of sigmoid. One exponential serves both."""
        logits = logits.add_(bias)
        e = torch.exp(-logits.abs())
        softplus = (logits.clamp(min=0) + torch.log1p(e)).sum()
        logits.copy_(torch.where(logits >= 0, 1.0, e) / (1 + e))
        return softplus, logits.sum()

    def tile_eager_(logits, bias):
        logits.add_(bias)
        softplus = torch.nn.functional.softplus(logits).sum()
        return softplus, logits.sigmoid_().sum()

    tile = tile_ if "compiled" in WITH else tile_eager_

    def sweep(part):
        softplus, sigmoid = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
        for i, j, room in tiles.each(part):
            torch.mm(scaled[i], text.z[j].T, out=room)
            of_tile = tile(room, bias)
            softplus += of_tile[0]
            sigmoid += of_tile[1]
            tiles.back(i, j, room, image.z, text.z)
        return softplus, sigmoid

    def forward():
        image.forward()
        text.forward()
        torch.mul(image.z, scale, out=scaled)

    def step():
        forward()
        softplus, sigmoid = sweep(n)
        partners = torch.dot(scaled.view(-1), text.z.view(-1)) + n * bias
        gi, gt = tiles.image_rows, tiles.text_rows
        # Partners have label 1: their derivative is σ − 1.
        gi.sub_(text.z).mul_(scale / n)
        gt.sub_(image.z).mul_(scale / n)
        last["loss"] = (softplus - partners) / n
        last["grad.t_prime"] = torch.dot(image.z.view(-1), gi.view(-1))
        last["grad.bias"] = (sigmoid - n) / n
        last["grad.image"], last["grad.text"] = image.backward_(gi), text.backward_(gt)

    forward()
    tiles.choose(sweep)
    return step, lambda: last


def softmax_by_tiles(values):
    image, text = Normalized(values["image"]), Normalized(values["text"])
    n, width = values["image"].shape
    tiles, last, scaled = Tiles(n, width), {}, torch.empty(n, width)
    scale = values["t_prime"].exp()
    # No logit is above the scale nor below its negative, so that one shift serves every row and column.
    assert scale < 40, "exp(−2 · scale) would underflow"
    kept = torch.empty(n, n) if "keep" in WITH else None
    row_sums, column_sums = torch.empty(n), torch.empty(n)

    @fused
    def exponentials_(logits, scale):
        logits.copy_(torch.exp(logits - scale))
        return logits.sum(1), logits.sum(0)

    @fused
    def derivative_(logits, scale, rows, columns):
        logits.copy_(torch.exp(logits - scale) * (rows[:, None] + columns[None, :]))

    @fused
    def from_kept_(room, exponentials, rows, columns):
        room.copy_(exponentials * (rows[:, None] + columns[None, :]))

    def exponentials_eager_(logits, scale):
        logits.sub_(scale).exp_()
        return logits.sum(1), logits.sum(0)

    def derivative_eager_(logits, scale, rows, columns):
        logits.sub_(scale).exp_()
        logits.mul_(rows[:, None] + columns[None, :])

    def from_kept_eager_(room, exponentials, rows, columns):
        torch.add(rows[:, None], columns[None, :], out=room).mul_(exponentials)

    compiled = "compiled" in WITH
    exponentials = exponentials_ if compiled else exponentials_eager_
    derivative = derivative_ if compiled else derivative_eager_
    from_kept = from_kept_ if compiled else from_kept_eager_

    def sums(part):
        row_sums.zero_()
        column_sums.zero_()
        for i, j, room in tiles.each(part):
            torch.mm(scaled[i], text.z[j].T, out=room)
            of_rows, of_columns = exponentials(room, scale)
            row_sums[i] += of_rows
            column_sums[j] += of_columns
            if kept is not None:
                kept[i, j] = room

    def derivatives(part):
        of_rows, of_columns = row_sums.reciprocal(), column_sums.reciprocal()
        for i, j, room in tiles.each(part):
            if kept is None:
                torch.mm(scaled[i], text.z[j].T, out=room)
                derivative(room, scale, of_rows[i], of_columns[j])
            else:
                from_kept(room, kept[i, j], of_rows[i], of_columns[j])
            tiles.back(i, j, room, image.z, text.z)

    def both(part):
        sums(part)
        derivatives(part)

    def forward():
        image.forward()
        text.forward()
        torch.mul(image.z, scale, out=scaled)

    def step():
        forward()
        both(n)
        partners = torch.dot(scaled.view(-1), text.z.view(-1))
        gi, gt = tiles.image_rows, tiles.text_rows
        # Each partner is the right answer of its row and of its column.
        gi.sub_(text.z, alpha=2).mul_(scale / (2 * n))
        gt.sub_(image.z, alpha=2).mul_(scale / (2 * n))
        logs = row_sums.double().log().sum() + column_sums.double().log().sum()
        last["loss"] = (logs / 2 + n * scale - partners) / n
        last["grad.t_prime"] = torch.dot(image.z.view(-1), gi.view(-1))
        last["grad.image"], last["grad.text"] = image.backward_(gi), text.backward_(gt)

    forward()
    tiles.choose(both)
    return step, lambda: last


harness.main(f"torch {torch.__version__}", load, {"siglip": sigmoid_by_tiles, "clip": softmax_by_tiles})
