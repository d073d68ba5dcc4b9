"""The networks agree with torchvision's: activations, and the gradient that a dream follows, float64 with float64.

The numbers come from scripts/make_golden.py, which draws the same weights by their names there. Float32 would not do:
where a ReLU's argument is nearly zero rounding decides, and 0.8 % of a gradient differ from processor to processor.
"""

from importlib import import_module
from pathlib import Path

import drawn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from quick import quickly

import models
from models.files import recipes, weights

pytestmark = pytest.mark.numbers

DATA = Path(__file__).parent / "data"
NAMES = ("googlenet_tv", "vgg16", "vgg19", "inception_v3", "resnet50")
CLOSE = 1e-6  # of the norm: the files hold float32


def made(name):
    """The network with drawn weights, which come in under the source's names."""
    entry = models.NETWORKS[name]
    build = import_module(f"models.networks.{entry.module}").build
    slots = weights.wanted(lambda: build(name))
    found = {key: drawn.weight(key, shape) for key, shape in recipes.needed(entry, slots).items()}
    return weights.fill(lambda: build(name), recipes.convert(entry, found, slots, DATA, np.float64), DATA)


def difference(mine, golden):
    return np.linalg.norm(mine - golden) / np.linalg.norm(golden)


@pytest.mark.parametrize("name", NAMES)
def test_activations_and_gradient_are_torchvisions(name):
    golden = dict(np.load(DATA / f"golden_{name}.npz"))
    image = np.float64(drawn.picture(int(golden.pop("height")), int(golden.pop("width"))))
    gradient = golden.pop("gradient")

    def score(x, network):
        out = network(x)
        activations = {layer: out[layer] for layer in golden}
        return sum(jnp.mean(jnp.square(a)) for a in activations.values()), activations

    with jax.enable_x64():
        g, activations = quickly(jax.grad(score, has_aux=True))(image, made(name))
    assert g.dtype == jnp.float64
    for layer, expected in golden.items():
        assert difference(drawn.sample(activations[layer]), expected) < CLOSE, layer
    assert difference(drawn.sample(g, 20000), gradient) < CLOSE
