"""Weights as training leaves them: wrapped, prefixed, beside optimisers, of other classes; and none of it ever runs."""

import contextlib
import pickle
import zipfile
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import checkpoints
import drawn
import jax
import numpy as np
import pytest
from checkpoints import Built, Tensor, new, old, state_dict
from PIL import Image
from scenes import folder, mistakes, read  # noqa: F401 - a fixture

import models
from models.files import formats, recipes
from models.files.formats import WeightsError, torchpickle
from models.plans import widths
from render.__main__ import main

SIX = np.arange(6, dtype=np.float32)


@pytest.fixture
def write(tmp_path):
    def to_file(content, name="weights.pth"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return to_file


@pytest.fixture
def narrow(monkeypatch):
    """ResNet-50 with few and narrow blocks; its weights as torchvision names them."""
    monkeypatch.setitem(widths.RESNET, "resnet50", ((1, 4), (1, 6)))
    entry = replace(models.NETWORKS["resnet50"], layers=widths.resnet_layers("resnet50"))
    monkeypatch.setitem(models.NETWORKS, "resnet50", entry)
    return {name: drawn.weight(name, shape) for name, shape in recipes.needed(entry, recipes._slots(entry)).items()}


def made(path, **how):
    return recipes.made_of(models.NETWORKS["resnet50"], path, **how)


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


# What a file holds


@pytest.mark.parametrize("form", ["v1", "v2"])
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("container", [old, new])
def test_tensors_of_all_times(write, container, form, wrapped):
    arrays = {"a": SIX.reshape(2, 3), "b": SIX[:2]}
    found = formats.read(write(container(state_dict(arrays, form=form, wrapped=wrapped))))
    assert same(found, arrays)
    assert formats.shapes(write(container(state_dict(arrays)))) == {"a": (2, 3), "b": (2,)}


def test_parts_of_a_storage_are_their_own_in_old_files(write):
    a = Tensor("0", SIX, (3,), (1,), part=("v", 0, 3))
    b = Tensor("0", SIX, (2,), (1,), offset=1, part=("w", 3, 3))
    found = formats.read(write(old(OrderedDict(a=a, b=b))))
    assert found["a"].tolist() == [0, 1, 2] and found["b"].tolist() == [4, 5]


@pytest.mark.parametrize("container", [old, new])
def test_views_and_strides(write, container):
    tensors = {
        "turned": Tensor("0", SIX, (3, 2), (1, 3)),
        "late": Tensor("0", SIX, (2,), (1,), offset=4),
        "one": Tensor("1", SIX[:1], (4, 4), (0, 0)),
        "number": Tensor("0", SIX, (), (), offset=5),
    }
    found = formats.read(write(container(tensors)))
    assert found["turned"].tolist() == [[0, 3], [1, 4], [2, 5]] and found["late"].tolist() == [4, 5]
    assert found["one"].shape == (4, 4) and not found["one"].any() and found["number"] == 5


@pytest.mark.parametrize("container", [old, new])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "u2"])
def test_all_kinds_of_numbers(write, container, kind):
    values = np.array([1, -2.5, 0.375, 1024], np.float32)
    stored = (values.view("u4") >> 16).astype("u2") if kind == "u2" else values.astype(kind)  # u2 is bfloat16
    counts = Tensor("n", np.array([7]))
    found = formats.read(
        write(container({"a": Tensor("a", stored), "half": Tensor("a", stored, (2,), (2,)), "n": counts}))
    )
    assert found["a"].tolist() == values.tolist() and found["half"].tolist() == [1, 0.375] and found["n"] == 7


def test_bfloat16_in_safetensors(write):
    header = b'{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    content = (
        len(header).to_bytes(8, "little") + header + (np.float32([1.5, -4]).view("u4") >> 16).astype("<u2").tobytes()
    )
    assert formats.read(write(content, "a.safetensors"))["a"].tolist() == [1.5, -4]


