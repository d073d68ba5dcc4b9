"""The shipped network recognises two photographs, agrees with its table, and refuses files that are not its own."""

import hashlib
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from PIL import Image
from safetensors.numpy import load_file, save_file

import models
from models.files import recipes
from models.files.weights import WeightsError
from render.scene.layers import split_layer

pytestmark = pytest.mark.numbers

DATA = Path(__file__).parent / "data"
SHIPPED = models.WEIGHTS / "squeezenet1_1.safetensors"


def picture(name):
    return jnp.asarray(np.asarray(Image.open(DATA / name), np.float32))[None]


@partial(jax.jit, static_argnames="layer")
def probabilities(network, image, layer="conv10"):
    return jax.nn.softmax(network(image)[layer].mean((1, 2)))[0]


def test_a_cat_is_a_cat(squeezenet):
    p = np.asarray(probabilities(squeezenet, picture("cat.png")))
    best = np.argsort(-p)[:3]
    assert best[0] == 285 and {*best[1:]} == {281, 282}  # Egyptian cat, then tabby and tiger cat
    assert p[285] == pytest.approx(0.49, abs=0.01)


def test_coffee_is_espresso(squeezenet):
    p = probabilities(squeezenet, picture("coffee.png"))
    assert p.argmax() == 967
    assert p[967] == pytest.approx(0.98, abs=0.005)


@pytest.mark.parametrize(
    "name, cat, coffee", [("efficientnet_lite0", 0.48, 0.64), ("efficientnet_lite2", 0.865, 0.956)]
)
def test_efficientnet_knows_both(name, cat, coffee):
    network = models.load(name)
    a, b = (np.asarray(probabilities(network, picture(file), "logits")) for file in ("cat.png", "coffee.png"))
    assert a.argmax() == 285 and {*np.argsort(-a)[1:3]} == {281, 282}
    assert b.argmax() == 967
    assert (a[285], b[967]) == (pytest.approx(cat, abs=0.01), pytest.approx(coffee, abs=0.01))


@pytest.mark.parametrize("name", models.NETWORKS)
def test_table_agrees_with_the_network(name):
    """Names, their order, channels and any size of picture; nothing is computed."""
    entry, order = models.NETWORKS[name], []
    build = import_module(f"models.networks.{entry.module}").build
    network = nnx.eval_shape(lambda: build(name))

    def run(network, images):
        out = network(images)
        order[:] = out  # eval_shape sorts a dictionary's keys
        return out

    for size in (97, 1):
        out = jax.eval_shape(run, network, jax.ShapeDtypeStruct((2, size, size + 6, 3), jnp.float32))
        assert {layer: out[layer].shape[-1] for layer in order} == entry.layers
        assert order == [*entry.layers]
        assert all(a.dtype == jnp.float32 and a.shape[0] == 2 and a.size for a in out.values())


@pytest.mark.parametrize("entry", models.NETWORKS.values(), ids=models.NETWORKS)
def test_every_entry_is_whole(entry):
    assert entry.default_layers and {*entry.default_layers} <= {*entry.layers}
    assert entry.classes == (entry.layers[entry.classifier] if entry.classifier else 0)
    assert entry.size and entry.licence and entry.trained_on and entry.rule in recipes.RULES
    assert bool(entry.sha256) != bool(entry.download)
    assert all(split_layer(layer) == (layer, ()) for layer in entry.layers)  # a scene can name them all


SHIPPED_ENTRIES = [entry for entry in models.NETWORKS.values() if entry.sha256]


@pytest.mark.parametrize("entry", SHIPPED_ENTRIES, ids=lambda entry: entry.name)
def test_shipped_file_is_the_tables(entry):
    data = (models.WEIGHTS / entry.file).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (entry.size, entry.sha256)


def test_sizes_halve_and_round_up(squeezenet):
    out = jax.eval_shape(squeezenet, jax.ShapeDtypeStruct((1, 360, 641, 3), jnp.float32))
    assert [out[layer].shape[1:3] for layer in ("conv1", "fire3", "fire5", "fire7")] == [
        (180, 321),
        (90, 161),
        (45, 81),
        (23, 41),
    ]


def test_a_feature_stays_over_what_it_sees(squeezenet):
    """A white dot in the middle of 129 pixels answers in the middle of 9 cells."""
    dot = np.full((1, 129, 129, 3), 128, np.float32)
    dot[:, 64, 64] = 255
    energy = np.square(jax.jit(lambda network, x: network(x)["fire5"])(squeezenet, jnp.asarray(dot))).sum(-1)[0]
    still = energy - np.median(energy)
    rows = np.arange(still.shape[0])
    inner = np.abs(still)[3:-3, 3:-3]  # borders see the padding
    assert inner.sum(1) @ rows[3:-3] / inner.sum() == pytest.approx(8, abs=0.5)


def test_no_weight_gets_a_gradient(squeezenet):
    x = picture("cat.png")[:, :32, :32]

    def score(network):
        return jnp.sum(jnp.square(network(x)["fire2"]))

    gradient = jax.jit(jax.grad(score))(squeezenet)
    assert all(not leaf.any() for leaf in jax.tree.leaves(gradient))


def test_unknown_network_names_the_known():
    with pytest.raises(ValueError, match=r"no network 'vgg99'.*squeezenet1_1"):
        models.load("vgg99")


def test_all_that_does_not_fit_is_listed_at_once(tmp_path):
    arrays = load_file(SHIPPED)
    del arrays["fire2.squeeze.bias"], arrays["conv10.kernel"]
    arrays["fire9.expand3x3.kernel"] = arrays["fire9.expand3x3.kernel"][:1]
    arrays["fire99.bias"] = np.zeros(3, np.float16)
    save_file(arrays, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError) as caught:
        models.load("squeezenet1_1", tmp_path / "other.safetensors")
    assert str(caught.value).splitlines()[1:] == [
        "  missing: conv10.kernel [1, 1, 512, 1000]",
        "  missing: fire2.squeeze.bias [16]",
        "  unexpected: fire99.bias [3]",
        "  shape: fire9.expand3x3.kernel is [1, 3, 64, 256], should be [3, 3, 64, 256]",
    ]


@pytest.mark.parametrize(
    "content", [SHIPPED.read_bytes()[:-1000], b"", b"no weights at all, only some text", b"\x89PNG"]
)
def test_damaged_files_say_so(tmp_path, content):
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"damaged\.safetensors is (no whole safetensors file|empty)"):
        models.load("squeezenet1_1", path)


def test_missing_file_says_so(tmp_path):
    with pytest.raises(WeightsError, match=r"cannot read the weights .*nowhere"):
        models.load("squeezenet1_1", tmp_path / "nowhere.safetensors")


def test_importing_models_imports_nothing_heavy():
    code = "import sys, models; print([m for m in ('jax', 'flax', 'numpy', 'safetensors') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=DATA.parents[1])
    assert result.stdout.strip() == "[]", result.stderr
