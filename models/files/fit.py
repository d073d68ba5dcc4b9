"""Which form a file of weights has, where in the file the network lies, and what its classifier tells apart.

A checkpoint calls a weight `state_dict.model.conv1.weight` where the network's source has `conv1.weight`: what comes
before, and what lies beside it (an optimiser's state, a moving average, a decoder), is no part of the network. Names
and shapes are enough, so that a scene can be checked at once.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from math import prod
from pathlib import Path
from typing import NamedTuple

from models.files import formats
from models.files.formats import Shapes, WeightsError
from models.files.forms import RULES, Rule, Source
from models.plans.table import NETWORKS, Entry

SEPARATORS = re.compile(r"[./]")
ENDING = re.compile(r"(.*?)(\.weight|\.kernel|\[0\]|/kernel|/weights|_w)")  # of a kernel's name
BIAS = {".weight": ".bias", ".kernel": ".bias", "[0]": "[1]", "/kernel": "/bias", "/weights": "/biases", "_w": "_b"}
SHOWN = 3  # names
ENOUGH, WHOLE = 0.3, 0.9  # of the names of a form, so that a file may be one; without what they all begin with
COUNTS = "num_batches_tracked"  # of PyTorch's batch norms; nothing that is computed needs them


class Head(NamedTuple):
    """A file's own classifier: what it is called there, and how many classes it has."""

    source: Source
    classes: int


class Fit(NamedTuple):
    """How a file fits a network: {name in the form: name in the file} of all below the prefix, and its classifier."""

    rule: Rule
    prefix: str
    names: dict[str, str]
    head: Head | None


def fit(entry: Entry, shapes: Shapes, layers: Iterable[str], path: Path) -> Fit:
    """How the file fits best, held against the kernels of these layers; WeightsError where none of them is in it."""
    rule, prefix, spelled = _likeliest(entry, shapes, list(layers), path)
    names = _below(prefix, spelled)
    for level in _levels(prefix):  # a classifier that was put behind the network lies beside it: backbone.conv1, fc
        around = _below(level, spelled)
        if head := _head(entry, rule, {name: shapes[file] for name, file in around.items()}):
            own = {name: around[name] for name in (head.source.kernel, head.source.bias) if name}
            return Fit(rule, prefix, names | own, head)
    return Fit(rule, prefix, names, None)


def _likeliest(entry: Entry, shapes: Shapes, layers: list[str], path: Path) -> tuple[Rule, str, dict[str, str]]:
    """The form of which most is in the file, behind which prefix, and {name in the form: name in the file}."""
    found = []
    for rule in (RULES[name] for name in (entry.rule, *entry.also, "ours")):
        names = {name for layer in layers for name in rule.names(rule.name(entry.name, layer))}
        spelled = rule.spelled(shapes)
        prefix, count = located(spelled, names)
        found.append((count / len(names), rule, prefix, spelled))
        if rule.alone:  # a part of the network was saved without the rest
            inner, count = located(spelled, {name.removeprefix(rule.alone) for name in names})
            whole = {f"{inner}{rule.alone}{name}": file for name, file in _below(inner, spelled).items()}
            found.append((count / len(names) * (count > WHOLE * len(names)), rule, inner, whole))
    found = [found[0], *(one for one in found if one[0] >= ENOUGH)]
    share, rule, prefix, spelled = max(found, key=lambda one: one[0])
    if share:
        return rule, prefix, spelled
    kernel = RULES[entry.rule].name(entry.name, entry.first).kernel
    held = ", ".join([shown(name) for name in shapes][:SHOWN]) + (", …" if len(shapes) > SHOWN else "")
    others = [other.name for other in NETWORKS.values() if _may_be(other, shapes)]
    hint = f"; is it for {' or '.join(others)}?" if others else ""
    told = f"{path} holds no weights of {entry.name}, such as {kernel}; what it holds is called {held}{hint}"
    raise WeightsError(told)


def _may_be(entry: Entry, shapes: Shapes) -> bool:
    """Whether a network's first kernel and its classifier, where it has one, are in a file."""
    for rule in (RULES[name] for name in (entry.rule, *entry.also, "ours")):
        spelled = rule.spelled(shapes)
        names = rule.names(rule.name(entry.name, entry.first))
        prefix, count = located(spelled, names)
        inside = {name: shapes[file] for name, file in _below(prefix, spelled).items()}
        if count == len(names) and (not entry.classifier or _head(entry, rule, inside)):
            return True
    return False


def _below(prefix: str, spelled: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(prefix): file for name, file in spelled.items() if name.startswith(prefix)}


def _levels(prefix: str) -> list[str]:
    """'state_dict.backbone.', 'state_dict.', ''."""
    return [prefix[:end] for end in (*reversed([match.end() for match in SEPARATORS.finditer(prefix)]), 0)]


def located(names: Iterable[str], wanted: Collection[str]) -> tuple[str, int]:
    """The prefix behind which most wanted names are found, the first of several, and how many: ('model.', 54)."""
    counts: Counter[str] = Counter()
    for name in names:
        for at in (0, *(match.end() for match in SEPARATORS.finditer(name))):
            if name[at:] in wanted:
                counts[name[:at]] += 1
    return counts.most_common(1)[0] if counts else ("", 0)


def _head(entry: Entry, rule: Rule, shapes: Mapping[str, tuple[int, ...]]) -> Head | None:
    """The classifier: a dense layer that takes what the network's does, called as there, or much like it.

    People call theirs loss3/classifier_cars, fc.1 or head.fc; of several such layers none is one.
    """
    match = ENDING.fullmatch(rule.name(entry.name, entry.classifies).kernel) if entry.classifier else None
    if match is None:
        return None
    stem, ending = match.groups()
    called = re.compile(rf"(.*[./])?{re.escape(stem)}.*{re.escape(ending)}", re.DOTALL)
    found = {}
    for name, shape in shapes.items():
        sides = [side for side in shape if side != 1] or [1]
        takes = sides[-1] if rule.outputs_first else sides[0]
        if called.fullmatch(name) and len(sides) <= 2 and takes == entry.features and not ignored(entry, name):
            found[name] = prod(sides) // entry.features
    if match[0] in found:
        found = {match[0]: found[match[0]]}
    if len(found) != 1:
        return None
    kernel, classes = found.popitem()
    bias = kernel.removesuffix(ending) + BIAS[ending]
    return Head(Source(kernel, bias) if bias in shapes else Source(kernel), classes)


def described(entry: Entry, path: Path) -> Entry:
    """The network as a file of one's own makes it: other classes, or none. WeightsError: it is no such file.

    Looks at names and shapes only, and imports nothing heavy.
    """
    found = fit(entry, formats.shapes(path, entry.rule), [entry.first], path)
    return entry.with_classes(found.head.classes if found.head else 0, str(path))


def ignored(entry: Entry, name: str) -> bool:
    """Whether a weight of that name is none that is used: those that helped in training, counts of batches."""
    return name.endswith(COUNTS) or re.match(entry.ignored or r"(?!)", name) is not None


def shown(name: str) -> str:
    """A name out of a file, fit to be printed."""
    text = "".join(c if c.isprintable() else "?" for c in name)
    return text if len(text) <= 80 else f"{text[:77]}…"
