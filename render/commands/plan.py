"""`plan` draws the schedules of a scene."""

import argparse
from pathlib import Path

from render.commands.shared import FAILED, MISTAKE, overwriting, save, say, scene_arguments, unknown
from render.grammar import Grammar
from render.media import screen
from render.media.paths import refusal
from render.media.screen import called
from render.media.system import fitting


def draw(options: argparse.Namespace) -> int:
    """Draws a scene's schedules: python -m render plan SCENE.yaml -o plan.png."""
    from render.scene.reader import read_scene
    from render.scene.resolved import files
    from render.views.plot import PlotError, plot

    scene = read_scene(options.scene, options.overrides, quality=options.quality, tell=screen.say)
    path = options.output or Path(fitting(options.scene.stem, "-plan.png"))
    if refused := unknown(path) or refusal(
        path, [options.scene, *(file for _, file in files(scene))], options.overwrite
    ):
        return say(refused, MISTAKE)
    try:
        picture = plot(scene, options.scene.stem)
    except PlotError as error:
        return say(str(error), FAILED)
    return save(picture, path)


def draw_parser() -> Grammar:
    """The grammar of `plan`."""
    p = Grammar(prog=f"{called()} plan", description="Draws every schedule of a scene over time.")
    scene_arguments(p)
    overwriting(p)
    return p
