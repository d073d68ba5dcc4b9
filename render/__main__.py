"""The command line: reads the arguments, wires scene → frames → film, and is the only place that prints results.

Errors and help come before anything heavy is imported, so that a typo is answered in a moment.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

DONE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0 done, 2 the user's mistake, 130 interrupted, 1 anything else."""
    options = parser().parse_args(arguments)
    try:
        return render(options)
    except KeyboardInterrupt:
        return say("interrupted; nothing was left behind", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has gone; there is nobody to tell
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the interpreter flushes it on its way out
        return FAILED


def parser() -> argparse.ArgumentParser:
    """The command line's grammar, which is also its --help."""
    from render.scene import QUALITIES

    p = argparse.ArgumentParser(
        prog="python -m render",
        description="Dreamreel renders a scene file into a film that a network dreams.",
        epilog="exit status: 0 done; 2 a mistake in the scene or the command line; 130 interrupted; 1 anything else",
    )
    p.add_argument(
        "scene", type=Path, metavar="SCENE.yaml", help="the scene to render, such as configs/endless_zoom.yaml"
    )
    p.add_argument(
        "-o", "--output", type=Path, metavar="PATH", help="where the film goes, instead of the scene's output.path"
    )
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
        choices=QUALITIES,
        help="draft (longest side 320, 12 fps) to 4k (3840, 60 fps); the film moves as fast",
    )
    p.add_argument("--overwrite", action="store_true", help="replace a film that is already there")
    p.add_argument("--dry-run", action="store_true", help="check everything, print the plan, write nothing")
    p.add_argument("--quiet", action="store_true", help="no progress")
    return p


def render(options: argparse.Namespace) -> int:
    """Renders a scene, or with --dry-run prints its plan."""
    from render.reader import SceneError, read_scene

    try:
        scene = read_scene(options.scene, options.overrides, output=options.output, quality=options.quality)
    except SceneError as error:
        return say("\n".join(error.problems), MISTAKE)
    from render import video

    there = video.exists(scene.output.path)
    if there and not options.overwrite and not options.dry_run:
        return say(f"{there[0]} is already there; --overwrite replaces it, -o PATH writes elsewhere", MISTAKE)
    if options.dry_run:
        from render.plan import plan

        print(plan(scene))
        return DONE
    return film(scene, options)


def film(scene, options: argparse.Namespace) -> int:
    """Renders a checked scene into its film."""
    import models
    from models.weights import WeightsError
    from render.device import prepare
    from render.frames import film_length, frames, on_host
    from render.pictures import PictureError
    from render.progress import progress
    from render.start import check_film
    from render.video import FilmError, film

    prepare()
    try:
        check_film(scene)
    except FilmError as error:
        return say(str(error), MISTAKE)
    try:
        network = models.load(scene.model.name, scene.model.weights)
        with film(scene.output.path, scene.size, scene.fps, scene.output.crf) as write:
            for frame in progress(on_host(frames(scene, network)), film_length(scene), quiet=options.quiet):
                write(frame)
    except (WeightsError, PictureError) as error:
        return say(str(error), MISTAKE)
    except (FilmError, OSError) as error:
        return say(str(error), FAILED)
    print(scene.output.path)
    return DONE


def say(message: str, status: int) -> int:
    """Prints to stderr and hands the exit status on."""
    print(message, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