def test_sums_are_checked_where_there_are_any(write):
    content = new(state_dict({"a": SIX}))
    damaged = bytearray(content)
    damaged[content.index(SIX.tobytes()) + 5] ^= 1
    with pytest.raises(WeightsError, match=r"no whole PyTorch state dict .* archive/data/a is damaged"):
        formats.read(write(bytes(damaged)))
    assert same(formats.read(write(new(state_dict({"a": SIX}), crc=False))), {"a": SIX})


# Where the network lies in it

LEFT = {
    "plain": lambda a: new(state_dict(a)),
    "plain_old": lambda a: old(state_dict(a, form="v1")),
    "module": lambda a: new(state_dict(a, "module.")),
    "compiled": lambda a: new(state_dict(a, "_orig_mod.")),
    "both": lambda a: new(state_dict(a, "_orig_mod.module.")),
    "inside": lambda a: new(state_dict({name.replace("layer1.", "layer1._orig_mod."): v for name, v in a.items()})),
    "lightning": lambda a: new({"epoch": 3, "state_dict": state_dict(a, "model.")}),
    "model": lambda a: new({"model": state_dict(a), "epoch": 12}),
    "model_state_dict": lambda a: old({"model_state_dict": state_dict(a), "loss": 0.3}),
    "ema": lambda a: new({"ema": {"module": state_dict(a)}, "updates": 7}),
    "averaged": lambda a: new({"model": state_dict(a), "model_ema": state_dict({"n": SIX} | halved(a), "module.")}),
    "nested": lambda a: new({"checkpoint": [{"nets": {"net": state_dict(a)}}, None]}),
    "backbone": lambda a: new(state_dict(a, "backbone.") | state_dict({"head.w": SIX, "conv1.w": SIX}, "decode.")),
    "contrast": lambda a: new({"state_dict": state_dict(a, "encoder_q.") | state_dict(halved(a), "encoder_k.")}),
    "whole": lambda a: new(checkpoints.module(a)),
    "whole_old": lambda a: old({"net": checkpoints.module(a)}),
    "momentum_old": lambda a: old({"state_dict": state_dict(a), "optimizer": momentum(a)}),
    "momentum": lambda a: new({"optimizer": momentum(a), "state_dict": state_dict(a)}),
    "best_old": lambda a: old({"state_dict": state_dict(a), "best": Tensor("best", np.array([54.7]))}),
    "scalar": lambda a: new({"state_dict": state_dict(a), "best": SCALAR}),
    "options": lambda a: new({"state_dict": state_dict(a), "args": Built("argparse", "Namespace", state={"lr": 0.1})}),
    "counted": lambda a: new(state_dict(a) | state_dict({"bn1.num_batches_tracked": np.array(5)})),
    "children": lambda a: new({"model": state_dict({child(name): v for name, v in a.items()}, "0."), "opt": None}),
    "double": lambda a: new(state_dict({name: v.astype("f8") for name, v in a.items()})),
    "no_sums": lambda a: new(state_dict(a), crc=False),
}  # fmt: skip
DTYPE = Built("numpy", "dtype", "f8", False, True, state=(3, "<", None, None, None, -1, -1, 0))
SCALAR = Built("numpy.core.multiarray", "scalar", DTYPE, Built("_codecs", "encode", "\0" * 8, "latin1"))


CHILDREN = ("conv1.", "bn1.", "relu.", "maxpool.", "layer1.", "layer2.")


def child(name):
    """As fastai, and whoever takes a network's children for a sequence, has it."""
    for i, own in enumerate(CHILDREN):
        if name.startswith(own):
            return f"{i}.{name.partition('.')[2]}"
    return name  # its fc lies beside


def halved(arrays):
    return {name: array / 2 for name, array in arrays.items()}


def momentum(arrays):
    buffers = {i: {"momentum_buffer": Tensor(f"m{i}", array / 3)} for i, array in enumerate(arrays.values())}
    return {"state": buffers, "param_groups": [{"lr": 0.1, "params": list(range(len(arrays)))}]}


