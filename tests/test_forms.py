"""Every network in each form that it is published in: names and shapes of the libraries' own, numbers that agree."""

import gzip
import json
from pathlib import Path

import drawn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import models
from models.files import fit, formats, inputs, recipes
from models.files.formats import WeightsError
from models.files.forms import RULES
from models.networks import inception_v3, resnet
from models.plans.table import INPUTS, Input
from tests.test_googlenet import close, slow_conv, slow_pool

pytestmark = pytest.mark.numbers

# {network and library: {name: shape}}, of scripts/make_published.py
PUBLISHED = json.loads(gzip.decompress((Path(__file__).parent / "data" / "published.json.gz").read_bytes()))
FORMS = [(entry.name, rule) for entry in models.NETWORKS.values() for rule in (entry.rule, *entry.also)]


def zeros(shapes):
    """Arrays of these shapes that take no room."""
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def slots():
    """Our weights of each network, made once."""
    return {entry.name: recipes._slots(entry) for entry in models.NETWORKS.values()}


@pytest.mark.parametrize("label", PUBLISHED)
def test_names_and_shapes_are_the_libraries_own(label, slots):
    """What is published fits, and nothing of it is unknown but the classifiers of training and what lies beside."""
    entry, found = models.NETWORKS[label.split()[0]], zeros(PUBLISHED[label])
    trunk = recipes._trunk(entry, slots[entry.name])
    fitted = fit.fit(entry, recipes._shapes(found), trunk, Path())
    assert recipes._compare(entry, fitted, fitted.head, found, slots[entry.name]) == []
    at_once = fit.fit(entry, recipes._shapes(found), [entry.first], Path())  # as a scene is checked
    assert (at_once.prefix, at_once.head) == (fitted.prefix, fitted.head)
    classes = {"base": 0, "transformers": 2}.get(label.split()[-1], entry.classes)
    if not entry.classifier or label == "vgg19 keras":
        classes = 0
    assert (fitted.head.classes if fitted.head else 0) == classes


@pytest.mark.parametrize("prefix", ["", "module.", "state_dict.vgg."])
def test_a_part_that_was_saved_alone(prefix, slots):
    """torch.save(vgg.features.state_dict()): its names begin with numbers."""
    entry, shapes = models.NETWORKS["vgg16"], PUBLISHED["vgg16 torchvision"]
    found = zeros({prefix + k.removeprefix("features."): v for k, v in shapes.items() if k.startswith("features.")})
    fitted = fit.fit(entry, recipes._shapes(found), recipes._trunk(entry, slots["vgg16"]), Path())
    assert recipes._compare(entry, fitted, None, found, slots["vgg16"]) == []
    assert fitted.names["features.28.bias"] == f"{prefix}28.bias"
    assert fit.fit(entry, recipes._shapes(found), [entry.first], Path()).rule is fitted.rule


