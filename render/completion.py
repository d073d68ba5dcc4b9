"""What the shell offers on TAB: commands, options and their choices, files by their kind, networks, layers, keys.

argcomplete asks the grammars; `OFFERED` says what their arguments may be, by the names that they have there. A
completer takes what was typed of the word, and the options before it. Nothing heavy is imported, and no
mistake is ever told.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from render.grammar import Grammar
from render.language.document import SCENES
from render.language.kinds import Choice, Colour, File, Size, Switch, WordOrNumber, colour_names
from render.language.section import Section
from render.media.endings import FILMS, PICTURES
from render.scene.layers import Layers
from render.scene.scene import Scene

ASKED = "_ARGCOMPLETE"  # set by the shell, with how many words name the program
Completer = Callable[..., Iterable[str]]


def answer(commands: Mapping[str, tuple[Any, Callable[[], Grammar]]], rendering: Callable[[], Grammar]) -> None:
    """Tells the shell what may stand where the cursor is, and ends the process; returns if it has not asked."""
    if ASKED not in os.environ:
        return
    import argcomplete

    name, place = first(argcomplete), int(os.environ[ASKED])
    if name in commands:  # as if it were a part of the program's name
        os.environ[ASKED] = str(place + 1)
    grammar = commands[name][1]() if name in commands else rendering()
    offer(grammar, commands if name not in commands else ())
    unknown: Any = nothing
    argcomplete.autocomplete(grammar, always_complete_options="long", default_completer=unknown)


def first(argcomplete: Any) -> str:
    """The whole first word behind the program's name, or nothing."""
    line, at = os.environ["COMP_LINE"], int(os.environ["COMP_POINT"])
    words = argcomplete.split_line(line, at)[3][int(os.environ[ASKED]) :]
    return words[0] if words else ""


def offer(grammar: Grammar, commands: Iterable[str]) -> None:
    """Gives each argument of a grammar what completes it; commands: what may stand where a scene does."""
    grammar.strangers = nothing  # type: ignore[method-assign, assignment]  # slips can wait
    offered = {**OFFERED, "scene": lambda prefix, **_: [*commands, *scenes(prefix)]}
    for action in grammar._actions:
        if action.dest in offered:
            action.completer = offered[action.dest]  # type: ignore[attr-defined]


def nothing(prefix: str = "", **_: Any) -> list[str]:
    """Of what only the user knows."""
    return []


def files(prefix: str, endings: tuple[str, ...] = ()) -> Iterator[str]:
    """Files of these endings, of any without one, and folders, as they are written: ~/pic… → ~/pictures/."""
    written = prefix[: prefix.rfind("/") + 1]
    with suppress(OSError, ValueError), os.scandir(os.path.expanduser(written) or ".") as entries:
        for entry in entries:
            if entry.name.startswith(".") and not prefix[len(written) :].startswith("."):
                continue
            if entry.is_dir():
                yield f"{written}{entry.name}/"
            elif not endings or entry.name.lower().endswith(endings):
                yield f"{written}{entry.name}"


def any_file(prefix: str, **_: Any) -> Iterator[str]:
    """Any file."""
    return files(prefix)


def scenes(prefix: str, **_: Any) -> Iterator[str]:
    """Scenes, but no records: those begin with the name of a film."""
    return files(prefix, tuple(ending for ending in SCENES if ending != ".json"))


def pictures(prefix: str, **_: Any) -> Iterator[str]:
    """Pictures."""
    return files(prefix, PICTURES)


def films(prefix: str, **_: Any) -> Iterator[str]:
    """Films and stills."""
    return files(prefix, (*FILMS, ".png"))


def networks(prefix: str = "", **_: Any) -> list[str]:
    """Names of networks."""
    import models

    return [*models.NETWORKS]


def layers(prefix: str = "", parsed_args: argparse.Namespace | None = None, **_: Any) -> list[str]:
    """Names of the layers of the network that --model names."""
    return layers_of(getattr(parsed_args, "model", None))


def layers_of(network: str | None) -> list[str]:
    """Names of a network's layers; none of one that there is not."""
    import models

    return [*models.NETWORKS[network].layers] if network in models.NETWORKS else []


def settings(prefix: str, parsed_args: argparse.Namespace | None = None, **_: Any) -> Iterator[str]:
    """KEY= of every key of a scene; behind its = what the key may be, where that can be listed."""
    key, equals, value = prefix.partition("=")
    known = keys(Section(Scene))
    if not equals:
        yield from (f"{name}=" for name in known)
    elif key in known:
        yield from (f"{key}={each}" for each in values(key, known[key], value, parsed_args))


def keys(section: Section, prefix: str = "") -> dict[str, Any]:
    """Every dotted key of a section, and its kind."""
    found: dict[str, Any] = {}
    for name in section.keys():  # noqa: SIM118 - no mapping
        kind = section.kind(name)
        inner = keys(kind, f"{prefix}{name}.") if isinstance(kind, Section) else {}
        found |= {f"{prefix}{name}": kind} if not inner or kind.short else {}
        found |= inner
    return found


def values(key: str, kind: Any, prefix: str, options: argparse.Namespace | None) -> Iterable[str]:
    """What a key of this kind may be, of what can be listed."""
    if key == "model.name":
        return networks()
    if isinstance(kind, Layers):
        return layers_of(network_of(options))
    if isinstance(kind, Choice | WordOrNumber):
        return map(str, kind.words)
    if isinstance(kind, Section):  # a shorthand for its first key
        name = kind.short[0]
        return values(f"{key}.{name}", kind.kind(name), prefix, options)
    if isinstance(kind, Size):
        return (kind.word,) if kind.word else ()
    if isinstance(kind, Switch):
        return ("true", "false")
    if isinstance(kind, Colour):
        return colour_names()
    return files(prefix) if isinstance(kind, File) else ()


def network_of(options: argparse.Namespace | None) -> str | None:
    """The network of the scene that is named, as it would be rendered; None if that cannot be read."""
    from render.scene.reader import SceneError, read_scene

    with suppress(SceneError, OSError):
        return read_scene(Path(options.scene), options.overrides or ()).model.name if options else None
    return None


OFFERED: dict[str, Completer] = {  # an argument's name → what completes it; choices need no line here
    "scene": scenes,
    "output": any_file,
    "overrides": settings,
    "sweep": settings,
    "each": pictures,
    "model": networks,
    "layer": layers,
    "weights": any_file,
    "source": any_file,
    "image": pictures,
    "colours": pictures,
    "films": films,
}
