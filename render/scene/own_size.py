"""`size: start`: the size of the picture or film that a scene starts from."""

from dataclasses import replace

from render.language.kinds import OWN
from render.language.marks import Node, Problems
from render.media import clip
from render.media.ffmpeg import FilmError
from render.scene.scene import LARGEST, Scene, Start, within


def with_own_size(scene: Scene, node: Node | None, problems: Problems) -> Scene:
    """The scene with the size of its start, where it asks for that (at `node`): even, and at most LARGEST."""
    if scene.size != OWN:
        return scene
    own = _size_of(scene.start)
    if own is None and node and scene.start.image is None and scene.start.video is None:
        message = "start is the size of the start's picture or film, and this scene starts from neither"
        problems.add(node.mark, "size", f"{message}; write [width, height]")
    return replace(scene, size=within(own, min(LARGEST, max(own))) if own else Scene().size)


def _size_of(start: Start) -> tuple[int, int] | None:
    """(w, h); None where there is no picture, or none that can be read, which is told elsewhere."""
    from render.media import pictures

    try:
        if start.image is not None and start.image.is_file():
            return pictures.size_of(start.image)
        if start.video is not None and start.video.is_file():
            return clip.shown_size(start.video)
    except (pictures.PictureError, FilmError):
        pass
    return None
