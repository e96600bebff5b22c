"""The benchmark's functions in JAX; bench/workloads/ has the same ones, on the same numbers, in tfjs."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

RNG_MULTIPLIER, RNG_INCREMENT = 1664525, 1013904223  # Numerical Recipes' 32-bit generator


class Draw:
    """Numbers in [-scale, scale), float32, the same in both languages."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, shape, scale=1.0):
        count = int(np.prod(shape))
        values = np.empty(count)
        state = self.state
        for i in range(count):
            state = (RNG_MULTIPLIER * state + RNG_INCREMENT) % 2**32
            values[i] = (state / 2**31 - 1) * scale
        self.state = state
        return jnp.asarray(values.reshape(shape).astype(np.float32))


def mlp():
    d = Draw(1)
    x = {
        "w1": d((16, 64), 0.4),
        "b1": d((64,), 0.1),
        "w2": d((64, 64), 0.2),
        "b2": d((64,), 0.1),
        "w3": d((64, 1), 0.2),
        "b3": d((1,), 0.1),
    }
    inputs, labels = d((256, 16)), d((256, 1))

    def f(x):
        h1 = jnp.tanh(inputs @ x["w1"] + x["b1"])
        h2 = jnp.tanh(h1 @ x["w2"] + x["b2"])
        return jnp.mean((h2 @ x["w3"] + x["b3"] - labels) ** 2)

    return f, x


def optics():
    modes, pupil, image = 200, 128, 64
    d = Draw(2)
    x = d((modes,), 0.05)
    frequencies, phases = np.asarray(d((modes, 2), 3.0), np.float64), np.asarray(d((modes,), 3.0), np.float64)
    u = np.arange(pupil) / (pupil / 2) - 1
    # Each mode is a plane wave over the pupil, (modes, pupil, pupil).
    waves = np.cos(
        frequencies[:, 0, None, None] * u[None, :, None] + frequencies[:, 1, None, None] * u[None, None, :] + phases[:, None, None]
    )
    basis = jnp.asarray(waves.astype(np.float32).reshape(modes, pupil * pupil))
    aperture = jnp.asarray((u[:, None] ** 2 + u[None, :] ** 2 <= 1).astype(np.float32))
    angles = 0.5 * np.outer(np.arange(image) - image / 2, np.arange(pupil) - pupil / 2) * 2 * np.pi / pupil
    c, s = jnp.asarray((np.cos(angles) / pupil).astype(np.float32)), jnp.asarray((np.sin(angles) / pupil).astype(np.float32))
    counts = d((image, image)) + 1  # uniform in [0, 2)

    def f(x):
        phase = (x @ basis).reshape(pupil, pupil)
        re, im = aperture * jnp.cos(phase), aperture * jnp.sin(phase)
        re1, im1 = c @ re + s @ im, c @ im - s @ re
        re2, im2 = re1 @ c.T + im1 @ s.T, im1 @ c.T - re1 @ s.T
        intensity = 100 * (re2**2 + im2**2) + 0.125
        return jnp.sum(intensity - counts * jnp.log(intensity))

    return f, x


def heat():
    x = Draw(3)((16, 16))

    def step(u, _):
        neighbours = jnp.roll(u, 1, 0) + jnp.roll(u, -1, 0) + jnp.roll(u, 1, 1) + jnp.roll(u, -1, 1)
        return u + 0.125 * (neighbours - 4 * u) + 0.0625 * (u - u * u * u), None

    def f(u):
        # Unrolled, XLA takes minutes to compile it.
        return jnp.sum(lax.scan(step, u, None, length=50)[0] ** 2)

    return f, x


def rosen():
    x = Draw(4)((10_000,))

    def f(x):
        return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    return f, x


