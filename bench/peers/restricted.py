"""The Hessian by JAX where a leaf's columns compute no more than symmetry asks for, which diffops finds by itself.

Leaf by leaf, in an order of its own, H is linearized with that leaf's tangent alone active, and only the rows of that
leaf and of those after it are computed; the other half is mirrored. Leaves that are multiplied with may be cut into
slabs, each of which is a leaf then. All of it is one jitted function, as the plain one is.
"""

import itertools
import math

import jax
import jax.numpy as jnp


class Slabs:
    """The rows of a matrix in slabs, so that a gradient in one of them doesn't make those in the others."""

    def __init__(self, slabs):
        self.slabs = slabs

    def __rmatmul__(self, left):
        starts = itertools.accumulate((len(slab) for slab in self.slabs[:-1]), initial=0)
        return sum(left[..., at : at + len(slab)] @ slab for at, slab in zip(starts, self.slabs))


def restricted_hessian(f, x, *, width, cut):
    """A function of the flat point: `width` columns at a time, leaves of `cut` = {path: slabs} in slabs."""
    paths, tree = jax.tree.flatten_with_path(x)
    names, leaves = [jax.tree_util.keystr(path, simple=True) for path, _ in paths], [leaf for _, leaf in paths]
    parts, start = [], 0  # (leaf, shape, where it begins in the flat point), leaf by leaf
    for k, (name, leaf) in enumerate(zip(names, leaves)):
        slabs = cut.get(name, 1)
        shape = (leaf.shape[0] // slabs, *leaf.shape[1:]) if slabs > 1 else leaf.shape
        parts += [(k, shape, start + i * (leaf.size // slabs)) for i in range(slabs)]
        start += leaf.size
    # The last layer first: its columns need no tangent of the layers before it, and its rows little more than a product.
    parts.reverse()

    def join(values):
        of = [[value for (k, _, _), value in zip(parts, values) if k == leaf][::-1] for leaf in range(len(leaves))]
        return tree.unflatten([one[0] if len(one) == 1 else Slabs(one) for one in of])

    def columns_of(values, i):
        """The columns of part i, as rows: (its size, size of it and of all parts after it)."""

        def gradient(active):
            later = jax.grad(lambda rest: f(join([*values[:i], *rest])))([active, *values[i + 1 :]])
            return jnp.concatenate([leaf.ravel() for leaf in later])

        size, (_, product) = values[i].size, jax.linearize(gradient, values[i])
        blocks = -(-size // width)
        indices = jnp.minimum(jnp.arange(blocks * min(width, size)), size - 1).reshape(blocks, -1)
        column = lambda j: product(jax.nn.one_hot(j, size, dtype=values[i].dtype).reshape(values[i].shape))
        return jax.lax.map(jax.vmap(column), indices).reshape(indices.size, -1)[:size]

    def whole(z):
        values = [z[at : at + math.prod(shape)].reshape(shape) for _, shape, at in parts]
        H = jnp.zeros((z.size, z.size), z.dtype)
        for i, (_, _, column) in enumerate(parts):
            block = columns_of(values, i)
            for _, shape, row in parts[i:]:
                here, block = jnp.split(block, [math.prod(shape)], axis=1)
                H = jax.lax.dynamic_update_slice(H, here, (column, row))
                H = jax.lax.dynamic_update_slice(H, here.T, (row, column)) if row != column else H
        return H

    return whole