# Which layer is which, where the names do not say it: as the libraries build them
PLACES = [
    ("inception_v3", "keras_inception", "Conv2d_1a_3x3", "conv2d_1/kernel"),
    ("inception_v3", "keras_inception", "Mixed_5b.branch_pool", "conv2d_12/kernel"),
    ("inception_v3", "keras_inception", "Mixed_6a.branch3x3", "conv2d_27/kernel"),
    ("inception_v3", "keras_inception", "Mixed_7a.branch7x7x3_4", "conv2d_76/kernel"),
    ("inception_v3", "keras_inception", "Mixed_7c.branch_pool", "conv2d_94/kernel"),
    ("inception_v3", "inception_2015", "Mixed_5b.branch5x5_2", "mixed/tower/conv_1/conv2d_params"),
    ("inception_v3", "inception_2015", "Mixed_6a.branch3x3", "mixed_3/conv/conv2d_params"),
    ("inception_v3", "inception_2015", "Mixed_7a.branch7x7x3_4", "mixed_8/tower_1/conv_3/conv2d_params"),
    ("inception_v3", "inception_2015", "Mixed_7c.branch3x3dbl_3b", "mixed_10/tower_1/mixed/conv_1/conv2d_params"),
    ("inception_v3", "inception_2015", "Mixed_7c.branch_pool", "mixed_10/tower_2/conv/conv2d_params"),
    ("resnet50", "caffe_resnet", "layer3.5.conv2", "res4f_branch2b[0]"),
    ("resnet50", "keras_resnet", "layer2.0.downsample.0", "res3a_branch1/kernel"),
    ("resnet50", "keras_resnet_2019", "layer4.2.conv3", "conv5_block3_3_conv/kernel"),
    ("resnet50", "transformers_resnet", "layer1.2.conv1", "encoder.stages.0.layers.2.layer.0.convolution.weight"),
    ("squeezenet1_1", "torch_squeezenet", "fire3.expand1x1", "features.4.expand1x1.weight"),
    ("squeezenet1_1", "torch_squeezenet", "fire4.squeeze", "features.6.squeeze.weight"),
    ("squeezenet1_1", "torch_squeezenet", "fire9.expand3x3", "features.12.expand3x3.weight"),
    ("squeezenet1_1", "caffe_squeezenet", "fire9.expand3x3", "fire9/expand3x3[0]"),
    ("vgg16", "torch_vgg_bn", "conv5_3", "features.40.weight"),
    ("vgg19", "torch_vgg", "conv5_4", "features.34.weight"),
    ("vgg16", "torch_of_caffe_vgg", "conv5_3", "conv5_3.weight"),
    ("googlenet", "torch_of_caffe", "inception_3a/5x5_reduce", "inception_3a_5x5_reduce.weight"),
    ("inception5h", "torch_of_tensorflow", "mixed4d_3x3_bottleneck", "mixed4d_3x3_bottleneck_pre_relu_conv.weight"),
    ("efficientnet_lite2", "timm_efficientnet", "block3.project", "blocks.1.2.conv_pwl.weight"),
    ("efficientnet_lite2", "timm_efficientnet", "block0.project", "blocks.0.0.conv_pw.weight"),
]


@pytest.mark.parametrize("network, rule, layer, kernel", PLACES)
def test_layers_are_where_the_libraries_put_them(network, rule, layer, kernel):
    assert rule in models.NETWORKS[network].also or rule == models.NETWORKS[network].rule
    assert RULES[rule].name(network, layer).kernel == kernel


# Numbers


def laid_out(rule, name, ours):
    """Our layers {layer: (kernel, bias)} as a source of that form would write them, with norms that change nothing."""
    found = {}
    for layer, (kernel, bias) in ours.items():
        source = rule.name(name, layer)
        found[source.kernel] = kernel.transpose(3, 2, 0, 1) if rule.outputs_first else kernel
        gain, shift, mean, variance, *times = rule.norms(source) or [""] * 4
        found |= {gain: np.ones_like(bias), shift: bias, mean: np.full_like(bias, 0.25)}
        found |= {variance: np.full_like(bias, 4 - rule.epsilon)}
        if times:  # Caffe keeps sums, and how many there were
            found |= {mean: 3 * found[mean], variance: 3 * found[variance], times[0]: np.array([3.0])}
        if source.norm:  # (2 x + bias - mean) / 2, and as much back
            found[source.kernel], found[shift] = 2 * found[source.kernel], bias + 0.125 if not source.bias else bias
        if source.bias:
            found[source.bias] = np.full_like(bias, 0.25) if source.norm else bias
    found.pop("", None)
    return found


