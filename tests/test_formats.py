"""Readers of foreign weights, on files written here byte by byte as the formats say, whole and broken and hostile."""

import io
import pickle
import struct
import time
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from models.files import formats, recipes
from models.files.formats import WeightsError
from models.plans.table import NETWORKS

KERNEL = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
BIAS = np.array([0.5, -1], np.float32)


# Protocol buffers


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def unpacked(number, array):
    return b"".join(varint(number << 3 | 5) + struct.pack("<f", v) for v in array.flat)


def new_blob(array):
    dims = b"".join(varint(n) for n in array.shape)
    return field(7, field(1, dims)) + field(5, array.tobytes())


def old_blob(array):
    shape = (1,) * (4 - array.ndim) + array.shape
    return b"".join(field(i, n) for i, n in enumerate(shape, 1)) + unpacked(5, array)


def new_layer(name, *arrays):
    return field(100, field(1, name) + field(2, "Convolution") + b"".join(field(7, new_blob(a)) for a in arrays))


def old_layer(name, *arrays):
    return field(2, field(4, name) + field(5, 4) + b"".join(field(6, old_blob(a)) for a in arrays))


def constant(name, array, kind=1, content=True):
    shape = b"".join(field(2, field(1, n)) for n in array.shape)
    tensor = field(1, kind) + field(2, shape) + (field(4, array.tobytes()) if content else field(5, array.tobytes()))
    attribute = field(1, "value") + field(2, field(8, tensor))
    return field(1, field(1, name) + field(2, "Const") + field(5, field(1, "dtype") + field(2, field(6, 1))) +
                 field(5, attribute))  # fmt: skip


# PyTorch's files, as torch.save writes them


class Storage:
    def __init__(self, key, array):
        self.key, self.array = key, array


