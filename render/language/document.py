"""YAML text → a tree of marked values.

Scalars are read strictly as YAML 1.2's core schema says: `1e-3` is a number, `on`, `yes` and `1:30` are text. A key
that is there twice, a tag that would build an object and an alias that unfolds without end are mistakes. Knows no key
of a scene.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml import events

from render.language.marks import ESCAPES, Entry, Mark, Node, Problems, fail, join, listed, shown
from render.language.nearby import nearby
from render.language.slips import CLOSING, OPENING, POINT, curly, of_key

MAX_BYTES = 1_000_000
SCENES = (".yaml", ".yml", ".json")  # endings of files that may be scenes
MAX_NODES = 50_000  # counted with every alias written out, so that a kilobyte cannot unfold into gigabytes
MAX_DEPTH = 32
CORE = "tag:yaml.org,2002:"
NULL = re.compile(r"|~|null|Null|NULL")
BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
INT = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
QUOTED = {  # quote → how one character is written between two of them
    "'": "''|.",
    '"': r"\\x..|\\u.{4}|\\U.{8}|\\.|.",
}
HINTS = {  # what YAML's own words mean to somebody who has never read its grammar
    r"found character '\\t'": "indent with spaces, not tabs",
    r"could not find expected ':'": "a key ends with a colon and a space",
    r"mapping values are not allowed": "is the line above complete? text that holds ': ' needs quotes",
    r"unexpected end of stream|<stream end>": "a bracket or quote is not closed",
    r"unknown escape character|expected escape sequence": ESCAPES,
}


def load(path: Path, problems: Problems) -> Node:
    """The tree of a YAML file, a mapping. SceneError where nothing can be read; lesser mistakes go to problems."""
    where = Mark(str(path), folder=path.parent)
    text = _text(path, where)
    root = compose(text, where._replace(line=1, column=1), problems)
    if root.value is None:
        raise fail(root.mark, "the scene is empty; it needs at least `start: {noise: uniform}` and `duration: 4`")
    if not isinstance(root.value, dict):
        raise fail(root.mark, f"a scene is a mapping of keys such as start and duration, not {shown(root)}")
    return root


def _text(path: Path, where: Mark) -> str:
    try:
        if path.exists() and not path.is_file():
            raise fail(where, "is a folder, not a scene file" if path.is_dir() else "is not a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise fail(where, f"there is no such file{meant(path)}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise fail(where, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_BYTES:
        raise fail(where, f"is larger than {MAX_BYTES // 1_000_000} MB; is it a scene?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        byte = f"byte 0x{data[error.start]:02x}"
        raise fail(_place(where, before), f"{byte} is not UTF-8 text; save the file as UTF-8") from None


def meant(path: Path) -> str:
    """'; did you mean …?' for a scene that is not there: one of that name in another folder, or of a name like it."""
    named = path if path.suffix else path.with_name(f"{path.name}{SCENES[0]}") if path.name else path
    return nearby(named, [Path(), Path("configs")], SCENES)


def _place(mark: Mark, before: str) -> Mark:
    """The mark just after the text `before`."""
    return mark._replace(line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))


def compose(text: str, start: Mark, problems: Problems, key: str = "") -> Node:
    """The tree of a YAML text, the value of `key`. Marks count from `start`, or all are `start` if it has no line."""
    try:
        loader = _Loader(text)
        return _Composer(loader, start, problems).document(key)
    except yaml.reader.ReaderError as error:
        mark = _place(start, text[: error.position]) if start.line else start
        raise fail(mark, f"the control character U+{error.character:04X} cannot be in a scene") from None
    except yaml.MarkedYAMLError as error:
        raise fail(*_explained(error, text, start)) from None
    except (ValueError, OverflowError):  # PyYAML lets "\UFFFFFFFF" and a version of a thousand digits through to Python
        raise fail(
            _counted(start, loader.get_mark()), "a \\U escape or a % directive holds a number that means nothing"
        ) from None


def _counted(start: Mark, at: Any) -> Mark:
    """PyYAML's mark, which counts from 0, as ours."""
    return start._replace(line=at.line + 1, column=at.column + 1) if at and start.line else start


