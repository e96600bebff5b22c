"""Prints the seconds of zodiax's first call for a workload, in a process where it was called for another function before.

`first_call.py WORKLOAD NBATCHES`: the counterpart of first-call.ts, which does the same with diffops.
"""

import sys
import time

import jax.numpy as jnp
import zodiax.diffops

from workloads import JACOBIANS, WORKLOADS

name, nbatches = sys.argv[1], int(sys.argv[2])
zodiax.diffops.hessian(lambda v: jnp.sum(v**3), jnp.ones(64), nbatches=8)[0].block_until_ready()
f, x = WORKLOADS[name]()
matrix = zodiax.diffops.jacobian if name in JACOBIANS else zodiax.diffops.hessian
start = time.perf_counter()
matrix(f, x, nbatches=nbatches)[0].block_until_ready()
print(time.perf_counter() - start)
