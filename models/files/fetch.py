"""Puts a network's weights into the user's cache: downloaded or read, checked, converted to safetensors, renamed."""

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

from safetensors.numpy import save_file

from models.files.download import Progress, Tell, check, digest, download, looks
from models.files.formats import ZIP, WeightsError
from models.files.places import cached, discard, find, put
from models.files.recipes import arrays_of
from models.plans.table import NETWORKS, Download, Entry


class Fetched(NamedTuple):
    """The safetensors file, and how the original was known to be right, in words."""

    path: Path
    checked: str


def fetch(
    name: str, source: Path | None = None, progress: Progress | None = None, tell: Tell = lambda text: None
) -> Fetched:
    """Fetches the weights of a network, from its table entry's address or from a file of the same content.

    Nothing is left in the cache but the result; of a broken download, what makes it go on; and a download that could
    not be converted, which the next call tries again. tell: says what goes on. ValueError: an unknown name.
    WeightsError: what went wrong, in one sentence.
    """
    if name not in NETWORKS:
        raise ValueError(f"there is no network {name!r}; known are: {', '.join(NETWORKS)}")
    entry = NETWORKS[name]
    if entry.download is None:
        return Fetched(find(entry) or cached(entry), "ships with Dreamreel")
    folder = cached(entry).parent
    original = folder / entry.download.url.rpartition("/")[2]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fetched = _given(entry, source) if source else _downloaded(entry, original, progress, tell)
    except OSError as error:
        raise WeightsError(f"cannot write {folder}: {error.strerror or error}") from error
    if source is None or source.resolve() != original.resolve():
        discard(original)
    return fetched


def _given(entry: Entry, source: Path) -> Fetched:
    """From a file that is here already."""
    if not source.is_file():
        raise WeightsError(f"cannot read the weights {source}: there is no such file")
    try:
        return taken(entry, source)
    except WeightsError as error:
        own = f"For weights of your own, write model: {{name: {entry.name}, weights: {source}}} in a scene."
        raise WeightsError(str(error) + ("\n" if "\n" in str(error) else ". ") + own) from error


def _downloaded(entry: Entry, original: Path, progress: Progress | None, tell: Tell) -> Fetched:
    """By way of the file `original` in the cache, which stays there until it could be converted."""
    given = entry.download
    assert given is not None
    if original.is_file():
        tell(f"{original} was downloaded before")
        try:
            return taken(entry, original)
        except WeightsError:
            if given.sha1 or given.sha256:  # the same bytes would come again
                raise
    try:
        download(given, original, progress, tell)
    except WeightsError as error:
        again = f"Where you have the file, or find it elsewhere: python -m render fetch {entry.name} --from FILE"
        raise WeightsError(f"{error}. {again}") from error
    try:
        return taken(entry, original)
    except WeightsError as error:
        if looks(original):  # a page or the like, which nobody needs again
            discard(original)
            raise
        raise WeightsError(f"{error}\nThe download is kept ({original}), and is tried again the next time.") from error


def taken(entry: Entry, original: Path) -> Fetched:
    """Takes the weights of a file into the cache, once they are known to be right and have fitted."""
    checked = verify(entry, original)
    convert(entry, original)
    return Fetched(cached(entry), checked or _pinned(entry, original))


def verify(entry: Entry, original: Path) -> str:
    """How the original is known to be right, '' where nothing is known; WeightsError if it is wrong.

    Without a published sum the first file that has fitted binds.
    """
    given: Download | None = entry.download
    assert given is not None
    member = given.member and not _is_zip(original)  # what was in the zip, unpacked already
    sha1, sha256 = ("", given.member_sha256) if member else (given.sha1, given.sha256)
    check(original, sha1, sha256, original)
    if sha1 or sha256:
        return f"{given.checked} as published"
    pin = _pin(entry)
    if not pin.exists():
        return ""
    if (known := pin.read_text().strip()) != (found := digest(original)):
        again = f"If the new one is meant, delete {pin}"
        raise WeightsError(f"{original} is not the file fetched before: its SHA-256 is {found}, not {known}. {again}")
    return "the same file as fetched before"


def _pin(entry: Entry) -> Path:
    """Where the sum of the first file is noted, where none is published."""
    return cached(entry).with_suffix(".sha256")


def _pinned(entry: Entry, original: Path) -> str:
    """Notes the sum of the first file that was fetched."""
    pin, found = _pin(entry), digest(original)
    _write(pin, lambda path: path.write_text(found + "\n"))
    return f"no sum is published; SHA-256 {found} is pinned from now on ({pin})"


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
            discard(unpacked)


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
        put(beside, path)
    finally:
        discard(beside)