@pytest.mark.parametrize("left", LEFT)
def test_a_checkpoint_is_the_network_in_it(write, narrow, left):
    expected = recipes.convert(models.NETWORKS["resnet50"], narrow, recipes._slots(models.NETWORKS["resnet50"]), Path())
    found = made(write(LEFT[left](narrow)))
    assert same(found.arrays, expected)
    assert (found.entry.classes, found.entry.names) == (1000, "imagenet")


@pytest.mark.parametrize("endings", ["weights.pth.tar", "pytorch_model.bin", "last.ckpt", "weights"])
def test_the_name_of_the_file_does_not_matter(write, narrow, endings):
    assert same(made(write(new(state_dict(narrow)), endings)).arrays, made(write(old(state_dict(narrow)))).arrays)


@pytest.mark.parametrize("container", [old, new])
def test_all_at_once(write, narrow, container):
    """Places365's resnet50_places365.pth.tar, which Python 2 wrote: bytes that are no ASCII, too."""
    dense = {"fc.weight": np.ones((365, 24), np.float32), "fc.bias": SIX[:1].repeat(365)}
    best = Tensor("best", np.array([54.7]))
    arch = Built("somewhere", "Name", "r\xe9snet")
    content = {"epoch": 90, "arch": arch, "state_dict": state_dict(narrow | dense, "module.", form="v1"), "best": best}
    found = made(write(container(content)))
    assert found.entry.classes == 365 and found.arrays["fc.kernel"].shape == (1, 1, 24, 365)
    plain = made(write(new(state_dict(narrow)))).arrays
    assert all(np.array_equal(found.arrays[name], plain[name]) for name in plain if not name.startswith("fc."))


# Its classifier


def other_head(arrays, **head):
    rest = {name: array for name, array in arrays.items() if not name.startswith("fc.")}
    return rest | {name.replace("_", "."): array.astype(np.float32) for name, array in head.items()}


HEADS = {  # head → classes
    "none": ({}, 0),
    "fewer": ({"fc_weight": np.ones((12, 24)), "fc_bias": np.arange(12)}, 12),
    "without_bias": ({"fc_weight": np.ones((12, 24))}, 12),
    "one": ({"fc_weight": np.ones((1, 24)), "fc_bias": np.ones(1)}, 1),
    "in_a_sequence": ({"fc_1_weight": np.ones((12, 24)), "fc_1_bias": np.ones(12)}, 12),
    "in_a_head": ({"head_fc_weight": np.ones((12, 24)), "head_fc_bias": np.ones(12)}, 12),
    "projection": ({"fc_0_weight": np.ones((24, 24)), "fc_2_weight": np.ones((8, 24))}, 0),
    "elsewhere": ({"projector_0_weight": np.ones((8, 24)), "prototypes_weight": np.ones((30, 8))}, 0),
}


def test_a_classifier_behind_the_network(write, narrow):
    """As people write it: self.backbone = resnet50(), its own fc taken off, and a layer of their own."""
    body = {f"backbone.{name}": array for name, array in other_head(narrow).items()}
    dense = {"fc.weight": np.ones((12, 24), np.float32), "fc.bias": SIX[:1].repeat(12)}
    path = write(new({"state_dict": state_dict(body | dense, "model.")}))
    assert models.entry_of("resnet50", path).classes == 12
    assert made(path).arrays["fc.kernel"].shape == (1, 1, 24, 12)


@pytest.mark.parametrize("head", HEADS)
def test_classifiers_of_ones_own(write, narrow, head):
    arrays, classes = HEADS[head]
    path = write(new(state_dict(other_head(narrow, **arrays), "module.")))
    entry, network = models.entry_of("resnet50", path), models.load("resnet50", path)
    assert (entry.classes, entry.layers.get("fc", 0), entry.names) == (classes, classes, "")
    out = jax.eval_shape(lambda network, x: network(x), network, jax.ShapeDtypeStruct((1, 32, 32, 3), np.float32))
    assert {name: a.shape[-1] for name, a in out.items()} == entry.layers


