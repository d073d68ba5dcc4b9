"""The ascent against an independent float64 computation, and its properties on small and real networks."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from render.dream import ascent
from render.dream.ascent import Knobs, Octave
from render.dream.image import octave_shapes
from render.dream.objective import Target, score

pytestmark = pytest.mark.numbers


def key():
    return jax.random.key(7)


ALL = (Target("a"),)


def mirror(images):
    """A network of one layer that sees the picture as it is: the gradient of its objective is 2x / sum(x²)."""
    return {"a": images}


def run(x, *, steps=(0, 5), step_size=2.0, jitter=8, network=mirror, targets=ALL, weights=(1.0,)):
    knobs = Knobs(jnp.float32(step_size), jnp.int32(jitter)), key(), (jnp.int32(steps[0]), jnp.int32(steps[1]))
    return np.asarray(
        ascent.ascend(jax.tree_util.Partial(network), jnp.array(x), jnp.float32(weights), *knobs, targets=targets)
    )


def image(h=20, w=30, low=60, high=120):
    return np.random.default_rng(0).uniform(low, high, (h, w, 3)).astype(np.float32)


def ramp(images):
    """A network whose response depends on where a pixel is, so that the order of roll and gradient matters."""
    h, w = images.shape[1:3]
    where = jnp.linspace(1.0, 3.0, h)[:, None] * jnp.linspace(0.5, 2.0, w)[None, :]
    return {"a": images * where[None, :, :, None]}


def test_ascent_agrees_with_numpy_in_float64():
    x = image()
    expected = x.astype(np.float64)
    where = np.linspace(1, 3, 20)[:, None, None] * np.linspace(0.5, 2, 30)[None, :, None]
    for i in range(5):
        offset = tuple(int(n) for n in ascent.shift(key(), jnp.int32(i), jnp.int32(8)))
        rolled = np.roll(expected, offset, (0, 1))
        g = 2 * where**2 * rolled / np.sum((where * rolled) ** 2)
        rolled = rolled + 2.0 * g / np.abs(g).mean()
        expected = np.clip(np.roll(rolled, (-offset[0], -offset[1]), (0, 1)), 0, 255)
    np.testing.assert_allclose(run(x, network=ramp), expected, atol=2e-3)


def test_a_step_changes_pixels_by_the_step_size_on_average():
    x = image()
    np.testing.assert_allclose(np.abs(run(x, steps=(0, 1), step_size=1.5) - x).mean(), 1.5, rtol=1e-4)


def test_jitter_is_undone_exactly():
    x = image()
    np.testing.assert_array_equal(run(x, step_size=0.0, jitter=1000, steps=(0, 9)), x)


def test_jitter_reaches_both_ends_in_both_directions():
    offsets = np.asarray(jax.vmap(lambda i: ascent.shift(key(), i, jnp.int32(2)))(jnp.arange(400)))
    assert all(set(offsets[:, axis]) == {-2, -1, 0, 1, 2} for axis in (0, 1))


def test_steps_in_two_halves_are_the_steps_in_one():
    x = image()
    np.testing.assert_allclose(run(run(x, steps=(0, 3)), steps=(3, 5)), run(x), atol=1e-4)


def test_levels_are_clipped():
    assert run(image(low=200, high=255), steps=(0, 40), step_size=5.0).max() == 255


def test_no_gradient_changes_nothing():
    x = image()
    got = run(x, network=lambda images: {"a": jnp.zeros_like(images) * images})
    np.testing.assert_array_equal(got, x)


def test_a_negative_weight_suppresses():
    x = image()
    assert run(x, weights=(-1.0,)).mean() < x.mean() < run(x).mean()


def test_schedules_compile_nothing_again():
    x = image(18, 22)
    run(x)
    before = ascent.ascend._cache_size()
    for k in range(1, 4):
        run(x, step_size=k, jitter=k, steps=(0, k), weights=(k,))
    assert ascent.ascend._cache_size() <= before + 1  # at most the first of this very network object
    count = ascent.ascend._cache_size()
    partial = jax.tree_util.Partial(mirror)
    for k in range(4):
        knobs = Knobs(jnp.float32(k), jnp.int32(k)), jax.random.fold_in(key(), k), (jnp.int32(0), jnp.int32(k))
        ascent.ascend(partial, jnp.array(x), jnp.float32([k]), *knobs, targets=ALL)
    assert ascent.ascend._cache_size() <= count + 1


def test_climb_never_loses_the_pictures_own_detail():
    full = jnp.asarray(image(60, 80))
    x = base = full
    for shape in octave_shapes((60, 80), octaves=3, scale=1.5):
        x, base = ascent.climb(full, x, base, shape=shape)
    np.testing.assert_allclose(x, full, atol=1e-3)


def test_climb_carries_the_detail_found():
    full = jnp.zeros((32, 32, 3))
    found = jnp.zeros((16, 16, 3)).at[8, 8].set(100.0)
    x, _ = ascent.climb(full, found, jnp.zeros((16, 16, 3)), shape=(32, 32))
    assert np.unravel_index(np.argmax(np.asarray(x[..., 0])), (32, 32)) in {(16, 16), (17, 17), (16, 17), (17, 16)}


def test_each_octave_has_its_own_numbers():
    """Two octaves that differ, and one between them that is left out, step by step."""
    full = jnp.asarray(image(32, 40))
    climb = partial(ascent.ascend, jax.tree_util.Partial(ramp))
    octaves = [
        Octave((16, 20), 2, Knobs(1.0, 3)),
        Octave((23, 29), 0, Knobs(9.0, 9)),
        Octave((32, 40), 3, Knobs(2.0, 0)),
    ]
    got = ascent.dream(climb, full, [1.0], targets=ALL, octaves=octaves, key=key())
    x = base = full
    for number, (shape, steps, knobs) in enumerate(octaves):
        if steps:
            x, base = ascent.climb(full, x, base, shape=shape)
            own = jax.random.fold_in(key(), number)
            x = climb(x, jnp.ones(1), knobs, own, (0, steps), targets=ALL)
    np.testing.assert_allclose(got, x, atol=1e-3)


@pytest.mark.parametrize("weights", [{"fire5": 1.0}, {"fire3": 0.5, "fire5[3,17]": 1.0}])
def test_the_objective_rises_on_the_real_network(squeezenet, weights):
    targets = tuple(Target("fire5", (3, 17)) if "[" in name else Target(name) for name in weights)
    before = jnp.asarray(image(64, 80))
    after = ascent.dream(
        partial(ascent.ascend, squeezenet),
        before,
        list(weights.values()),
        targets=targets,
        octaves=[Octave(shape, 6, Knobs(1.5, 4)) for shape in ((45, 57), (64, 80))],
        key=key(),
    )
    w = jnp.float32(list(weights.values()))
    value = jax.jit(lambda x: score(squeezenet(x[None]), targets, w))
    assert float(value(after)) > float(value(before)) + 0.5


def test_a_picture_forms_into_the_dream(squeezenet):
    octaves = [Octave(shape, 3, Knobs(1.5, 4)) for shape in ((32, 40), (45, 56))]
    how = {"targets": (Target("fire3"),), "octaves": octaves, "key": key()}
    full = jnp.asarray(image(45, 56))
    whole = ascent.dream(partial(ascent.ascend, squeezenet), full, [1.0], **how)
    stages = [
        np.asarray(ascent.developed(full, *s))
        for s in ascent.dream_steps(partial(ascent.ascend, squeezenet), full, [1.0], every=1, **how)
    ]
    assert len(stages) == 6
    assert all(s.shape == (45, 56, 3) for s in stages)
    np.testing.assert_allclose(stages[-1], whole, atol=0.2)
    distances = [np.abs(s - np.asarray(full)).mean() for s in stages]
    assert distances == sorted(distances)