def _explained(error: yaml.MarkedYAMLError, text: str, start: Mark) -> tuple[Mark, str]:
    at = error.problem_mark or error.context_mark
    if error.context == "while scanning a simple key":  # PyYAML notices a missing colon only lines later
        at = error.context_mark
        if at and (meant := of_key(text[at.index :].partition("\n")[0].rstrip())):
            return _counted(start, at), f"a key ends with a colon and a space; write {meant[:200]}"
    begun = error.context_mark if error.context and start.line else None
    since = f" that begins in line {begun.line + 1}" if begun and at and begun.line != at.line else ""
    context = f" ({error.context}{since})" if error.context else ""
    message = f"{error.problem or 'cannot be read as YAML'}{context}"
    hint = next((hint for words, hint in HINTS.items() if re.search(words, message)), "")
    if at and text[at.index : at.index + 1] == "[" and re.search(r"\w$", text[: at.index]):
        hint = 'between brackets or braces a channel needs quotes: {"fire7[17]": 1}'
    elif at and (told := _indented(text, at.index)):
        return _counted(start, at), told
    elif at and context and re.search(r":\s+#[0-9a-fA-F]{3,6}\b", text[: at.index]):
        hint = 'a colour needs quotes, as in "#202020", since # begins a comment'
    return _counted(start, at), f"{message}; {hint}" if hint else message


class _Loader(yaml.SafeLoader):
    """Takes names that are no UTF-8 from the command line, too, as Python spells their bytes."""

    NON_PRINTABLE = re.compile(f"(?![\udc80-\udcff]){yaml.SafeLoader.NON_PRINTABLE.pattern}")  # type: ignore[misc]


def _indented(text: str, at: int) -> str:
    """What is wrong with the indentation of the line at an index: under none of those above it; or nothing."""
    *above, line = text[:at].split("\n")
    line += text[at:].partition("\n")[0]
    indents = [len(one) - len(one.lstrip(" ")) for one in above if one.strip() and one.lstrip()[0] != "#"]
    own = len(line) - len(line.lstrip(" "))
    if not indents or own in indents or re.search(r"[\[{:]\s*$", above[-1]):
        return ""
    others = listed([str(indent) for indent in sorted({*indents})])
    return f"is indented by {own}, and the lines above by {others}; keys that belong together stand under each other"


