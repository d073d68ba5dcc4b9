"""Fetching: a server on this machine that breaks off, resumes, lies or is down, and what the cache holds afterwards."""

import hashlib
import http.server
import io
import re
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import checkpoints
import drawn
import numpy as np
import pytest
from safetensors.numpy import load_file
from test_formats import new_layer

import models
from models.files import download, fetch, recipes, weights
from models.files.formats import WeightsError
from models.networks.googlenet import build
from models.plans import table
from render.commands import networks, shared
from tests.shims import windows

NAME = "googlenet"


def layers_of(slots):
    """A .caffemodel of drawn weights: {layer: its blobs}."""
    entry, layers = models.NETWORKS[NAME], {}
    for key, shape in recipes.needed(entry, slots).items():
        # so small that compressing and sending them takes no time
        layers.setdefault(key[:-3], []).append(
            np.broadcast_to(drawn.weight(key, shape[:1]).reshape(-1, *[1] * (len(shape) - 1)), shape)
        )
    return layers


@pytest.fixture(scope="module")
def slots():
    return weights.wanted(lambda: build(NAME))


@pytest.fixture(scope="module")
def caffemodel(slots):
    return b"".join(new_layer(name, *map(np.ascontiguousarray, blobs)) for name, blobs in layers_of(slots).items())


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `content`; `breaks` says after how many bytes each of the next answers breaks off."""

    content, tag, breaks, ranges, status = b"", '"one"', [], [], 200

    def do_GET(self):
        wanted = self.headers.get("Range")
        type(self).ranges.append(wanted)
        if self.status != 200:
            return self.send_error(self.status)
        start = 0
        if wanted and self.headers.get("If-Range") == self.tag:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        body = self.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", self.tag)
        self.end_headers()
        self.wfile.write(body[: self.breaks.pop(0)] if self.breaks else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    """(handler, address); the cache is a folder of the test."""
    handler = type("Own", (Handler,), {"breaks": [], "ranges": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("DREAMREEL_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(download, "PAUSE", 0.01)
        yield handler, f"http://127.0.0.1:{running.server_port}/bvlc.caffemodel"
        running.shutdown()
        thread.join()


@pytest.fixture
def listed(monkeypatch):
    """Puts another download into the table's entry."""

    def put(url, size, name=NAME, **sums):
        entry = replace(models.NETWORKS[name], download=table.Download(url, size, **sums))
        monkeypatch.setitem(models.NETWORKS, name, entry)
        return entry

    return put


def cache_files(entry):
    folder = models.cached(entry).parent
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_fetched_weights_are_those_of_the_source(server, listed, caffemodel, slots):
    handler, url = server
    handler.content = caffemodel
    entry = listed(url, len(caffemodel), sha1=hashlib.sha1(caffemodel).hexdigest())
    seen = []
    fetched = fetch.fetch(NAME, progress=lambda done, total: seen.append((done, total)))
    assert fetched == (models.cached(entry), "SHA-1 as published")
    assert seen[-1] == (len(caffemodel), len(caffemodel))
    assert cache_files(entry) == ["googlenet.safetensors"]
    arrays = load_file(fetched.path)
    assert {name: array.shape for name, array in arrays.items()} == slots
    blobs = layers_of(slots)["conv1/7x7_s2"]
    assert np.allclose(arrays["conv1/7x7_s2.kernel"], blobs[0].transpose(2, 3, 1, 0)[:, :, ::-1])
    assert models.find(entry) == fetched.path


