"""What the command line changes in a scene: values grafted into its tree, so that the same checks apply to them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from render.language.document import compose
from render.language.marks import Entry, Mark, Node, Problems, SceneError, join
from render.language.section import Section
from render.scene.scene import LENGTHS, STARTS, Scene

ROOT = Section(Scene)


def override(root: Node, argument: str, problems: Problems) -> Node:
    """The tree with --set's argument, such as dream.octaves=3, grafted in. The argument itself is its mark."""
    mark = Mark(f"--set {argument}")
    path, equals, text = argument.partition("=")
    names = [name.strip() for name in path.split(".")]
    if not equals or not all(names):
        problems.add(mark, "", "write KEY=VALUE, such as --set dream.octaves=3")
        return root
    is_colour = text.startswith("#")  # to YAML this is a comment
    try:
        value = Node(text, mark, text) if is_colour else compose(text, mark, problems, join(*names))
    except SceneError as error:
        problems.take(mark, error)
        return root
    return _graft(_without_rivals(root, names), names, value)


def with_output(root: Node, output: Path) -> Node:
    """The tree with -o's path as output.path."""
    return _graft(root, ["output", "path"], Node(str(output), Mark(f"-o {output}"), str(output), raw=True))


def own_size_asked(root: Node, mark: Mark) -> Node:
    """The tree with `size: start`."""
    return _graft(root, ["size"], Node("start", mark, "start"))


def _graft(node: Node, names: list[str], value: Node, path: str = "") -> Node:
    """A copy of the tree in which the key at names is value."""
    if not names:
        return value
    name, node = names[0], _opened(path, node)
    old = node.value[name] if name in node.value else Entry(Node(name, value.mark, name), Node({}, value.mark))
    key = old.key if len(names) > 1 else Node(name, value.mark, name)
    return replace(node, value={**node.value, name: Entry(key, _graft(old.value, names[1:], value, join(path, name)))})


def _opened(path: str, node: Node) -> Node:
    """The value at a path as a mapping that can take keys: a shorthand is written out, anything else gives way."""
    kind: Any = ROOT
    for name in filter(None, path.split(".")):
        kind = kind.kind(name) if isinstance(kind, Section) else None
    opened = kind.opened(node) if hasattr(kind, "opened") and node.value is not None else node
    return opened if isinstance(opened.value, dict) else Node({}, node.mark)


def _without_rivals(root: Node, names: list[str]) -> Node:
    """The tree without the keys that an override displaces: start.image takes the place of start.noise."""
    match names:
        case ["start", name] if name in STARTS and "start" in root.value:
            start = root.value["start"]
            return replace(
                root, value={**root.value, "start": start._replace(value=_without(start.value, name, STARTS))}
            )
        case [name] if name in LENGTHS:
            return _without(root, name, LENGTHS)
    return root


def _without(node: Node, name: str, rivals: dict[str, tuple[str, ...]]) -> Node:
    if not isinstance(node.value, dict):
        return node
    gone = {key for rival, own in rivals.items() for key in (rival, *own) if rival != name} - set(rivals[name])
    return replace(node, value={key: entry for key, entry in node.value.items() if key not in gone})
