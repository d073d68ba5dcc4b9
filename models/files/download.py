"""Downloads that go on where they stopped: into FILE.part beside the file, renamed when it is whole and has its sum."""

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from models.files.formats import WeightsError
from models.files.formats.strangers import LOOKED_AT, stranger
from models.files.places import put
from models.plans.table import Download

TIMEOUT = 30.0  # seconds without a byte
TRIES = 5
PAUSE = 1.0  # seconds before the second try, then twice as long each time
CHUNK = 1 << 18
SPARE = 4  # times the size that we know of: what is longer is no such file

Progress = Callable[[int, int], None]  # (bytes that are here, bytes in all)
Tell = Callable[[str], None]  # says something while it lasts


def download(source: Download, target: Path, progress: Progress | None = None, tell: Tell = lambda text: None) -> None:
    """`source` as the file `target`; WeightsError where it cannot be had, or is not what was expected."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for attempt in range(TRIES):
        try:
            _continue(source, part, progress or (lambda done, total: None))
            break
        except (OSError, http.client.HTTPException) as error:
            if attempt + 1 == TRIES or (isinstance(error, urllib.error.HTTPError) and error.code < 500):
                further = "; the same command goes on from there" if _tag(part).exists() else ""
                raise WeightsError(f"cannot download {source.url}: {_reason(error)}{further}") from error
            pause = PAUSE * 2**attempt
            tell(f"{source.url}: {_reason(error)}; trying again in {pause:g} s ({attempt + 2} of {TRIES})")
            time.sleep(pause)
    try:
        check(part, source.sha1, source.sha256, source.url)
    except WeightsError:
        _forget(part)
        raise
    put(part, target)
    _tag(part).unlink(missing_ok=True)


def check(path: Path, sha1: str, sha256: str, shown: str | Path) -> None:
    """WeightsError unless the file has the sums given; a sum may be the first digits only."""
    for name, expected in (("SHA-1", sha1), ("SHA-256", sha256)):
        if expected and not (found := digest(path, name.replace("-", "").lower())).startswith(expected):
            told = f"{shown} is not the file that was published: its {name} is {found}, not {expected}…"
            raise WeightsError(told + looks(path))


def looks(path: Path) -> str:
    """What a file is that holds no weights, as the end of a sentence: a server may answer with a page."""
    with open(path, "rb") as file:
        what = stranger(memoryview(file.read(LOOKED_AT)))
    return f" (it is {what})" if what else ""


def digest(path: Path, kind: str = "sha256") -> str:
    """The sum of a file's content, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def _continue(source: Download, part: Path, progress: Progress) -> None:
    """Appends what is missing of `part`, if the server still has the same file; else begins anew."""
    here = part.stat().st_size if part.exists() and _tag(part).exists() else 0
    request = urllib.request.Request(source.url, headers={"User-Agent": "dreamreel"})
    if here:
        request.add_header("Range", f"bytes={here}-")
        request.add_header("If-Range", _tag(part).read_text())
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # all of it is here, or it has shrunk
            raise
        error.close()
        _tag(part).unlink()
        return _continue(source, part, progress)
    with answer:
        here = here if answer.status == 206 else 0
        length = answer.headers.get("Content-Length")
        total = here + int(length) if length and length.isdigit() else source.size
        _remember(part, answer.headers.get("ETag") or answer.headers.get("Last-Modified"))
        with open(part, "ab" if here else "wb") as file:
            while chunk := answer.read(CHUNK):
                here += len(chunk)
                if here > SPARE * source.size:
                    _forget(part)
                    raise WeightsError(f"{source.url} is not the file that was published: it is far too long")
                file.write(chunk)
                progress(here, total)
        if length and here < total:
            raise http.client.IncompleteRead(b"", total - here)


def _tag(part: Path) -> Path:
    """Beside `part`, by what the server knows this content again."""
    return part.with_name(part.name + ".tag")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def _remember(part: Path, tag: str | None) -> None:
    if tag and not tag.startswith("W/"):  # a weak tag does not promise the same bytes
        _tag(part).write_text(tag)
    else:
        _tag(part).unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason}"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection broke off"
    return str(getattr(error, "reason", error))
