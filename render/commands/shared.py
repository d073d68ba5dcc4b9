"""What commands share: exit statuses, arguments that several take, a bar, a picture that is saved."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from render.grammar import Grammar
from render.language.kinds import ADDRESS, ADDRESSES
from render.media import screen
from render.media.system import whole_file
from render.scene.scene import ORIGINAL, QUALITIES

DONE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130


def say(message: str, status: int) -> int:
    """Says something on stderr, and hands the exit status on."""
    screen.say(message)
    return status


def given(text: str) -> Path:
    """A path from the command line, where shells leave the ~ of --output=~/film.mp4. ArgumentTypeError: an address."""
    if ADDRESS.match(text) and not os.path.exists(text):
        raise argparse.ArgumentTypeError(f"'{text}' is an address; {ADDRESSES}")
    return Path(os.path.expanduser(text))


def scene_arguments(p: Grammar) -> None:
    """What every command on a scene takes."""
    p.add_argument("scene", type=given, metavar="SCENE.yaml", help="the scene, such as configs/endless_zoom.yaml")
    p.add_argument("-o", "--output", type=given, metavar="PATH", help="where the result goes")
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="override any key of the scene, such as --set dream.octaves=3; may be given many times",
    )
    p.add_argument(
        "--quality",
        choices=(*QUALITIES, ORIGINAL),
        help="draft (longest side 320, 12 fps) to 4k (3840, 60 fps), or original (the size of the picture or film that "
        "it starts from); the film lasts as long, moves as fast, and is named after it: film-draft.mp4",
    )


def overwriting(p: Grammar) -> None:
    """--overwrite of commands that make a picture."""
    p.add_argument("--overwrite", action="store_true", help="replace what is already there")


def no_network(name: str) -> str:
    """What is wrong with a network's name, or nothing."""
    import models
    from render.language.marks import listed, near

    hint = near(name, models.NETWORKS) or f"; known are {listed(models.NETWORKS, 'and')}"
    return "" if name in models.NETWORKS else f"there is no network '{name}'{hint}"


def unknown(path: Path) -> str:
    """What is wrong with the ending of a picture's path, or nothing."""
    from PIL import Image

    known = Image.registered_extensions()  # ending → kind, of which some can only be read
    if known.get(path.suffix.lower()) in Image.SAVE:
        return ""
    return f"{path} ends in {path.suffix or 'nothing'}; a picture ends in .png, .jpg or .webp"


def following(bar):
    """A progress callback (done, total) for a tqdm bar."""

    def progress(done: int, total: int | None) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return progress


def beside(bar) -> Callable[[str], None]:
    """Says something while a tqdm bar is shown."""

    def tell(text: str) -> None:
        bar.clear()
        screen.say(text)

    return tell


def save(picture, path: Path) -> int:
    """Saves a PIL image, whole or not at all, and prints the path."""
    try:
        with whole_file(path) as temporary:
            picture.save(temporary)
    except (OSError, ValueError) as error:  # ValueError: an ending that Pillow does not know
        return say(f"{path}: {error}", FAILED)
    screen.result(path)
    return DONE
