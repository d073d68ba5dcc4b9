"""Guides and classes: what they climb, and what scenes may say about them."""

# ruff: noqa: F401 - a fixture is imported, and named again by the tests that take it

from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from quick import quickly
from scenes import TWO_LINES, folder, mistakes, read

from models import NETWORKS
from models.files.classes import UnknownClass, names, number_of
from render.dream import guide
from render.dream.objective import Target, energy, score
from render.film import frames, needs
from render.media.pictures import read_picture
from render.scene.schedule import frame_params
from render.scene.terms import terms

DATA = Path(__file__).parent / "data"
pytestmark = [pytest.mark.numbers, pytest.mark.usefixtures("folder")]


STILL = "start: {noise: perlin}\nframes: 1\nmodel: squeezenet1_1\n"


def picture(path="flowers.png", size=(80, 50), seed=0):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (size[1] // 10, size[0] // 10, 3), np.uint8)
    Image.fromarray(small.repeat(10, 0).repeat(10, 1)).save(path)
    return path


# What is climbed


def test_each_position_takes_the_feature_with_the_largest_dot_product():
    """The gradient is that feature, as in the notebook, where it is written by hand."""
    rng = np.random.default_rng(0)
    a, f = rng.uniform(0, 1, (1, 5, 6, 8)), rng.uniform(0, 1, (11, 8))
    g = jax.grad(lambda a: jnp.sum(guide.likeness(a, jnp.asarray(f, jnp.float32))))(jnp.asarray(a, jnp.float32))
    expected = f[np.argmax(a.reshape(-1, 8) @ f.T, axis=1)].reshape(a.shape)
    np.testing.assert_allclose(g, expected, rtol=1e-5)


def test_a_class_counts_by_its_logit():
    logits = np.random.default_rng(0).normal(size=(1, 3, 4, 7)).astype(np.float32) * 30
    got = energy({"logits": jnp.asarray(logits)}, Target("logits", (2,), "class"))
    expected = np.mean(np.logaddexp(0, logits[..., 2].astype(np.float64)))
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_logits_of_any_size_stay_finite():
    for level in (-1000.0, 1000.0):
        logits = jnp.full((1, 2, 2, 3), level)
        g = jax.grad(lambda x: score({"logits": x}, (Target("logits", (1,), "class"),), jnp.ones(1)))(logits)
        assert np.isfinite(np.asarray(g)).all()


def test_features_are_those_of_the_guide(squeezenet):
    picture()
    drawn = guide.guided(squeezenet, [("flowers.png", ["fire4"])])
    assert isinstance(drawn, guide.Guided)
    image = guide.small(read_picture("flowers.png"))
    assert max(image.shape) == guide.SIDE
    expected = quickly(lambda network, x: network(x)["fire4"])(squeezenet, image[None]).reshape(-1, 256)
    np.testing.assert_allclose(
        drawn.features["guide0 fire4"], expected[:: -(-len(expected) // guide.MOST)], rtol=1e-4, atol=1e-3
    )


def test_a_guide_draws_more_likeness_out_of_noise_than_another(squeezenet):
    """A picture dreamed with one guide is liker to it than one dreamed with another, in fire7."""
    Image.open(DATA / "cat.png").resize((96, 64)).save("cat.png")
    Image.fromarray(np.full((64, 96, 3), (200, 60, 30), np.uint8)).save("flat.png")  # as large: one program for both

    def last(name):
        scene = read(f"{STILL}size: [64, 48]\ndream: {{guide: {name}, octaves: 1}}")
        return next(frames.frames(scene, squeezenet))

    like_a_cat = guide.guided(squeezenet, [("cat.png", ["fire7"])])
    likeness = partial(quickly(lambda network, x: jnp.mean(network(x[None])["guide0 fire7"])), like_a_cat)
    assert likeness(last("cat.png")) > 1.5 * likeness(last("flat.png"))


def test_a_class_is_seen_after_it_was_dreamed(squeezenet):
    """A cat's dream shows more of the cat than a fish's dream does, and that one more of the fish, by the logits."""

    def seen(cat, fish):
        dreamed = f"dream: {{class: {{Egyptian cat: {cat}, goldfish: {fish}}}, octaves: 1}}"
        scene = read(f"{STILL}size: [96, 64]\nseed: 3\n{dreamed}")
        return logits(squeezenet, next(frames.frames(scene, squeezenet)))

    logits = quickly(lambda network, x: network(x[None])["logits"].mean((0, 1, 2))[jnp.array([285, 1])])
    difference = seen(1, 0.001) - seen(0.001, 1)  # weights are traced: one program for both
    assert difference[0] > 5 and difference[1] < -5  # and e^5 is 148


# What scenes say


def test_terms_stand_in_the_order_of_the_weights():
    picture()
    scene = read(
        TWO_LINES + "dream:\n  layers: {fire3: 0.5}\n  class: {Egyptian cat: 2, 281: {0s: 0, 1s: 1}}\n"
        "  guide: {image: flowers.png, layers: {fire4: 3}}"
    )
    assert [(t.kind, t.layer, t.channels) for t in terms(scene)] == [
        ("layer", "fire3", ()),
        ("class", "logits", (285,)),
        ("class", "logits", (281,)),
        ("guide", "guide0 fire4", ()),
    ]
    assert frame_params(scene)[0].weights == (0.5, 2, 0, 3)
    assert needs.targets(scene, frame_params(scene)[0])[1] == Target("logits", (285,), "class")
    still = frame_params(replace(scene, frames=1, duration=None))[0]
    assert len(needs.targets(scene, still)) == 3  # what has no weight is left out


def test_class_or_guide_alone_dream_of_nothing_else():
    picture()
    assert [t.kind for t in terms(read(TWO_LINES + "dream: {class: tabby}"))] == ["class"]
    assert [
        (t.kind, t.layer) for t in terms(read(TWO_LINES + "model: squeezenet1_1\ndream: {guide: flowers.png}"))
    ] == [("guide", "guide0 fire7")]
    both = read(TWO_LINES + "dream: {guide: [flowers.png, {image: flowers.png, layers: [fire3, fire5]}]}")
    assert [t.layer for t in terms(both)] == ["guide0 fire7", "guide1 fire3", "guide1 fire5"]


def test_weights_of_classes_and_guides_can_be_set():
    picture()
    text = TWO_LINES + "dream: {class: [tabby, 285], guide: flowers.png}"
    scene = read(text, "dream.class.tabby=2", "dream.guide.layers.fire4=3")
    assert frame_params(scene)[0].weights == (2, 1, 3)
    assert [t.layer for t in terms(scene)] == ["logits", "logits", "guide0 fire4"]


def test_a_network_without_layers_given_dreams_its_own():
    assert [t.layer for t in terms(read(TWO_LINES + "model: googlenet"))] == ["inception_4c/output"]
    assert [t.layer for t in terms(read(TWO_LINES))] == ["block12", "block16"]
    assert [t.layer for t in terms(read(TWO_LINES + "model: squeezenet1_1"))] == ["fire7"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("{class: Egyptain cat}", "efficientnet_lite2 knows no class 'Egyptain cat'; did you mean 'Egyptian cat'"),
        ("{class: 1000}", "the classes of efficientnet_lite2 are 0 to 999, 1000 is none"),
        ("{class: crane}", "'crane' is more than one class: 134 (crane) and 517 (crane); write its number"),
        ("{class: []}", "must be a class's name or number, a list of such"),
        ("{class: true}", "must be a class's name or number, a list of such"),
        ("{class: {tabby: x}}", "dream.class.tabby: "),
        ("{guide: no.jpg}", "dream.guide: there is no file no.jpg"),
        ("{guide: {layers: fire7}}", "dream.guide.image: is missing: a guide is a picture"),
        ("{guide: {image: flowers.png, layers: fire77}}", "dream.guide.layers: squeezenet1_1 has no layer 'fire77'"),
        ("{guide: {image: flowers.png, layers: 'fire7[3]'}}", "fire7[3]: a guide draws by whole layers"),
        ("{guide: {image: flowers.png, layer: fire7}}", "unknown key 'layer'; did you mean 'layers'?"),
        ("{guide: []}", "must be a picture's path"),
        ("{natural: 7}", "dream.natural: must be from 0 to 1, not 7"),
        ("{natural: {color: 0.3}}", "unknown key 'color'; did you mean 'colour'?"),
    ],
)
def test_mistakes_are_told(text, message):
    picture()
    assert message in "\n".join(mistakes(TWO_LINES + f"dream: {text}"))


def test_networks_without_classifier_say_so():
    text = "\n".join(mistakes(TWO_LINES + "model: vgg16\ndream: {class: tabby}"))
    assert "vgg16 runs without its classifier here, and knows no classes" in text


# The names


def test_every_class_has_a_name():
    for entry in NETWORKS.values():
        if entry.classifier and entry.names:
            assert len(names(entry.names)) == entry.classes == entry.layers[entry.classifier]
            assert all(name for every in names(entry.names) for name in every)


def test_a_class_goes_by_any_of_its_names_and_its_number():
    entry = NETWORKS["squeezenet1_1"]
    for text in ("puma", "Cougar", "mountain lion", " 286 "):
        assert number_of(entry, text) == 286
    assert number_of(NETWORKS["googlenet_places365"], "throne room") == 331
    with pytest.raises(UnknownClass, match="have numbers only"):
        number_of(NETWORKS["inception5h"], "tabby")


def test_a_word_finds_the_classes_that_hold_it():
    with pytest.raises(UnknownClass, match="'Persian cat'"):
        number_of(NETWORKS["squeezenet1_1"], "cat")


def test_a_scene_that_names_layers_and_no_network_is_dreamed_by_the_one_that_has_them():
    picture()

    def network(dream):
        return read(TWO_LINES + f"dream: {dream}").model.name

    assert network("{layers: fire7}") == network("{guide: {image: flowers.png, layers: fire5}}") == "squeezenet1_1"
    assert network("{layers: 'block3[2]'}") == network("{class: tabby}") == "efficientnet_lite2"
    assert read(TWO_LINES + "model: efficientnet_lite0\ndream: {layers: block3}").model.name == "efficientnet_lite0"


def test_a_layer_of_another_network_names_that_network():
    (message,) = mistakes(TWO_LINES + "dream: {layers: [fire7, inception_4c/output]}")
    assert (
        "squeezenet1_1 has no layer 'inception_4c/output'; model: googlenet or googlenet_places365 has it." in message
    )
