"""The last state of each finished film, in the user's cache folder: so that a finished film can grow.

It is the state at which the film's last whole segment ended, so that what comes after is the same as if the film had
been so long from the start. All of them together take ROOM at most; the oldest go first.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.files.places import cache_folder
from render.film.keeping.checkpoint import State, load, save, states
from render.media.codecs import HOLDING
from render.media.ffmpeg import FilmError
from render.media.paths import is_numbered
from render.media.system import discard
from render.scene.record import comment, record_of

ROOM = 1e9  # bytes; a state of 640×360 takes 2.8 MB, one of 3840×2160 takes 100 MB


def keep(folder: Path, film: Path, made: dict[str, Any], number: int = 0) -> None:
    """Keeps what the finished film at a path can grow from, of the states in the folder of its parts.

    number: of the film in its pass. Where nothing can be kept, the film is none the worse.
    """
    place = place_of(film, made)
    state = next(filter(_whole, filter(None, map(load, states(folder)))), None)
    if place is None or state is None or state.x.nbytes / len(state.x) > ROOM:
        return
    with suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        save(place, State(made, replace(state.at, waiting=0), state.x[number : number + 1]))
        _make_room(place.parent)


def state_of(film: Path) -> State | None:
    """What the finished film at a path can grow from; None if nothing was kept, or it is another film by now."""
    made = made_in(film)
    place = place_of(film, made) if made else None
    state = next(filter(None, map(load, states(place))), None) if place and place.is_dir() else None
    return state if state and state.made == made else None


def made_in(film: Path) -> dict[str, Any] | None:
    """What the finished film at a path was made of, as it or its record says; None if neither does."""
    try:
        if film.suffix.lower() in HOLDING:
            return json.loads(comment(film))
        record = record_of(film)
        data = json.loads(record.read_bytes()) if record else {}
        del data["seconds"], data["scene"]["output"]["path"]
        return data
    except (OSError, ValueError, KeyError, TypeError, FilmError):
        return None


def place_of(film: Path, made: dict[str, Any]) -> Path | None:
    """Where the state of a film lies that looks like the one at path; None of a film that cannot grow.

    Of a GIF nothing can be taken over, and a part of a film or a loop is no beginning.
    """
    if made.get("scene", {}).get("loop"):
        return None
    if made.get("only") or (not is_numbered(film) and film.suffix.lower() not in HOLDING):
        return None
    size = 0 if is_numbered(film) else film.stat().st_size  # a film that somebody has cut says what it was made of, too
    sum_ = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()
    return cache_folder() / "states" / f"{sum_[:32]}-{size}"


def _whole(state: State) -> bool:
    """Whether a film of any length has come by this very state, with a segment's end."""
    return state.at.waiting == 0 and not state.at.ended and state.at.frame > 0


def _make_room(folder: Path) -> None:
    """Removes the oldest states until all fit."""
    ages = sorted((place.stat().st_mtime, place) for place in folder.iterdir())
    sizes = {place: sum(file.stat().st_size for file in place.iterdir()) for _, place in ages}
    for _, place in ages[:-1]:
        if sum(sizes.values()) > ROOM:
            discard(place)
            del sizes[place]
