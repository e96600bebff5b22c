"""Runs the peers, one command a line on standard input: {"peer", "workload", "nbatches", "columns"} → {"seconds"}.

`jax` is the matrix by hand, compiled once and reused: a Hessian by jit(lax.map(vmap(linearize(grad f)))), of which
`columns` says how many are made where that isn't all; a Jacobian by jit(jacrev f) or jit(jacfwd f). Its first command
also gives `compiled`, the seconds of compiling alone. `jax, restricted` is the same with the restriction that diffops finds
by itself done by hand (restricted.py), at the faster of some widths. `zodiax` is zodiax's hessian or jacobian as a user calls it, which
compiles on every call; `torch` is torch.func's jacrev(grad f). The command {"peer": "columns", "workload", "columns": […]} gives these columns by single
products, to compare results with.
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

from restricted import restricted_hessian
from workloads import JACOBIANS, RESTRICTED, WORKLOADS

posed, compiled = {}, {}
LONG = 10  # seconds


def timed(whole, flat):
    start = time.perf_counter()
    whole(flat).block_until_ready()
    return time.perf_counter() - start


def pose(name):
    """The function of a flat point, and that point."""
    if name not in posed:
        f, x = WORKLOADS[name]()
        flat, unravel = ravel_pytree(x)
        posed[name] = (lambda z: f(unravel(z))), flat
    return posed[name]


def hessian_by_hand(f, n, nbatches, count):
    width = -(-count // nbatches)

    def whole(z):
        _, hvp = jax.linearize(jax.grad(f), z)
        indices = jnp.minimum(jnp.arange(nbatches * width), count - 1).reshape(nbatches, width)
        block = lambda seeds: jax.vmap(hvp)(jax.nn.one_hot(seeds, n, dtype=z.dtype))
        # Rows of columns: H is symmetric, so no transpose is paid for.
        return jax.lax.map(block, indices).reshape(nbatches * width, n)[:count]

    return whole


def by_hand(name, nbatches, count):
    """Seconds of one run, and of compiling where it was compiled just now."""
    key, taken, (f, flat) = (name, nbatches), None, pose(name)
    if key not in compiled:
        whole = JACOBIANS[name](f) if name in JACOBIANS else hessian_by_hand(f, flat.size, nbatches, count or flat.size)
        start = time.perf_counter()
        compiled[key] = jax.jit(whole).lower(flat).compile()
        taken = time.perf_counter() - start
        first = timed(compiled[key], flat)
        # A short one once more: its pages are there from here on.
        if first > LONG:
            return {"seconds": first, "compiled": taken}
    return {"seconds": timed(compiled[key], flat), "compiled": taken}


def by_restriction(name):
    """Seconds of one run at the width that was fastest when it was compiled."""
    key, (_, flat) = (name, "restricted"), pose(name)
    if key not in compiled:
        f, x = WORKLOADS[name]()
        cut, first = RESTRICTED[name]["cut"], {}
        for width in RESTRICTED[name]["widths"]:
            rival = jax.jit(restricted_hessian(f, x, width=width, cut=cut)).lower(flat).compile()
            start = time.perf_counter()
            matrix = rival(flat).block_until_ready()
            first[rival] = time.perf_counter() - start
            check(f"the restricted Hessian of {name}", name, np.asarray(matrix))
        compiled[key] = min(first, key=lambda rival: min(first[rival], timed(rival, flat)) if len(first) > 1 else 0)
        if first[compiled[key]] > LONG:
            return {"seconds": first[compiled[key]]}
    return {"seconds": timed(compiled[key], flat)}


def check(what, name, matrix):
    """Raises where spot columns aren't those of single products, or the matrix isn't symmetric."""
    for j, column in columns(name, [0, len(matrix) // 3, len(matrix) - 1]).items():
        for found in (matrix[:, int(j)], matrix[int(j)]):
            apart = np.abs(found - column).max() / np.abs(column).max()
            assert apart < 2e-3, f"column {j} of {what} is off by {apart} of its largest entry"


def by_zodiax(name, nbatches):
    f, x = WORKLOADS[name]()
    start = time.perf_counter()
    matrix = zodiax.diffops.jacobian if name in JACOBIANS else zodiax.diffops.hessian
    matrix(f, x, nbatches=nbatches)[0].block_until_ready()
    return {"seconds": time.perf_counter() - start}


def by_torch(name, nbatches):
    """torch.func as its documentation has it: jacrev of grad, in chunks of columns."""
    import torch
    from torch_workloads import TORCH_WORKLOADS

    f, flat = TORCH_WORKLOADS[name]()
    whole = torch.func.jacrev(torch.func.grad(f), chunk_size=-(-flat.numel() // nbatches))
    start = time.perf_counter()
    matrix = whole(flat)
    seconds = time.perf_counter() - start
    check(f"{name} by PyTorch", name, matrix.numpy())
    return {"seconds": seconds}


def columns(name, wanted):
    f, flat = pose(name)
    inner = f if name in JACOBIANS else jax.grad(f)
    product = jax.jit(lambda v: jax.jvp(inner, (flat,), (v,))[1].ravel())
    one_hot = lambda j: jax.nn.one_hot(j, flat.size, dtype=flat.dtype)
    return {str(j): np.asarray(product(one_hot(j)), np.float64).tolist() for j in wanted}


def run(command):
    peer, name = command["peer"], command["workload"]
    if peer == "columns":
        return columns(name, command["columns"])
    if peer == "jax":
        return by_hand(name, command["nbatches"], command.get("columns"))
    if peer == "jax, restricted":
        return by_restriction(name)
    if peer == "torch":
        return by_torch(name, command["nbatches"])
    return by_zodiax(name, command["nbatches"])


def main():
    versions = {"python": sys.version.split()[0], "jax": jax.__version__, "zodiax": zodiax.__version__}
    print(json.dumps({"versions": versions}), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