NO_CLASSIFIER = "{own} holds no classifier"
SCENE = "start: {{noise: perlin}}\nframes: 1\nmodel: {{name: resnet50, weights: own.pth}}\ndream:\n  {}\n"


@pytest.mark.parametrize(
    "head, dream, told",
    [
        ("fewer", "class: tabby", "5:10: dream.class: the classes of {own} have numbers only, 0 to 11"),
        ("fewer", "class: 12", "5:10: dream.class: the classes of {own} are 0 to 11, 12 is none"),
        ("fewer", "layers: 'fc[12]'", "5:11: dream.layers: fc[12]: the channels of fc are 0 to 11, 12 is none"),
        ("none", "class: 3", f"5:10: dream.class: {NO_CLASSIFIER}, and knows no classes; its layers can be dreamed"),
        ("none", "layers: fc", f"5:11: dream.layers: {NO_CLASSIFIER}, and so there is no layer 'fc'"),
    ],
)  # fmt: skip
def test_only_classes_need_a_classifier(folder, narrow, head, dream, told):  # noqa: F811
    Path("own.pth").write_bytes(new(state_dict(other_head(narrow, **HEADS[head][0]))))
    assert mistakes(SCENE.format(dream)) == [f"s.yaml:{told.format(own='own.pth')}"]
    for allowed in ("layers: layer1", "class: 11") if head == "fewer" else ("layers: layer1",):
        read(SCENE.format(allowed))


def test_a_sheet_of_a_file_of_ones_own(folder, narrow, capsys, monkeypatch):  # noqa: F811
    Path("own.pth").write_bytes(new(state_dict(other_head(narrow, **HEADS["none"][0]))))
    command = ["layers", "--model", "resnet50", "--weights", "own.pth"]
    assert main([*command, "--layer", "fc"]) == 2 and "has no layer 'fc'" in capsys.readouterr().err
    assert main([*command[:3], "--input", "caffe"]) == 2 and "--weights names none" in capsys.readouterr().err
    assert (
        main([*command[:4], "s.yaml"]) == 2 and "--weights: cannot read the weights s.yaml" in capsys.readouterr().err
    )
    assert main([*command, "-o", "own.pth", "--overwrite"]) == 2
    monkeypatch.setattr(
        "render.views.sheet.layer_sheet",
        lambda network, layers, *more, **how: Image.new("RGB", (len(layers), round(10 * network.mean[1]))),
    )
    assert main([*command, "--input", "caffe", "-o", "sheet.png"]) == 0
    with Image.open("sheet.png") as image:
        assert image.size == (len(models.NETWORKS["resnet50"].layers) - 1, 1168)


def test_a_network_that_runs_without_its_classifier_says_so(folder):  # noqa: F811
    Path("own.pth").write_bytes(new(state_dict({"features.0.weight": np.ones((64, 3, 3, 3), np.float32)})))
    told = "vgg16 runs without its classifier here, and knows no classes; its layers can be dreamed"
    assert mistakes(SCENE.format("class: 3").replace("resnet50", "vgg16")) == [f"s.yaml:5:10: dream.class: {told}"]


# What is no such file


def test_the_network_that_it_is_for_is_named(write, narrow):
    path = write(new(state_dict(narrow, "module.")))
    with pytest.raises(
        WeightsError, match=r"holds no weights of vgg16, such as features\.0\.weight; .*; is it for resnet50\?"
    ):
        models.entry_of("vgg16", path)


def test_another_network_says_so(write, narrow):
    path = write(new(state_dict({f"block{i}.weight": SIX for i in range(9)})))
    told = "holds no weights of resnet50, such as conv1.weight; what it holds is called block0.weight, .*, …"
    for refused in (lambda: made(path), lambda: models.entry_of("resnet50", path)):
        with pytest.raises(WeightsError, match=told):
            refused()


