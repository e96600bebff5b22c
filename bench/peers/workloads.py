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


WORKLOADS = {"mlp": mlp, "optics": optics, "heat": heat, "rosen": rosen, "cnn": cnn}