class _Composer:
    """Builds the tree from PyYAML's events. They come lazily: a hostile text is refused before its end is read."""

    def __init__(self, loader: yaml.SafeLoader, start: Mark, problems: Problems) -> None:
        self.loader, self.start, self.problems = loader, start, problems
        self.anchors: dict[str, tuple[Node, int] | None] = {}  # None while the anchor's own value is being read
        self.count = 0

    def document(self, key: str) -> Node:
        self.loader.get_event()
        if self.loader.check_event(events.StreamEndEvent):
            return Node(None, self.start)
        self.loader.get_event()
        root = self.node(key, 0)
        self.loader.get_event()
        if not self.loader.check_event(events.StreamEndEvent):
            raise fail(self.mark(self.loader.peek_event()), "a second document begins; one file holds one scene")
        return root

    def mark(self, event: Any) -> Mark:
        return _counted(self.start, event.start_mark)

    def node(self, key: str, depth: int) -> Node:
        event = self.loader.get_event()
        before, self.count = self.count, self.count + 1
        if isinstance(event, events.AliasEvent):
            return self.alias(event)
        if depth > MAX_DEPTH:
            raise fail(self.mark(event), f"is nested more than {MAX_DEPTH} deep")
        if event.anchor:
            self.anchors[event.anchor] = None
        node = Node(*self.value(event, key, depth))
        if event.anchor:
            self.anchors[event.anchor] = node, self.count - before
        self.limit(event)
        return node

    def limit(self, event: events.Event) -> None:
        if self.count > MAX_NODES:
            raise fail(self.mark(event), f"holds more than {MAX_NODES} values, aliases written out; is it a scene?")

    def alias(self, event: events.AliasEvent) -> Node:
        if event.anchor not in self.anchors:
            raise fail(self.mark(event), f"*{event.anchor} is used before &{event.anchor} names a value")
        known = self.anchors[event.anchor]
        if known is None:
            raise fail(self.mark(event), f"*{event.anchor} stands inside the value that it names")
        self.count += known[1]
        self.limit(event)
        return known[0]

    def value(self, event: Any, key: str, depth: int) -> tuple[Any, ...]:
        mark = self.mark(event)
        tag = None if event.tag in (None, "!") else event.tag
        if tag and not re.fullmatch(CORE + "(str|int|float|bool|null|map|seq)", tag):
            name = tag.replace(CORE, "!!")
            self.problems.add(mark, key, f"the tag {name} would build an object; a scene holds plain values")
        if isinstance(event, events.ScalarEvent):
            text = self.straight(event, key)
            value = text if self.is_text(event, tag) else scalar(text)
            # from an escape such as "\\ud800"; those left out are how Python spells bytes of names that are no UTF-8
            if re.search("[\ud800-\udc7f\udd00-\udfff]", event.value):
                self.problems.add(mark, key, "holds half of a surrogate pair, which is no character")
            return value, mark, text, self.source(event)
        if isinstance(event, events.SequenceStartEvent):
            return list(self.items(key, depth)), mark
        return self.mapping(key, depth), mark

    def straight(self, event: Any, key: str) -> str:
        """A scalar's text; of one that stands in curly quotes, which are noted, what is in them."""
        text: str = event.value
        if event.style is None and text[:1] in OPENING and text[1:] and text[-1] in CLOSING:
            self.problems.add(self.mark(event), key, curly(text[0], text[-1]))
            return text[1:-1]
        return text

    def comma(self, before: Any, name: Any, key: str) -> bool:
        """Notes a decimal comma: a number of digits, a comma, digits again where a key should be."""
        written = name.start_mark.buffer[before.start_mark.pointer : before.end_mark.pointer]
        between = before.end_mark.buffer[before.end_mark.pointer : before.end_mark.pointer + 1]
        if (
            between != ","
            or before.end_mark.index + 1 != name.start_mark.index
            or not re.fullmatch(r"[-+]?\d+", written)
        ):
            return False
        if not isinstance(name, events.ScalarEvent) or not re.match(r"\d", name.value):
            return False
        self.problems.add(self.mark(before), key, f"{POINT}: {written}.{name.value}")
        return True

    def source(self, event: Any) -> str:
        """How a scalar is written, with its anchor and tag; nothing if on several lines, or on the command line."""
        begin, end = event.start_mark, event.end_mark
        return begin.buffer[begin.pointer : end.pointer] if self.start.line and begin.line == end.line else ""

    def is_text(self, event: Any, tag: str | None) -> bool:
        quoted = not event.implicit[0] and not tag
        return quoted or event.tag in ("!", CORE + "str")

    def items(self, key: str, depth: int) -> Iterator[Node]:
        while not self.loader.check_event(events.SequenceEndEvent):
            yield self.node(key, depth + 1)
        self.loader.get_event()

    def mapping(self, key: str, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        last = ""
        before: Any = None
        while not self.loader.check_event(events.MappingEndEvent):
            begins = self.loader.peek_event()
            decimal = isinstance(before, events.ScalarEvent) and self.comma(before, begins, join(key, last))
            left, name = last, self.node(key, depth + 1)
            if isinstance(name.value, list | dict):
                raise fail(name.mark, "a key must be text; a value that begins with [ or { needs quotes")
            if name.text in entries:
                first = entries[name.text].key.mark
                seen = f", first in line {first.line}" if first.line else ""
                self.problems.add(name.mark, join(key, name.text), f"the key '{name.text}' is here twice{seen}")
            if name.text == "<<":
                self.problems.add(name.mark, join(key, "<<"), "a scene has no merge keys; write the keys out")
            last, before = name.text, self.loader.peek_event()
            value = self.node(join(key, name.text), depth + 1)
            before = begins if before.start_mark.index == before.end_mark.index else before  # a key alone
            if decimal and left in entries and entries[left].value.text == "":
                del entries[left]  # the half of it that was taken for a key
            elif not decimal:
                entries.setdefault(name.text, Entry(name, value))
        self.loader.get_event()
        return entries


def place(node: Node, index: int) -> Mark:
    """Where the character `index` of a text is written; where the text begins, if it is folded over lines."""
    properties = re.match(r"(?:[&!]\S*\s+)*", node.source)
    at = properties.end() if properties else 0
    quote = node.source[at : at + 1]
    one = QUOTED.get(quote, ".")
    steps = re.findall(one, node.source[at + (quote in QUOTED) :])[:index]
    return (
        node.mark._replace(column=node.mark.column + at + (quote in QUOTED) + sum(map(len, steps)))
        if node.source
        else node.mark
    )


def scalar(text: str) -> bool | int | float | str | None:
    """A plain scalar's value by YAML 1.2's core schema."""
    if NULL.fullmatch(text):
        return None
    if BOOL.fullmatch(text):
        return text.lower() == "true"
    if INT.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if FLOAT.fullmatch(text):
        return float(re.sub(r"\.(?=inf|nan)", "", text.lower()))
    return text