def test_a_deeper_network_is_not_taken_for_its_beginning(write, narrow):
    more = {name.replace("layer2.0", "layer2.1"): array for name, array in narrow.items() if "layer2.0.conv1" in name}
    path = write(new(state_dict(narrow | more, "module.")))
    with pytest.raises(WeightsError, match=r"does not fit the network:\n  unexpected: layer2\.1\.conv1\.weight"):
        made(path)


def test_all_that_is_missing_is_told_and_where_it_was_looked_for(write, narrow):
    del narrow["bn1.bias"]
    narrow["layer1.0.conv1.weight"] = narrow["layer1.0.conv1.weight"][:1]
    path = write(new({"state_dict": state_dict(narrow)}))
    with pytest.raises(WeightsError) as told:
        made(path)
    first, *lines = str(told.value).splitlines()
    assert first == f"{path} (behind state_dict.) does not fit the network:"
    assert lines == [
        "  missing: bn1.bias [64]",
        "  shape: layer1.0.conv1.weight is [1, 64, 1, 1], should be [4, 64, 1, 1]",
    ]


STRANGERS = {
    "page": (b"\n<!DOCTYPE html><title>404", "it is a web page (HTML)"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "it is a pointer of Git LFS"),
    "text": (b'name: "GoogleNet"\nlayer {}\n', "it is text: 'name: \"GoogleNet\"'"),
    "packed": (b"\x1f\x8b\x08" + bytes(40), "it is packed by gzip; unpack it"),
    "onnx": (b"\x08\x07\x12\x07pytorch\x1a\x051.9.0", "it is an ONNX model; save the network's weights"),
    "flax": (b"\x82\xa6params\x81\xa1a\xc7\x05\x01abcde", "it is a Flax checkpoint (.msgpack)"),
    "tar": (bytes(257) + b"ustar" + bytes(300), "it is a tar archive; unpack it"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(40), "it is a picture (PNG)"),
}


@pytest.mark.parametrize("name", ["w", "w.pth", "w.safetensors", "w.caffemodel"])
@pytest.mark.parametrize("kind", STRANGERS)
def test_what_is_no_weights_at_all_is_named(write, kind, name):
    content, told = STRANGERS[kind]
    for look in (formats.read, formats.shapes):
        with pytest.raises(WeightsError) as error:
            look(write(content, name))
        assert told in str(error.value) and "\n" not in str(error.value)