def test_a_broken_download_goes_on_where_it_stopped(server, tmp_path):
    handler, url = server
    handler.content, handler.breaks = bytes(range(256)) * 4000, [300_000, 400_000]
    source = table.Download(url, 1_000_000, sha256=hashlib.sha256(handler.content).hexdigest()[:8])
    download.download(source, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == handler.content
    assert handler.ranges == [None, "bytes=300000-", "bytes=700000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_changed_meanwhile_begins_anew(server, tmp_path):
    handler, url = server
    (tmp_path / "file.part").write_bytes(b"old")
    (tmp_path / "file.part.tag").write_text('"zero"')
    handler.content = b"new content"
    download.download(table.Download(url, 11), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new content"


@pytest.mark.parametrize("status, tries", [(404, 1), (503, download.TRIES)])
def test_a_server_that_refuses(server, listed, status, tries):
    handler, url = server
    handler.status = status
    entry = listed(url, 100)
    with pytest.raises(WeightsError, match=f"cannot download http://.*: the server answers {status}"):
        fetch.fetch(NAME)
    assert len(handler.ranges) == tries
    assert cache_files(entry) == []


def test_a_server_that_is_down(server, listed, monkeypatch):
    listed("http://127.0.0.1:9/none", 100)
    with pytest.raises(WeightsError, match=r"cannot download http://127.0.0.1:9/none: .*refused"):
        fetch.fetch(NAME)


def test_a_wrong_sum_changes_nothing(server, listed):
    handler, url = server
    handler.content = b"something else"
    entry = listed(url, 14, sha256="0" * 64)
    with pytest.raises(WeightsError, match="is not the file that was published: its SHA-256 is"):
        fetch.fetch(NAME)
    assert cache_files(entry) == []


def test_a_download_without_end_is_given_up(server, listed):
    handler, url = server
    handler.content = bytes(1000)
    entry = listed(url, 100)
    with pytest.raises(WeightsError, match="far too long"):
        fetch.fetch(NAME)
    assert cache_files(entry) == []


def test_a_file_that_is_here_already(server, listed, caffemodel, tmp_path):
    """And without a published sum the first one binds."""
    entry = listed("http://127.0.0.1:9/none", len(caffemodel))
    path = tmp_path / "mine.caffemodel"
    path.write_bytes(caffemodel)
    digest = hashlib.sha256(caffemodel).hexdigest()
    assert f"SHA-256 {digest} is pinned" in fetch.fetch(NAME, path).checked
    assert fetch.fetch(NAME, path).checked == "the same file as fetched before"
    assert cache_files(entry) == ["googlenet.safetensors", "googlenet.sha256"]
    path.write_bytes(caffemodel + b"\x0a\x00")
    with pytest.raises(WeightsError, match=f"not the file fetched before: .*, not {digest}"):
        fetch.fetch(NAME, path)
    assert path.exists()


def test_a_file_of_other_content_names_the_way_out(server, listed, tmp_path):
    entry = listed("http://127.0.0.1:9/none", 100, sha1="0" * 40)
    path = tmp_path / "mine.caffemodel"
    path.write_bytes(b"mine")
    with pytest.raises(WeightsError, match=r"its SHA-1 is .* write model: \{name: googlenet, weights: .*mine"):
        fetch.fetch(NAME, path)
    with pytest.raises(WeightsError, match="there is no such file"):
        fetch.fetch(NAME, tmp_path / "nowhere")
    assert cache_files(entry) == []


def test_a_zip_is_unpacked_and_its_member_checked(server, tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("graph.pb", b"a graph")
    path, out = tmp_path / "graph.zip", tmp_path / "graph.pb"
    path.write_bytes(packed.getvalue())
    right = table.Download("", 7, member="graph.pb", member_sha256=hashlib.sha256(b"a graph").hexdigest())
    fetch._unpack(path, right, out)
    assert out.read_bytes() == b"a graph"
    with pytest.raises(WeightsError, match=r"graph\.zip/graph\.pb is not the file that was published"):
        fetch._unpack(path, replace(right, member_sha256="0" * 64), out)
    with pytest.raises(WeightsError, match=r"is no zip file that holds other\.pb"):
        fetch._unpack(path, replace(right, member="other.pb"), out)


def test_weights_that_are_not_here_yet(server):
    with pytest.raises(WeightsError, match=r"weights of vgg16 are not here yet: python -m render fetch vgg16"):
        models.load("vgg16")


def test_what_ships_needs_no_fetching(server):
    assert fetch.fetch("squeezenet1_1").checked == "ships with Dreamreel"
    with pytest.raises(ValueError, match="there is no network 'vgg99'"):
        fetch.fetch("vgg99")


# What was fetched, and what is left of it


@pytest.fixture
def narrow(monkeypatch):
    """VGG-16 with few channels: its weights as torchvision published them in 2017, and as ours."""
    monkeypatch.setattr("models.networks.vgg.VGG_CHANNELS", (4, 5, 6, 7, 8))
    entry = models.NETWORKS["vgg16"]
    slots = recipes._slots(entry)
    found = {name: drawn.weight(name, shape) for name, shape in recipes.needed(entry, slots).items()}
    found["classifier.6.bias"] = np.zeros(1000, np.float32)
    return found, recipes.convert(entry, found, slots, Path())


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_file_as_it_was_published_years_ago(server, listed, narrow, wrapped):
    handler, url = server
    found, expected = narrow
    handler.content = checkpoints.old(checkpoints.state_dict(found, form="v1", wrapped=wrapped))
    sha256 = hashlib.sha256(handler.content).hexdigest()
    entry = listed(url, len(handler.content), "vgg16", sha256=sha256[:8])
    arrays = load_file(fetch.fetch("vgg16").path)
    assert arrays.keys() == expected.keys() and all(np.array_equal(arrays[name], expected[name]) for name in arrays)
    assert cache_files(entry) == ["vgg16.safetensors"]


def test_only_what_has_fitted_is_pinned(server, listed, caffemodel, tmp_path):
    entry = listed("http://127.0.0.1:9/none", len(caffemodel))
    page, other, right = (tmp_path / name for name in ("page", "other", "right"))
    page.write_bytes(b"<html>")
    other.write_bytes(caffemodel.replace(b"loss3/classifier", b"loss3/classifieR"))
    right.write_bytes(caffemodel)
    for wrong, told in ((page, r"it is a web page \(HTML\)"), (other, r"missing: loss3/classifier\[0\]")):
        with pytest.raises(WeightsError, match=told):
            fetch.fetch(NAME, wrong)
        assert cache_files(entry) == []
    assert "is pinned from now on" in fetch.fetch(NAME, right).checked
    with pytest.raises(WeightsError, match="is not the file fetched before"):
        fetch.fetch(NAME, page)


def test_a_download_that_could_not_be_converted_is_not_downloaded_again(server, listed, narrow, monkeypatch):
    """It is what was published: when this program has learned to read it, it is there."""
    handler, url = server
    handler.content = checkpoints.old(checkpoints.state_dict(narrow[0]))
    entry = listed(url, len(handler.content), "vgg16", sha256=hashlib.sha256(handler.content).hexdigest()[:8])
    told = []
    with monkeypatch.context() as today:
        today.setattr(fetch, "arrays_of", refusing)
        for _ in range(2):
            with pytest.raises(WeightsError, match="no state dict needs"):
                fetch.fetch("vgg16", tell=told.append)
            assert cache_files(entry) == ["bvlc.caffemodel"]
    assert fetch.fetch("vgg16", tell=told.append).checked.endswith("as published")
    assert len(handler.ranges) == 1 and len(told) == 2 and "was downloaded before" in told[0]
    assert cache_files(entry) == ["vgg16.safetensors"]


def refusing(entry, path):
    raise WeightsError(f"{path} is refused: it asks for something, which no state dict needs")


def test_a_kept_file_without_a_sum_is_downloaded_again(server, listed, caffemodel):
    """It may be another one, and the server have the right one now."""
    handler, url = server
    handler.content = caffemodel[: len(caffemodel) // 2]
    entry = listed(url, len(caffemodel))
    with pytest.raises(WeightsError, match=r"The download is kept \(.*bvlc\.caffemodel\)"):
        fetch.fetch(NAME)
    assert cache_files(entry) == ["bvlc.caffemodel"]
    handler.content = caffemodel
    assert "is pinned from now on" in fetch.fetch(NAME).checked
    assert cache_files(entry) == ["googlenet.safetensors", "googlenet.sha256"]


def test_a_page_in_place_of_the_file_says_so(server, listed):
    """As networks answer that want a password first."""
    handler, url = server
    handler.content = b"<!doctype html><title>Log in</title>"
    for sums in ({"sha1": "0" * 40}, {}):
        entry = listed(url, 1000, **sums)
        with pytest.raises(WeightsError, match=r"it is a web page \(HTML\)"):
            fetch.fetch(NAME)
        assert cache_files(entry) == []


def test_waiting_for_a_server_is_told_and_so_is_the_way_around(server, listed, capsys):
    listed("http://127.0.0.1:9/none", 100)
    assert networks.fetch_weights(SimpleNamespace(model=NAME, source=None)) == shared.FAILED
    told = capsys.readouterr().err
    assert told.count("refused; trying again in") == download.TRIES - 1 and "(2 of 5)" in told
    assert told.rstrip().endswith("python -m render fetch googlenet --from FILE")


@pytest.mark.parametrize("right", [True, False])
def test_where_open_files_are_locked(server, listed, caffemodel, monkeypatch, right):
    """As on Windows: a file that is mapped stays, and that hides no error."""
    handler, url = server
    handler.content = caffemodel if right else new_layer("conv1/7x7_s2", np.zeros((64, 3, 7, 7), np.float32))
    entry = listed(url, len(handler.content))
    windows.install(monkeypatch.setattr)
    if right:
        assert "is pinned from now on" in fetch.fetch(NAME).checked
        assert cache_files(entry) == ["googlenet.safetensors", "googlenet.sha256"]
    else:
        with pytest.raises(WeightsError, match="does not fit the network"):
            fetch.fetch(NAME)
