"""Runs the peers, one command a line on standard input: {"peer", "workload", "nbatches"} → {"seconds", "n"}.

`jax` is the Hessian by hand, compiled once and reused: jit(lax.map(vmap(linearize(grad f)))). `zodiax` is zodiax's
hessian as a user calls it, which compiles on every call. The command {"peer": "columns", "workload", "columns": […]} gives
these columns of the Hessian by single products, to compare results with.
"""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import zodiax
import zodiax.diffops
from jax.flatten_util import ravel_pytree

from workloads import WORKLOADS

posed, compiled = {}, {}


def pose(name):
    if name not in posed:
        posed[name] = WORKLOADS[name]()
    return posed[name]


def by_hand(name, nbatches):
    """The compiled function of the flat point, and that point; the first call has compiled it."""
    if (name, nbatches) not in compiled:
        f, x = pose(name)
        flat, unravel = ravel_pytree(x)
        n = flat.size
        width = -(-n // nbatches)
        indices = jnp.minimum(jnp.arange(nbatches * width), n - 1).reshape(nbatches, width)

        @jax.jit
        def whole(z):
            _, hvp = jax.linearize(jax.grad(lambda v: f(unravel(v))), z)
            block = lambda seeds: jax.vmap(hvp)(jax.nn.one_hot(seeds, n, dtype=z.dtype))
            # Rows of columns: H is symmetric, so no transpose is paid for.
            return jax.lax.map(block, indices).reshape(nbatches * width, n)[:n]

        whole(flat).block_until_ready()
        compiled[name, nbatches] = whole, flat
    return compiled[name, nbatches]


def columns(name, wanted):
    f, x = pose(name)
    flat, unravel = ravel_pytree(x)
    product = jax.jit(lambda v: jax.jvp(jax.grad(lambda z: f(unravel(z))), (flat,), (v,))[1])
    one_hot = lambda j: jax.nn.one_hot(j, flat.size, dtype=flat.dtype)
    return {str(j): np.asarray(product(one_hot(j)), np.float64).tolist() for j in wanted}


def run(command):
    peer, name = command["peer"], command["workload"]
    if peer == "columns":
        return columns(name, command["columns"])
    nbatches = command["nbatches"]
    if peer == "jax":
        whole, flat = by_hand(name, nbatches)
        start = time.perf_counter()
        hessian = whole(flat).block_until_ready()
    else:
        f, x = pose(name)
        start = time.perf_counter()
        hessian = zodiax.diffops.hessian(f, x, nbatches=nbatches)[0].block_until_ready()
    return {"seconds": time.perf_counter() - start, "n": int(hessian.shape[0])}


def main():
    versions = {"python": sys.version.split()[0], "jax": jax.__version__, "zodiax": zodiax.__version__}
    print(json.dumps({"versions": versions}), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
