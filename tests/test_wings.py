"""The house: a wing imports only from wings before it, and no import leads back to where it came from.

The imports are read from the source, those within functions and those by name (`import_module`) too. None is exempt:
one that only a type checker follows is a need all the same.
"""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from render.dream.compiled import sources
from render.film.keeping.provenance import NOT_DECIDING, deciding

ROOT = Path(__file__).parents[1]
ORDER = [  # rooms, from those that need nothing; those of one line do not know each other
    ["models.plans"],
    ["models.blocks"],
    ["models.networks"],
    ["models.files.formats", "models.files.forms"],
    ["models.files"],
    ["models.__init__"],
    ["render.__init__"],
    ["render.language"],
    ["render.media"],
    ["render.sound"],
    ["render.scene"],
    ["render.motion"],
    ["render.dream"],
    ["render.film.keeping"],
    ["render.film"],
    ["render.views", "render.live", "render.farm"],
    ["render.grammar"],
    ["render.commands"],
    ["render.completion"],
    ["render.__main__"],
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
LIGHT = ["models.plans", "render.language", "render.media", "render.scene"]  # read before anything heavy is imported
HEAVY = {"jax", "flax", "matplotlib"}


def modules(root: Path) -> dict[str, Path]:
    """Every module of the project, by name; a package is called `package.__init__`."""
    files = [file for top in ("models", "render") for file in (root / top).rglob("*.py")]
    return {".".join(file.relative_to(root).with_suffix("").parts): file for file in files}


def imports(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Line and names that each import of a file might mean, the most precise first."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, [alias.name]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: write out where it comes from"
            yield from ((node.lineno, [f"{node.module}.{alias.name}", str(node.module)]) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield node.lineno, [named(node.args[0])]


def named(argument: ast.expr) -> str:
    """A module's name as far as it is written: import_module(f"models.networks.{name}") means models.networks.*"""
    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    if isinstance(parts[0], ast.Constant):
        return str(parts[0].value) if len(parts) == 1 else f"{parts[0].value}*"
    raise AssertionError(f"line {argument.lineno}: import_module of {ast.unparse(argument)}, which may be anything")


def needs(root: Path) -> dict[str, dict[str, int]]:
    """Module → the modules of the project that it imports, and in which line."""
    known, found = modules(root), {}
    for name, file in modules(root).items():
        found[name] = {
            module: line for line, names in imports(file) for module in meant(names, known) if module != name
        }
    return found


def meant(names: list[str], known: dict[str, Path]) -> list[str]:
    """The modules of the project that an import means; none for those of others."""
    for name in names:
        if name.endswith("*"):
            return [module for module in known if module.startswith(name[:-1]) and "__init__" not in module]
        if found := [module for module in (name, f"{name}.__init__") if module in known]:
            return found
    return []


def room(module: str) -> str | None:
    """The innermost room that a module is in."""
    return max((r for r in RANK if module == r or module.startswith(f"{r}.")), key=len, default=None)


def problems(root: Path) -> list[str]:
    """What stands in no room, imports from a room that is not before its own, or imports in a circle."""
    found, graph = [], needs(root)
    for module, needed in graph.items():
        own = room(module)
        if own is None:
            found.append(f"{module} is in no room")
            continue
        for other, line in needed.items():
            there = room(other)
            if there is not None and there != own and RANK[there] >= RANK[own]:
                found.append(f"{module}:{line} imports {other}: {own} comes before {there}")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append("a circle: " + " → ".join(reversed(error.args[1])))
    return sorted(found)


def test_every_import_leads_to_a_room_before():
    assert len(modules(ROOT)) > 100
    assert problems(ROOT) == []


@pytest.mark.parametrize("light", LIGHT)
def test_what_reads_a_scene_imports_nothing_heavy(light):
    files = [file for module, file in modules(ROOT).items() if room(module) == light]
    assert files
    found = {names[-1].partition(".")[0] for file in files for _, names in imports(file)}
    assert not found & HEAVY


UPWARDS = [
    ("render/language/clock.py", "from render.film import frames", "render.language comes before render.film"),
    ("render/language/clock.py", "import render.media.video", "render.language comes before render.media"),
    ("render/dream/ascent.py", "def f():\n    from render.film.frames import steps", "render.dream comes before"),
    ("render/scene/terms.py", "if TYPE_CHECKING:\n    import render.dream.ascent", "render.scene comes before"),
    ("render/film/keeping/store.py", "from render.film.frames import steps", "render.film.keeping comes before"),
    ("render/views/plan.py", "from render.live import page", "render.views comes before render.live"),
    ("render/film/frames.py", "from render import commands", "render.film comes before render.commands"),
    ("models/blocks/pool.py", "import render.language.clock", "models.blocks comes before render.language"),
    ("models/files/places.py", "import models", "models.files comes before models.__init__"),
    ("models/blocks/pool.py", "x = import_module(f'models.networks.{name}')", "models.blocks comes before"),
    ("render/corridor.py", "", "render.corridor is in no room"),
    ("render/film/frames.py", "def f():\n    import render.film.watch", "a circle: "),
]


@pytest.mark.parametrize(("file", "text", "problem"), UPWARDS)
def test_a_wing_that_reaches_upwards_is_told(tmp_path, file, text, problem):
    house = {
        "render/film/frames.py": "",
        "render/film/watch.py": "from render.film.frames import steps\nfrom render.media import video",
        "render/dream/ascent.py": "import jax\nfrom models.networks.vgg import build",
        "render/media/video.py": "from render.language.clock import Clock",
        "render/language/clock.py": "",
        "render/live/page.py": "import render.film.watch",
        "render/commands.py": "def f():\n    from render.live.page import page",
        "models/__init__.py": "import models.networks.vgg",
        "models/networks/vgg.py": "from models.blocks import pool",
        "models/blocks/pool.py": "",
    }

    def build(files: dict[str, str]) -> None:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content)

    build(house)
    assert problems(tmp_path) == []
    build({file: text})
    found = problems(tmp_path)
    assert any(problem in one for one in found), found


def test_every_file_that_is_named_is_there():
    """In docstrings, comments and CONTRIBUTING: by its path, or by the end of it."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/**/*.py"), *ROOT.glob("[a-z]*/**/*.md")]
    there = [file.relative_to(ROOT).as_posix() for file in files]
    pages = [ROOT / "CONTRIBUTING.md", *modules(ROOT).values(), *(ROOT / "scripts").glob("*.py")]
    named = {(page, name) for page in pages for name in re.findall(r"[\w/]*\w\.(?:py|md)\b", page.read_text("utf-8"))}
    assert len(named) > 100
    lost = [(page.name, name) for page, name in named if not any(f"/{path}".endswith(f"/{name}") for path in there)]
    assert not lost


def test_kept_programs_depend_on_all_code():
    assert {*sources()} == {*modules(ROOT).values()}


def test_what_decides_no_picture_is_there():
    assert all((ROOT / path).exists() for path in NOT_DECIDING)
    names = {path.as_posix() for path in deciding()}
    assert {"render/film/frames.py", "render/film/keeping/segments.py", "models/plans/widths.py"} <= names
    assert "render/__main__.py" not in names and not any(name.startswith("render/views/") for name in names)