class Rebuilt:
    """A tensor of a storage, in elements."""

    def __init__(self, key, array, shape=None, stride=None, offset=0):
        self.storage = Storage(key, array)
        self.shape = shape or array.shape
        self.stride = stride or tuple(s // 4 for s in array.strides)
        self.offset = offset


class Saver(pickle._Pickler):
    """Writes tensors as torch does, without torch."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Rebuilt):
            self.write(b"ctorch._utils\n_rebuild_tensor_v2\n((")
            super().save("storage")
            self.write(b"ctorch\nFloatStorage\n")
            for part in (obj.storage.key, "cpu", obj.storage.array.size):
                super().save(part)
            self.write(b"tQ")
            for part in (obj.offset, obj.shape, obj.stride, False, OrderedDict()):
                super().save(part)
            self.write(b"tR")
        else:
            super().save(obj)


def pickled(obj):
    out = io.BytesIO()
    Saver(out, 2).dump(obj)
    return out.getvalue()


def state():
    return OrderedDict(kernel=Rebuilt("0", KERNEL), bias=Rebuilt("1", BIAS))


def zipped(pickle_bytes, compression=zipfile.ZIP_STORED, **storages):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickle_bytes)
        for key, array in (storages or {"k0": KERNEL, "k1": BIAS}).items():
            archive.writestr(f"archive/data/{key[1:]}", array.tobytes())
    return out.getvalue()


def legacy():
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, state(), ["0", "1"]]
    tail = [struct.pack("<q", a.size) + a.tobytes() for a in (KERNEL, BIAS)]
    return b"".join([*map(pickled, head), *tail])


def hdf5():
    h5py = pytest.importorskip("h5py")
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["conv/conv_W:0"], file["conv/conv_b:0"] = KERNEL, BIAS
    return out.getvalue()


CAFFE = field(1, "net") + new_layer("a/b", KERNEL, BIAS)
CAFFE_OLD = field(1, "net") + old_layer("a/b", KERNEL, BIAS)
GRAPH = (
    constant("w", KERNEL) + field(1, field(1, "input") + field(2, "Placeholder")) + constant("b", BIAS, content=False)
)
WHOLE = {
    "caffe": (CAFFE, "caffe", "a/b[0]", "a/b[1]"),
    "caffe_old": (CAFFE_OLD, "caffe", "a/b[0]", "a/b[1]"),
    "graph": (GRAPH, "tensorflow", "w", "b"),
    "torch": (zipped(pickled(state())), "torch_units", "kernel", "bias"),
    "torch_old": (legacy(), "torch_units", "kernel", "bias"),
    "keras": (None, "keras_squeezenet", "conv/conv_W", "conv/conv_b"),
}


@pytest.fixture
def write(tmp_path):
    def to_file(content):
        path = tmp_path / "weights.bin"
        path.write_bytes(content)
        return path

    return to_file


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_files(write, kind):
    content, source, kernel, bias = WHOLE[kind]
    arrays = formats.read(write(content or hdf5()), source)
    assert set(arrays) == {kernel, bias}
    assert np.array_equal(arrays[kernel], KERNEL)
    assert np.array_equal(arrays[bias].reshape(-1), BIAS)


@pytest.mark.parametrize("kind", WHOLE)
def test_files_cut_short_anywhere_say_so(write, kind):
    content, source, *_ = WHOLE[kind]
    content = content or hdf5()
    for end in range(0, len(content), max(1, len(content) // 60)):
        try:
            assert len(formats.read(write(content[:end]), source)) <= 2  # a cut between layers cannot be seen here
        except WeightsError as error:
            assert "weights.bin" in str(error) and "\n" not in str(error)


@pytest.mark.parametrize("kind", WHOLE)
def test_damaged_bytes_are_read_or_refused(write, kind):
    """Whatever a flipped byte does, it is an array or a WeightsError, soon and in little memory."""
    content, source, *_ = WHOLE[kind]
    content = content or hdf5()
    rng = np.random.default_rng(0)
    began = time.monotonic()
    for _ in range(100):
        damaged = bytearray(content)
        for at in rng.integers(0, len(content), 3):
            damaged[at] = rng.integers(256)
        try:
            arrays = formats.read(write(bytes(damaged)), source)
            assert sum(a.size for a in arrays.values() if 0 not in a.strides) < 1000
        except WeightsError as error:
            assert "\n" not in str(error)
    assert time.monotonic() - began < 20


def test_a_blob_that_claims_more_than_it_has(write):
    huge = field(100, field(1, "a") + field(7, field(7, field(1, varint(1 << 40))) + field(5, BIAS.tobytes())))
    with pytest.raises(WeightsError, match=r"is damaged: a\[0\] has 2 numbers for the shape \[1099511627776\]"):
        formats.read(write(huge), "caffe")


def test_a_length_beyond_the_file(write):
    with pytest.raises(WeightsError, match="is cut short or damaged"):
        formats.read(write(field(1, "net") + varint(100 << 3 | 2) + varint(1 << 60)), "caffe")


def test_one_number_for_a_whole_graph_constant_takes_no_room(write):
    side = 1 << 30
    tensor = field(1, 1) + field(2, field(2, field(1, side)) * 2) + field(5, np.float32([3]).tobytes())
    attribute = field(1, "value") + field(2, field(8, tensor))
    splat = field(1, field(1, "w") + field(2, "Const") + field(5, attribute))
    array = formats.read(write(splat), "tensorflow")["w"]
    assert array.shape == (side, side) and array.strides == (0, 0) and array[7, 9] == 3


@pytest.mark.parametrize("source", ["caffe", "tensorflow"])
def test_protocol_buffers_without_weights(write, source):
    with pytest.raises(WeightsError, match="it holds no"):
        formats.read(write(field(1, field(2, "Placeholder"))), source)


class Evil:
    def __reduce__(self):
        return (eval, ("1/0",))


@pytest.mark.parametrize("hostile", [Evil(), OrderedDict(a=Evil()), {"state_dict": [Evil()]}])
def test_pickles_that_call_anything_are_refused(write, hostile):
    for content in (zipped(pickle.dumps(hostile, 2)), pickle.dumps(hostile, 2)):
        with pytest.raises(WeightsError, match=r"is refused: it asks for (__builtin__|builtins)\.eval"):
            formats.read(write(content), "torch_units")


def test_pickles_that_take_memory_are_refused(write):
    bomb = b"\x80\x02}r" + struct.pack("<I", 0xFFFFFFF0) + b"."
    with pytest.raises(WeightsError, match="names a place in memory"):
        formats.read(write(zipped(bomb)), "torch_units")


def test_zip_bombs_are_refused(write):
    packed = zipped(pickled(state()), zipfile.ZIP_DEFLATED, k0=np.zeros(1 << 20, np.float32), k1=BIAS)
    with pytest.raises(WeightsError, match="does not compress"):
        formats.read(write(packed), "torch_units")


@pytest.mark.parametrize("shape, stride, offset", [((100, 100), (100, 1), 0), ((2,), (1,), -4), ((2,), (1,), 23)])
def test_tensors_beyond_their_storage_are_refused(write, shape, stride, offset):
    tensor = Rebuilt("0", KERNEL, shape, stride, offset)
    with pytest.raises(WeightsError, match="is damaged: a tensor is larger than its numbers"):
        formats.read(write(zipped(pickled(OrderedDict(a=tensor)))), "torch_units")


def test_transposed_tensors_keep_their_order(write):
    tensor = Rebuilt("0", KERNEL, (4, 6), (1, 4))
    arrays = formats.read(write(zipped(pickled(OrderedDict(a=tensor)))), "torch_units")
    assert np.array_equal(arrays["a"], KERNEL.reshape(6, 4).T)


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a" + bytes(50), b"PK\x03\x04 no zip", b"\x80no pickle", b"\x89HDF\r\n\x1a\n"]
)
def test_other_files_say_so(write, content):
    with pytest.raises(WeightsError, match=r"weights\.bin (is|holds)"):
        formats.read(write(content))


def test_unreadable_files_say_so(tmp_path):
    with pytest.raises(WeightsError, match="cannot read the weights"):
        formats.read(tmp_path / "nowhere.pth")
    with pytest.raises(WeightsError, match="cannot read the weights"):
        formats.read(tmp_path)


# Recipes


def test_all_that_does_not_fit_is_listed_at_once(write):
    content = new_layer("conv1/7x7_s2", np.zeros((64, 3, 5, 5), np.float32)) + new_layer("loss1/conv", BIAS)
    with pytest.raises(WeightsError) as caught:
        recipes.arrays_of(NETWORKS["googlenet"], write(content + new_layer("fc8", BIAS)))
    lines = str(caught.value).splitlines()
    assert "  missing: conv1/7x7_s2[1] [64]" in lines and "  missing: inception_5b/5x5[0] [128, 48, 5, 5]" in lines
    assert lines[-2:] == [
        "  unexpected: fc8[0] [2]",
        "  shape: conv1/7x7_s2[0] is [64, 3, 5, 5], should be [64, 3, 7, 7]",
    ]


def test_batch_norms_fold_into_their_convolution():
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(5, 3)), rng.normal(size=(4, 3, 1, 1))
    gain, shift, mean = rng.normal(size=(3, 4))
    variance = rng.uniform(0.5, 2, 4)
    found = {"c.weight": kernel, "n.weight": gain, "n.bias": shift, "n.running_mean": mean, "n.running_var": variance}
    rule = recipes.Rule(lambda *_: None, epsilon=1e-3)
    folded, bias = recipes._folded(recipes.Source("c.weight", norm="n"), (1, 1, 3, 4), found, rule)
    y = x @ kernel[:, :, 0, 0].T
    assert np.allclose(x @ folded[0, 0] + bias, (y - mean) / np.sqrt(variance + 1e-3) * gain + shift)
