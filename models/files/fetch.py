"""Puts a network's weights into the user's cache: downloaded or read, checked, converted to safetensors, renamed."""

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

from safetensors.numpy import save_file

from models.files.download import Progress, check, digest, download
from models.files.formats import ZIP, WeightsError
from models.files.places import cached, find
from models.files.recipes import arrays_of
from models.plans.table import NETWORKS, Download, Entry


class Fetched(NamedTuple):
    """The safetensors file, and how the original was known to be right, in words."""

    path: Path
    checked: str


def fetch(name: str, source: Path | None = None, progress: Progress | None = None) -> Fetched:
    """Fetches the weights of a network, from its table entry's address or from a file of the same content.

    Nothing is left in the cache but the result (and, of a broken download, what makes it go on). ValueError: an unknown
    name. WeightsError: what went wrong, in one sentence.
    """
    if name not in NETWORKS:
        raise ValueError(f"there is no network {name!r}; known are: {', '.join(NETWORKS)}")
    entry = NETWORKS[name]
    if entry.download is None:
        return Fetched(find(entry) or cached(entry), "ships with Dreamreel")
    folder = cached(entry).parent
    original = source or folder / entry.download.url.rpartition("/")[2]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if source is None:
            download(entry.download, original, progress)
        checked = verify(entry, original)
        convert(entry, original)
    except OSError as error:
        raise WeightsError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        if source is None:
            original.unlink(missing_ok=True)
    return Fetched(cached(entry), checked)


def verify(entry: Entry, original: Path) -> str:
    """How the original is known to be right; WeightsError if not. Without a published sum the first one binds."""
    given: Download | None = entry.download
    assert given is not None
    if not original.is_file():
        raise WeightsError(f"cannot read the weights {original}: there is no such file")
    member = given.member and not _is_zip(original)  # what was in the zip, unpacked already
    sha1, sha256 = ("", given.member_sha256) if member else (given.sha1, given.sha256)
    try:
        check(original, sha1, sha256, original)
    except WeightsError as error:
        own = f"For weights of your own, write model: {{name: {entry.name}, weights: {original}}} in a scene."
        raise WeightsError(f"{error}. {own}") from error
    if sha1 or sha256:
        return f"{given.checked} as published"
    return _pinned(entry, original)


def _pinned(entry: Entry, original: Path) -> str:
    """Holds the file against the sum of the first one that was fetched; notes it if this is the first."""
    pin, found = cached(entry).with_suffix(".sha256"), digest(original)
    if not pin.exists():
        _write(pin, lambda path: path.write_text(found + "\n"))
        return f"no sum is published; SHA-256 {found} is pinned from now on ({pin})"
    if (known := pin.read_text().strip()) != found:
        again = f"If the new one is meant, delete {pin}"
        raise WeightsError(f"{original} is not the file fetched before: its SHA-256 is {found}, not {known}. {again}")
    return "the same file as fetched before"


def convert(entry: Entry, original: Path) -> None:
    """Writes the network's safetensors file into the cache; WeightsError if the original does not fit."""
    assert entry.download is not None
    unpacked = original
    if entry.download.member and _is_zip(original):
        unpacked = cached(entry).with_suffix(".unpacked")
    try:
        if unpacked != original:
            _unpack(original, entry.download, unpacked)
        arrays = arrays_of(entry, unpacked)
        _write(cached(entry), lambda path: save_file(arrays, path))
    finally:
        if unpacked != original:
            unpacked.unlink(missing_ok=True)


def _unpack(archive: Path, given: Download, target: Path) -> None:
    """The member of a zip file; never more of it than the download may be long."""
    try:
        with zipfile.ZipFile(archive) as file, file.open(given.member) as member, open(target, "wb") as out:
            left = 4 * given.size
            while left > 0 and (chunk := member.read(min(left, 1 << 20))):
                out.write(chunk)
                left -= len(chunk)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise WeightsError(f"{archive} is no zip file that holds {given.member} ({error})") from error
    check(target, "", given.member_sha256, f"{archive}/{given.member}")


def _is_zip(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == ZIP


def _write(path: Path, write) -> None:
    """Written beside and renamed, so that nobody ever sees half a file."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