@pytest.mark.parametrize("name, rule", FORMS)
def test_every_form_gives_the_same_weights(name, rule, slots):
    """The first convolution, one inside and the classifier, or the last."""
    entry, form = models.NETWORKS[name], RULES[rule]
    kernels = recipes._kernels(slots[name])
    layers = {entry.first, list(kernels)[len(kernels) // 3], entry.classifies or list(kernels)[-1]}
    some = {slot: shape for slot, shape in slots[name].items() if slot.rpartition(".")[0] in layers}
    ours = {slot: drawn.weight(slot, shape).astype(np.float64) for slot, shape in some.items()}
    takes, written = form.input(entry), {layer: (ours[f"{layer}.kernel"], ours[f"{layer}.bias"]) for layer in layers}
    kernel, bias = written[entry.first]
    kernel = kernel * np.array(takes.scale)[:, None]
    written[entry.first] = (kernel[:, :, ::-1] if takes.bgr else kernel), bias
    sources = [form.name(name, layer) for layer in kernels]
    others = {part: np.zeros(()) for source in sources for part in form.names(source)}
    found = others | laid_out(form, name, written)
    fitted = fit.fit(entry, recipes._shapes(found), recipes._trunk(entry, slots[name]), Path())
    assert fitted.rule is form
    made = recipes._converted(entry, fitted, fitted.head, found, some, Path())
    assert (made.entry.mean, made.how, made.entry.classes) == (takes.mean, form.how, entry.classes)
    for slot, array in made.arrays.items():
        assert np.allclose(array, ours[slot], rtol=1e-6, atol=1e-7), slot


@pytest.mark.parametrize("layer", ["conv1/7x7_s2", "inception_3a/1x1"])
def test_caffes_snapshots_in_hdf5(layer, tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "net.caffemodel.h5"
    with h5py.File(path, "w") as file:
        file["data/conv1/7x7_s2/0"], file["data/inception_3a/1x1/0"] = np.ones((64, 3, 7, 7)), np.ones((64, 192, 1, 1))
        file["data/loss3/classifier/0"] = np.ones((7, 1024))
    entry = models.NETWORKS["googlenet"]
    fitted = fit.fit(entry, formats.shapes(path), ["conv1/7x7_s2", "inception_3a/1x1"], path)
    assert fitted.names[f"{layer}[0]"] == f"data/{layer}/0" and models.entry_of("googlenet", path).classes == 7


# What pictures it takes


def of(form, kernel, taking="auto"):
    return inputs.of_kernel(INPUTS[form], kernel, taking)


@pytest.mark.parametrize("form", ["torch", "tf"])
@pytest.mark.parametrize("shape", [(3, 3, 3, 64), (7, 7, 3, 64)])
def test_caffes_numbers_are_known_by_the_first_kernels_scale(form, shape):
    kernel = drawn.weight("first", shape) * 0.7
    assert of(form, kernel) == INPUTS[form]
    assert of(form, kernel * 10) == INPUTS[form]  # a batch norm may follow
    assert of(form, kernel / 57) == of(form, kernel / 570) == Input(INPUTS[form].mean, bgr=True)
    assert of(form, kernel / 57, "tf") == INPUTS["tf"]  # the user knows better
    assert of("caffe", kernel) == of("caffe", kernel / 57) == INPUTS["caffe"]  # a form that says so itself
    assert of(form, np.broadcast_to(kernel[:1, :1] / 57, shape)) == INPUTS[form]


def test_the_published_vgg16_of_caffe_is_known_though_its_kernel_is_not_small():
    """jcjohnson's vgg16-00b39a1b.pth; the numbers are those that Keras' VGG16 begins with, too."""
    kernel = drawn.weight("first", (3, 3, 3, 64))
    kernel[0, 0, 0, :3] = 4.29470569e-01, 1.17273867e-01, 3.40129584e-02
    assert of("torch", kernel) == INPUTS["caffe"]


@pytest.mark.parametrize("caffes", [True, False])
@pytest.mark.parametrize("name", ["vgg16", "resnet50", "inception_v3", "googlenet_tv", "efficientnet_lite0"])
def test_the_first_activation_is_the_right_one(name, caffes, slots):
    """Held against the source's own arithmetic, in float64: the same network, written for either picture."""
    entry, form = models.NETWORKS[name], RULES[models.NETWORKS[name].rule]
    shape, picture = slots[name][f"{entry.first}.kernel"], np.float64(drawn.picture(16, 20))
    theirs, bias = drawn.weight("theirs", shape).astype(np.float64), drawn.weight("b", shape[3:]).astype(np.float64)
    mean, scale, _ = entry.input
    size, stride = shape[0], 1 + (name != "vgg16")
    sides = ((n - size) // stride + 1 for n in (16, 20))
    expected = slow_conv((picture - mean) / scale, theirs, stride, 0, 0, *sides)
    if caffes:
        theirs = (theirs / np.array(scale)[:, None])[:, :, ::-1]
    found = laid_out(form, name, {entry.first: (theirs, bias)})
    some = {slot: s for slot, s in slots[name].items() if slot.rpartition(".")[0] == entry.first}
    fitted = fit.fit(entry, recipes._shapes(found), [entry.first], Path())
    made = recipes._converted(entry, fitted, None, found, some, Path())
    kernel, shift = (np.float64(made.arrays[f"{entry.first}.{part}"]) for part in ("kernel", "bias"))
    mine = slow_conv(picture - made.entry.mean, kernel, stride, 0, 0, *expected.shape[1:3]) + shift
    assert close(mine, expected + bias)


# Networks that are built otherwise for a form


def test_the_authors_resnet_strides_in_the_first_kernel_and_rounds_up():
    """Held against loops in float64: convolutions, pool, and what the shortcut adds."""
    network = resnet.ResNet(((1, 4), (1, 4)), 0, (10, 20, 30), stride_first=True, pool_rounds_up=True, rngs=nnx.Rngs(0))
    picture = drawn.picture(21, 26)

    def conv(x, layer, stride=1, low=0):
        kernel = np.float64(layer.kernel[...])
        rows, columns = ((n + 2 * low - kernel.shape[0]) // stride + 1 for n in x.shape[1:3])
        return slow_conv(x, kernel, stride, low, low, rows, columns)

    relu = lambda x: np.maximum(x, 0)  # noqa: E731
    x = relu(conv(np.float64(picture) - (10, 20, 30), network.conv1, 2, 3))
    windows = [-(-(n - 3) // 2) + 1 for n in x.shape[1:3]]
    x = slow_pool(x, 3, 2, (0, windows[0]), (0, windows[1]))
    expected = {"maxpool": x}
    for stage, stride in ((1, 1), (2, 2)):
        block = getattr(network, f"layer{stage}.0")
        y = conv(relu(conv(relu(conv(x, block.conv1, stride)), block.conv2, 1, 1)), block.conv3)
        x = expected[f"layer{stage}"] = relu(y + conv(x, getattr(block, "downsample.0"), stride))
    run = jax.jit(lambda network, x: network(x), compiler_options={"xla_backend_optimization_level": 0})
    out = run(network, jnp.asarray(picture))
    assert {name: close(out[name], slow, 1e-4) for name, slow in expected.items()} == dict.fromkeys(expected, True)


def test_tensorflows_means_count_what_lies_inside():
    x = drawn.picture(5, 7)
    network = object.__new__(inception_v3.InceptionV3)
    windows = [(slice(max(0, i - 1), i + 2), slice(max(0, j - 1), j + 2)) for i in range(5) for j in range(7)]
    for inside in (True, False):
        object.__setattr__(network, "mean_of_inside", inside)
        parts = [x[0][window] for window in windows]
        expected = [part.mean((0, 1)) if inside else part.sum((0, 1)) / 9 for part in map(np.float64, parts)]
        assert close(network.averaged(jnp.asarray(x)), np.array(expected).reshape(x.shape))


def test_a_form_for_another_network_is_none_for_the_cache(slots):
    """`fetch` keeps what the table means: no other classes, strides or means."""
    entry = models.NETWORKS["resnet50"]
    some = {slot: s for slot, s in slots["resnet50"].items() if slot.rpartition(".")[0] in ("conv1", "fc")}
    layers = {layer: (np.ones(some[f"{layer}.kernel"]), np.ones(some[f"{layer}.bias"])) for layer in ("conv1", "fc")}
    with pytest.raises(WeightsError, match="is for another network of the same shapes, or for other pictures"):
        recipes.convert(entry, laid_out(RULES["caffe_resnet"], "resnet50", layers), some, Path("w"))