def test_a_zip_of_something_else_says_what_is_in_it(write, tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photo.jpg", b"x" * 99)
    with pytest.raises(WeightsError, match=r"is a zip file of 'photo\.jpg', but no PyTorch state dict"):
        formats.read(tmp_path / "w.pth")


def test_a_scene_is_told_at_once(folder):  # noqa: F811
    Path("own.pth").write_bytes(b"<html>")
    told = "s.yaml:3:34: model.weights: own.pth is no whole PyTorch state dict (.pth): it is a web page (HTML)"
    assert mistakes(SCENE.format("class: 3")) == [f"{told}, perhaps the one about the file"]
    text = SCENE.format("layers: layer1").replace("weights: own.pth", "input: caffe")
    assert mistakes(text) == ["s.yaml:3:32: model.input: is about a file of weights, and model.weights names none"]


@pytest.mark.parametrize("kind", ["page", "shape", "class"])
def test_a_dry_run_refuses_what_rendering_refuses(folder, narrow, capsys, kind):  # noqa: F811
    wrong = {"page": b"<html>", "shape": new(state_dict(narrow | {"bn1.bias": SIX})), "class": new(state_dict(narrow))}
    Path("own.pth").write_bytes(wrong[kind])
    Path("s.yaml").write_text(SCENE.format("class: 1000" if kind == "class" else "layers: layer1"))
    told = []
    for how in (["--dry-run"], []):
        assert main(["s.yaml", "-o", "out.png", *how]) == 2
        told.append(capsys.readouterr().err)
    assert told[0] == told[1] and "own.pth" in told[0] and "Traceback" not in told[0]
    assert not {path.name for path in folder.iterdir()} & {"out.png", "out.png.parts"}


# Nothing runs


class Runs:
    """Whose pickle would leave a file behind."""

    def __init__(self, path: Path, how: str):
        self.path, self.how = str(path), how

    def __reduce__(self):
        if self.how == "class":
            return Marker, (self.path,)
        return (Marker, (), self.path) if self.how == "state" else (Marker, (), None, iter([1]))


class Marker(list):
    """Writes a file when it is made, given a state or items."""

    def __init__(self, path: str = ""):
        self.leave(path)

    def leave(self, path: str) -> None:
        """The file."""
        if path:
            Path(path).write_text("ran")

    __setstate__ = leave

    def extend(self, items) -> None:
        """As if items were added."""
        raise AssertionError("ran")

    append = extend


@pytest.mark.parametrize("how", ["class", "state", "items"])
@pytest.mark.parametrize("container", [old, new])
def test_what_is_put_aside_is_never_built(write, narrow, tmp_path, container, how):
    mark = tmp_path / "ran"
    content = {"args": Runs(mark, how), "state_dict": state_dict(narrow), "model": [Runs(mark, how)]}
    assert len(made(write(container(content))).arrays) == len(recipes._slots(models.NETWORKS["resnet50"]))
    assert not mark.exists()


@pytest.mark.parametrize(
    "called", ["posix.system", "os.popen", "builtins.eval", "subprocess.Popen", "importlib.import_module"]
)
@pytest.mark.parametrize("container", [old, new])
def test_what_an_attack_asks_for_is_told(write, narrow, container, called):
    content = {"state_dict": state_dict(narrow), "args": Built(*called.rsplit(".", 1), "touch ran")}
    with pytest.raises(WeightsError, match=f"is refused: it asks for {called}, which no state dict needs"):
        formats.read(write(container(content)))


CLASSES = (torchpickle.Storage, torchpickle.Tensor, torchpickle.Aside, torchpickle.Describe, OrderedDict)
GIVEN = ("torch._utils\n_rebuild_tensor_v2", "any\nThing", "collections\nOrderedDict", "torch\nFloatStorage")


@pytest.mark.parametrize("given", GIVEN)
def test_pickles_write_on_nothing_of_ours(given):
    """BUILD sets attributes of whatever lies on the stack: of a class, a function, a text."""
    before = [dict(vars(thing)) for thing in CLASSES]
    state = pickle.dumps((None, {"__setstate__": 1, "held": 2, "find_class": 3, "__call__": 4}), 2)[2:-1]
    with contextlib.suppress(Exception):  # what cannot be written on says so
        torchpickle.unpickle(memoryview(b"\x80\x02c" + given.encode() + b"\n" + state + b"b."))
    assert before == [dict(vars(thing)) for thing in CLASSES]


def test_tuples_in_tuples_take_no_stack(write):
    """Their hash is computed in C, without a bound: an interpreter would end there."""
    nested = b"\x80\x02}" + b"N" + b"\x85" * 200_000 + b"Ns."
    with pytest.raises(WeightsError, match="nests tuples without end"):
        formats.read(write(nested, "w.pth"))
    memoised = b"\x80\x02}" + b"Nq\x00" + b"h\x00N\x86q\x00" * 100_000 + b"Ns."
    with pytest.raises(WeightsError, match="nests tuples without end"):
        formats.read(write(memoised, "w.pth"))


def test_mappings_that_hold_themselves_end(write):
    inner: dict = {"a": Tensor("a", SIX)}
    inner["self"] = inner
    layers = [inner]
    for _ in range(40):
        layers = [{"one": layers, "two": layers}]
    assert list(formats.read(write(new({"model": inner, "many": layers})))) == ["model.a"]


def test_classes_without_number_are_refused(write):
    asked = b"".join(b"cm\nc%d\n0" % i for i in range(6000))
    with pytest.raises(WeightsError, match="asks for more classes than any checkpoint has"):
        formats.read(write(b"\x80\x02" + asked + b"N.", "w.pth"))
