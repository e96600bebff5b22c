"""Benchmark functions in PyTorch, as functions of a flat point; workloads.py has the same ones in JAX."""

import numpy as np
import torch
import torch.nn.functional as F

from workloads import Draw


def cnn():
    d = Draw(5)
    tensor = lambda shape, scale=1.0: torch.tensor(np.asarray(d(shape, scale)))
    shapes = {"k1": (3, 3, 1, 8), "k2": (3, 3, 8, 16), "w": (256, 10), "b": (10,)}
    x = {name: tensor(shape, scale) for (name, shape), scale in zip(shapes.items(), (0.5, 0.2, 0.1, 0.1))}
    # PyTorch's images are channels first, its kernels (out, in, height, width).
    images = tensor((32, 16, 16, 1)).permute(0, 3, 1, 2).contiguous()
    labels = torch.eye(10)[torch.arange(32) % 10]
    # As in a flattened tree, by sorted name.
    names = sorted(x)
    flat = torch.cat([x[name].reshape(-1) for name in names])
    sizes = [x[name].numel() for name in names]

    def pool(image):
        return F.avg_pool2d(image, 2)

    def f(z):
        v = {name: part.reshape(shapes[name]) for name, part in zip(names, torch.split(z, sizes))}
        h = pool(F.softplus(F.conv2d(images, v["k1"].permute(3, 2, 0, 1), padding=1)))
        h = pool(F.softplus(F.conv2d(h, v["k2"].permute(3, 2, 0, 1), padding=1)))
        logits = h.permute(0, 2, 3, 1).reshape(32, 256) @ v["w"] + v["b"]
        return -(labels * F.log_softmax(logits, 1)).sum(1).mean()

    return f, flat


TORCH_WORKLOADS = {"cnn": cnn}
