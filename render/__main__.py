"""The command line: reads the arguments, wires scene → frames → film, and prints, as commands/ does, and no other.

Errors and help come before anything heavy is imported, so that a typo is answered in a moment; and so does what a shell
asks on TAB (PYTHON_ARGCOMPLETE_OK is the mark by which it sees that it may).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from render import completion
from render.commands import COMMANDS
from render.commands.shared import DONE, FAILED, INTERRUPTED, MISTAKE, say, scene_arguments
from render.dream import settings
from render.dream.settings import SettingsError
from render.film import signals
from render.grammar import Grammar, no_command
from render.language.marks import SceneError
from render.media import screen, system
from render.media.screen import called
from render.scene.scene import Scene


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0 done, 2 the user's mistake, 130 interrupted, 1 anything else."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    run, grammar = COMMANDS.get(arguments[0] if arguments else "", (render, parser))
    settings.forget()
    screen.prepare()
    signals.hear()
    if told := no_command(arguments[0] if arguments else "", COMMANDS):
        return say(told, MISTAKE)
    try:
        return run(grammar().parse_args(arguments[1:] if run is not render else arguments))
    except SceneError as error:
        return say("\n".join(error.problems), MISTAKE)
    except SettingsError as error:
        return say(str(error), FAILED)
    except FileNotFoundError:
        if system.in_a_folder():
            raise
        return say("the working folder is there no more; go to another one", FAILED)
    except KeyboardInterrupt:
        return say(interrupted(arguments) if run is render else "interrupted", INTERRUPTED)


def interrupted(arguments: Sequence[str]) -> str:
    """What to say of an interrupted render: how it goes on."""
    if "--grid" in arguments:
        return "interrupted; nothing was left behind"
    again = [argument for argument in arguments if argument != "--restart"]
    return f"interrupted; what is rendered is kept, and goes on with\n  {called()} {system.quoted(again)}"


def parser() -> Grammar:
    """The grammar of rendering, which is also its --help."""
    p = Grammar(
        prog=called(),
        description="Dreamreel renders a scene file into a film that a network dreams.",
        epilog="other commands: `plan SCENE.yaml` draws a scene's schedules, `models` lists the networks, "
        "`fetch MODEL` brings one, `layers` shows what each layer dreams, `measure FILM` tells a film in numbers; "
        "each has its own --help. "
        "exit status: 0 done; 2 a mistake in the scene or the command line; 130 interrupted; 1 anything else",
    )
    scene_arguments(p)
    p.add_argument("--overwrite", action="store_true", help="replace a film that is already there")
    p.add_argument("--restart", action="store_true", help="begin anew where an unfinished film would go on")
    p.add_argument(
        "--frames",
        metavar="A:B",
        help="only the frames A to B-1, or from A on (A:); the ones before must be dreamed too",
    )
    p.add_argument(
        "--at",
        metavar="MOMENT",
        help="one still of the film, at 12.5s, 30f (a frame) or 50%% of it, from the nearest state that is kept",
    )
    p.add_argument("--dry-run", action="store_true", help="check everything, print the plan, write nothing")
    p.add_argument("--quiet", action="store_true", help="no progress")
    p.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="KEY=VALUES",
        help="a film for each of the values, such as dream.step_size=1,1.5,2 or seed=0..3; several make their product",
    )
    p.add_argument(
        "--each",
        action="extend",
        nargs="+",
        default=[],
        metavar="PICTURES",
        help="a film for each of these pictures as start.image, named after it: 'photos/*.jpg', or a folder; what is "
        "there already is left out",
    )
    p.add_argument("--grid", action="store_true", help="with --sweep or --each: one film of labelled tiles instead")
    return p


def render(options: argparse.Namespace) -> int:
    """Renders a scene or its variations, or with --dry-run prints the plan."""
    from render.film import each
    from render.film.sweep import label, variations, with_own_paths
    from render.film.target import to_render
    from render.scene.reader import read_scene

    def read(variation: Sequence[str]) -> Scene:
        overrides = [*options.overrides, *variation]
        how = {"output": options.output, "quality": options.quality, "at": options.at}
        return read_scene(options.scene, overrides, **how, tell=notes.append)

    notes: list[str] = []
    if options.at and options.frames:
        return say("--at: is one frame of the film, and --frames are others; leave one of them out", MISTAKE)
    if options.grid and options.at:
        return say("--at: a grid has all frames; leave one of them out", MISTAKE)
    if options.grid and options.frames:
        return say("--frames: a grid has all frames; render its scenes one by one", MISTAKE)
    if options.grid and not (options.sweep or options.each):
        return say("--grid: needs --sweep or --each, whose variations or pictures are its tiles", MISTAKE)
    pictures: list[Path | None] = [*each.pictures(options.each)] or [None]
    chosen = [(picture, variation) for picture in pictures for variation in variations(options.sweep)]
    scenes = [read([*(each.overrides(picture) if picture else []), *variation]) for picture, variation in chosen]
    for note in () if options.quiet else dict.fromkeys(notes):
        screen.say(note)
    if options.grid:
        labels = [f"{p.stem if p else ''} {label(variation)}".strip() for p, variation in chosen]
        return films(scenes[:1], options, scenes, labels)
    if not options.sweep and not options.each:
        return films(scenes, options)
    scenes = [each.named_after(scene, p) if p else scene for scene, (p, _) in zip(scenes, chosen, strict=True)]
    scenes = with_own_paths(scenes, [variation for _, variation in chosen])
    missing = to_render(scenes, options.overwrite)
    if len(missing) < len(scenes) and not options.quiet:
        screen.say(f"{len(scenes) - len(missing)} of {len(scenes)} films are there already")
    return films(missing, options)


def films(
    targets: Sequence[Scene], options: argparse.Namespace, tiles: Sequence[Scene] = (), labels: Sequence[str] = ()
) -> int:
    """Renders films that are not there yet: one for each target, or one for all tiles; --dry-run prints plans."""
    from render.film.target import frame_at, frames_of_film, growth, in_the_way, own_path
    from render.media.paths import THERE
    from render.scene.reader import read_scene

    only = None
    if targets and not tiles:
        asked = frames_of_film(options.scene, options.frames, targets[0].length)
        only = frame_at(options.at, targets[0]) if options.at else asked
    others: tuple[Path, ...] = ()
    if only or options.output:
        others = own_path(lambda: read_scene(options.scene, options.overrides, quality=options.quality))
    anew = options.restart or options.grid  # no unfinished film goes on
    there = next(filter(None, (in_the_way(scene, only, anew, options.scene) for scene in targets)), None)
    grow, why = None, ""
    if len(targets) == 1 and not (only or anew or options.overwrite):
        whole = [targets[0].output.path] if there else others
        for film in whole:
            can, why = growth(targets[0], film)
            grow = film if can else grow
    if there and why:
        return say(f"{why}; --overwrite renders it anew, -o PATH elsewhere", MISTAKE)
    if there and not options.overwrite and not grow:
        return say(f"{there} {THERE}", MISTAKE)
    from models.files.weights import WeightsError
    from render.film.keeping.parts import ChangedError
    from render.media.ffmpeg import FilmError, SourceError
    from render.media.pictures import PictureError

    tell = (lambda text: None) if options.quiet else screen.say
    try:
        if options.dry_run:
            from render.film.sources import check_sources

            check_sources(tiles or targets)  # before anything heavy is imported
            from render.dream import device
            from render.film.film import check_grid, checked
            from render.views.plan import plan

            device.prepare(tell)
            if tiles:
                check_grid(tiles)
            else:
                checked(targets, only=only, restart=options.restart, apart=bool(options.each))
            if not screen.result("\n\n".join(plan(scene, only) for scene in tiles or targets)):
                return FAILED
        elif tiles:
            from render.film.film import render_grid

            screen.result(render_grid(tiles, labels, tell=tell, quiet=options.quiet))
        else:
            from render.film.film import render_films

            for path in render_films(
                targets,
                only=only,
                restart=options.restart,
                others=others,
                grow=grow,
                tell=tell,
                quiet=options.quiet,
                apart=bool(options.each),
            ):
                screen.result(path)
    except ChangedError as error:
        return say(f"{error}; --restart begins anew, -o PATH writes elsewhere", MISTAKE)
    except (WeightsError, PictureError, SourceError) as error:
        return say(str(error), MISTAKE)
    except (FilmError, OSError) as error:
        return say(str(error), FAILED)
    return DONE


def run() -> None:
    """The process: `python -m render`, and the command `dreamreel`; or, where a shell asks on TAB, the answer."""
    completion.answer(COMMANDS, parser)
    system.fill_standard()
    try:
        status = main()
    finally:
        screen.finish()
    if status == INTERRUPTED:  # at once: the interpreter would wait for the frame that the device still dreams
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
