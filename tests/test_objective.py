"""The objective against numpy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from render.dream.objective import Target, energy, score

pytestmark = pytest.mark.numbers

RNG = np.random.default_rng(0)
ACTIVATIONS = {
    "low": RNG.normal(size=(1, 6, 7, 4)).astype(np.float32),
    "high": 50 * RNG.normal(size=(1, 3, 4, 8)).astype(np.float32),
}


def test_score_is_the_weighted_sum_of_log_mean_squares():
    targets, weights = (Target("low"), Target("high", (1, 5))), np.float32([1.5, -0.5])
    expected = 1.5 * np.log(np.mean(ACTIVATIONS["low"].astype(np.float64) ** 2))
    expected -= 0.5 * np.log(np.mean(ACTIVATIONS["high"].astype(np.float64)[..., [1, 5]] ** 2))
    got = score(jax.tree.map(jnp.asarray, ACTIVATIONS), targets, jnp.asarray(weights))
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_one_layer_points_where_the_l2_norm_points():
    def gradient(f):
        g = jax.grad(lambda a: f({"high": a}))(jnp.asarray(ACTIVATIONS["high"]))
        return np.asarray(g / jnp.linalg.norm(g))

    ours = gradient(lambda a: score(a, (Target("high"),), jnp.ones(1)))
    np.testing.assert_allclose(ours, gradient(lambda a: 0.5 * jnp.sum(a["high"] ** 2)), atol=1e-6)


def test_weights_compare_whatever_the_magnitudes():
    def pull(layer):
        g = jax.grad(lambda scale: score({layer: scale * ACTIVATIONS[layer]}, (Target(layer),), jnp.ones(1)))(
            jnp.float32(1)
        )
        return float(g)

    np.testing.assert_allclose(pull("low"), pull("high"), rtol=1e-5)


def test_a_silent_layer_is_no_nan():
    silent = jnp.zeros((1, 4, 4, 2))
    value, slope = jax.value_and_grad(lambda a: score({"a": a}, (Target("a"),), jnp.ones(1)))(silent)
    assert np.isfinite(value) and np.all(np.asarray(slope) == 0)


def test_energy_of_channels_looks_at_these_only():
    activation = jnp.zeros((1, 2, 2, 3)).at[..., 1].set(2.0)
    assert float(energy({"a": activation}, Target("a", (1,)))) == 4.0
    assert float(energy({"a": activation}, Target("a", (0, 2)))) == 0.0
