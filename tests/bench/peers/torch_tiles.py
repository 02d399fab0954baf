"""What the losses written by hand share: rows on the unit sphere and the way back, and the n×n work in tiles."""

import time

import torch

# Rows and columns of a tile; columns beyond n mean all of them. The fastest on a slice of the work is taken.
SIZES = [(512, 1 << 30), (1024, 2048), (2048, 4096)]
SLICE = 2048


class Normalized:
    """z = x / |x|."""

    def __init__(self, x):
        self.x, self.z, self.norm = x, torch.empty_like(x), torch.empty(len(x), 1)

    def forward(self):
        torch.linalg.vector_norm(self.x, dim=1, keepdim=True, out=self.norm)
        torch.div(self.x, self.norm.clamp_(min=1e-12), out=self.z)

    def backward_(self, g):
        """g becomes (g − z (z·g)) / |x|."""
        along = (self.z * g).sum(1, keepdim=True)
        return g.addcmul_(self.z, along, value=-1).div_(self.norm)


class Tiles:
    """Two unit embeddings against each other, tile by tile. `left` is what meets `text.z` in a logit: image.z, scaled."""

    def __init__(self, values):
        self.image, self.text = Normalized(values["image"]), Normalized(values["text"])
        self.n, width = values["image"].shape
        self.left, self.image_grad, self.text_grad = (torch.empty(self.n, width) for _ in range(3))

    def forward(self, scale):
        self.image.forward()
        self.text.forward()
        torch.mul(self.image.z, scale, out=self.left)

    def choose(self, sweep):
        """sweep(rows): does that many rows of the work. Each size does so twice, since the first time it may be compiled."""
        fastest = None
        for rows, columns in SIZES:
            self.resize(rows, columns)
            part = min(self.n, max(SLICE, self.rows))
            sweep(part)
            begun = time.perf_counter()
            sweep(part)
            took = (time.perf_counter() - begun) / part
            if fastest is None or took < fastest[0]:
                fastest = (took, rows, columns)
        self.resize(*fastest[1:])

    def resize(self, rows, columns):
        self.rows, self.columns = min(rows, self.n), min(columns, self.n)
        self.room = torch.empty(self.rows * self.columns)

    def each(self, part):
        """(rows, columns, room for their tile) of the first `part` rows."""
        for i in range(0, part, self.rows):
            for j in range(0, self.n, self.columns):
                rows, columns = min(self.rows, part - i), min(self.columns, self.n - j)
                yield slice(i, i + rows), slice(j, j + columns), self.room[: rows * columns].view(rows, columns)

    def logits_(self, i, j, room):
        torch.mm(self.left[i], self.text.z[j].T, out=room)

    def back(self, i, j, g):
        """The rows' gradient += g · zt, the columns' += gᵀ · zi."""
        self.image_grad[i].addmm_(g, self.text.z[j], beta=0 if j.start == 0 else 1)
        self.text_grad[j].addmm_(g.T, self.image.z[i], beta=0 if i.start == 0 else 1)

    def finish(self, partners, scale):
        """Takes `partners` off the diagonal of the derivative, and goes back to the inputs; `scale`: of every derivative."""
        gi, gt = self.image_grad, self.text_grad
        gi.sub_(self.text.z, alpha=partners).mul_(scale)
        gt.sub_(self.image.z, alpha=partners).mul_(scale)
        return {
            "grad.t_prime": torch.dot(self.image.z.view(-1), gi.view(-1)),
            "grad.image": self.image.backward_(gi),
            "grad.text": self.text.backward_(gt),
        }

    def diagonal_sum(self):
        return torch.dot(self.left.view(-1), self.text.z.view(-1))