def cnn():
    d = Draw(5)
    x = {
        "k1": d((3, 3, 1, 8), 0.5),
        "k2": d((3, 3, 8, 16), 0.2),
        "w": d((256, 10), 0.1),
        "b": d((10,), 0.1),
    }
    images = d((32, 16, 16, 1))
    labels = jnp.eye(10)[jnp.arange(32) % 10]

    def conv(image, kernel):
        return lax.conv_general_dilated(image, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def pool(image):
        return lax.reduce_window(image, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4

    def f(x):
        h = pool(jax.nn.softplus(conv(images, x["k1"])))
        h = pool(jax.nn.softplus(conv(h, x["k2"])))
        logits = h.reshape(32, 256) @ x["w"] + x["b"]
        return -jnp.mean(jnp.sum(labels * jax.nn.log_softmax(logits), axis=1))

    return f, x


def lstm():
    steps, sequences, units = 8, 32, 16
    d = Draw(6)
    x = {
        "kernel": d((4, 4 * units), 0.5),
        "recurrent": d((units, 4 * units), 0.3),
        "bias": d((4 * units,), 0.1),
        "readout": d((units, 1), 0.5),
    }
    inputs, labels = d((steps, sequences, 4)), d((sequences, 1))

    def f(x):
        def cell(state, step):
            h, c = state
            gates = step @ x["kernel"] + h @ x["recurrent"] + x["bias"]
            take, forget, update, give = jnp.split(gates, 4, axis=1)
            c = jax.nn.sigmoid(forget) * c + jax.nn.sigmoid(take) * jnp.tanh(update)
            return (jax.nn.sigmoid(give) * jnp.tanh(c), c), None

        zeros = jnp.zeros((sequences, units))
        (h, _), _ = lax.scan(cell, (zeros, zeros), inputs)
        return jnp.mean((h @ x["readout"] - labels) ** 2)

    return f, x


def transformer():
    sequences, tokens, width, heads, hidden, epsilon = 8, 16, 16, 2, 64, 1 / 1024
    head = width // heads
    d = Draw(7)
    x = {
        "query": d((width, width), 0.5),
        "key": d((width, width), 0.5),
        "value": d((width, width), 0.5),
        "join": d((width, width), 0.5),
        "up": d((width, hidden), 0.4),
        "down": d((hidden, width), 0.2),
        "upBias": d((hidden,), 0.1),
        "downBias": d((width,), 0.1),
        "gain1": 1 + d((width,), 0.125),
        "shift1": d((width,), 0.1),
        "gain2": 1 + d((width,), 0.125),
        "shift2": d((width,), 0.1),
    }
    inputs, labels = d((sequences * tokens, width)), d((sequences * tokens, width))

    def layer_norm(h, gain, shift):
        centred = h - jnp.mean(h, -1, keepdims=True)
        variance = jnp.mean(centred**2, -1, keepdims=True)
        return centred * lax.rsqrt(variance + epsilon) * gain + shift

    def attention(h, x):
        split = lambda weights: (h @ weights).reshape(sequences, tokens, heads, head).transpose(0, 2, 1, 3)
        q, k, v = split(x["query"]), split(x["key"]), split(x["value"])
        shares = jax.nn.softmax(q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(head)))
        return (shares @ v).transpose(0, 2, 1, 3).reshape(sequences * tokens, width) @ x["join"]

    def f(x):
        h = inputs + attention(layer_norm(inputs, x["gain1"], x["shift1"]), x)
        inner = jax.nn.gelu(layer_norm(h, x["gain2"], x["shift2"]) @ x["up"] + x["upBias"], approximate=False)
        return jnp.mean((h + inner @ x["down"] + x["downBias"] - labels) ** 2)

    return f, x


def nbody():
    bodies, softening = 128, 1 / 64
    d = Draw(10)
    x = d((bodies, 3))
    mass = 1 + d((bodies,), 0.5)
    pairs = jnp.triu(jnp.outer(mass, mass), 1)

    def f(x):
        apart = x[:, None] - x[None]
        return -jnp.sum(pairs * lax.rsqrt(jnp.sum(apart**2, -1) + softening))

    return f, x


def pinn():
    points, starts, viscosity = 128, 64, 1 / 64
    d = Draw(11)
    x = {
        "w1": d((2, 30)),
        "b1": d((30,), 0.5),
        "w2": d((30, 30), 0.3),
        "b2": d((30,), 0.1),
        "w3": d((30, 1), 0.3),
        "b3": d((1,), 0.1),
    }
    times, places, first = 0.5 + d((points,), 0.5), d((points,)), d((starts,))
    first_values = -jnp.sin(np.float32(np.pi) * first)

    def f(x):
        def u(t, z):
            h1 = jnp.tanh(jnp.stack([t, z]) @ x["w1"] + x["b1"])
            h2 = jnp.tanh(h1 @ x["w2"] + x["b2"])
            return (h2 @ x["w3"] + x["b3"])[0]

        def residual(t, z):
            bend = jax.grad(jax.grad(u, 1), 1)(t, z)
            return jax.grad(u, 0)(t, z) + u(t, z) * jax.grad(u, 1)(t, z) - viscosity * bend

        start = jax.vmap(u)(jnp.zeros(starts), first) - first_values
        return jnp.mean(jax.vmap(residual)(times, places) ** 2) + jnp.mean(start**2)

    return f, x


def mlp_large():
    d = Draw(12)
    x = [d((200, 180), 0.1), d((180,), 0.1), d((64, 200), 0.2), d((200,), 0.1), d((180, 1), 0.1), d((1,), 0.1)]
    inputs, labels = d((256, 64)), d((256, 1))

    def f(x):
        w2, b2, w1, b1, w3, b3 = x
        h1 = jnp.tanh(inputs @ w1 + b1)
        h2 = jnp.tanh(h1 @ w2 + b2)
        return jnp.mean((h2 @ w3 + b3 - labels) ** 2)

    return f, x


def wide():
    d = Draw(8)
    x = {
        "w1": d((64, 128), 0.2),
        "b1": d((128,), 0.1),
        "w2": d((128, 64), 0.15),
        "b2": d((64,), 0.1),
        "w3": d((64, 10), 0.2),
        "b3": d((10,), 0.1),
    }
    inputs = d((32, 64))

    def f(x):
        h1 = jax.nn.softplus(inputs @ x["w1"] + x["b1"])
        h2 = jax.nn.softplus(h1 @ x["w2"] + x["b2"])
        return h2 @ x["w3"] + x["b3"]

    return f, x


def tall():
    spots, side = 12, 256
    d = Draw(9)
    x = {
        "row": d((spots,), 0.75),
        "column": d((spots,), 0.75),
        "height": 1 + d((spots,), 0.5),
        "logHigh": 2 + d((spots,), 0.5),
        "logWide": 2 + d((spots,), 0.5),
        "tilt": d((spots,), 2.0),
        "slope": d((3,), 0.25),
    }
    axis = jnp.asarray((np.arange(side) / (side / 2) - 1).astype(np.float32))
    rows, columns = axis[None, :, None], axis[None, None, :]

    def f(x):
        each = lambda name: x[name].reshape(spots, 1, 1)
        dy, dx = (rows - each("row")) * jnp.exp(each("logHigh")), (columns - each("column")) * jnp.exp(each("logWide"))
        spread = dy**2 + dx**2 - jnp.sin(each("tilt") * (dy * dx))
        ground = x["slope"][0] + x["slope"][1] * rows[0] + x["slope"][2] * columns[0]
        return jnp.sum(each("height") * jnp.exp(-0.5 * spread), 0) + ground

    return f, x


WORKLOADS = {
    "mlp": mlp,
    "optics": optics,
    "heat": heat,
    "rosen": rosen,
    "cnn": cnn,
    "lstm": lstm,
    "transformer": transformer,
    "nbody": nbody,
    "pinn": pinn,
    "mlp-large": mlp_large,
    "wide": wide,
    "tall": tall,
}

# Workloads of which the Jacobian is timed, and the faster way to it.
JACOBIANS = {"wide": jax.jacrev, "tall": jax.jacfwd}

# Workloads of which JAX computes the Hessian restricted by hand, too, where its leaves let it: widths to try, and slabs.
RESTRICTED = {
    "mlp": {"widths": [32, 64], "cut": {"w2": 4}},
    "cnn": {"widths": [8], "cut": {}},
    "lstm": {"widths": [64], "cut": {}},
    "pinn": {"widths": [32, 64], "cut": {}},
}
