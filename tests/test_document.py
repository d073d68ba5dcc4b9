"""YAML text → marked values: strict scalars, exact places, and nothing hostile gets through."""

import math

import pytest

from render.language.document import compose, load, scalar
from render.language.marks import Mark, Problems, SceneError
from render.scene.overrides import override

START = Mark("s.yaml", 1, 1)
EMPTY = "the scene is empty; it needs at least `start: {noise: uniform}` and `duration: 4`"


def read(text, problems=None):
    return compose(text, START, problems or Problems())


def plain(node):
    if isinstance(node.value, dict):
        return {key: plain(entry.value) for key, entry in node.value.items()}
    return [plain(item) for item in node.value] if isinstance(node.value, list) else node.value


def mistakes(text):
    problems = Problems()
    try:
        read(text, problems)
        problems.check()
    except SceneError as error:
        return error.problems
    return []


@pytest.mark.parametrize(
    "text, value",
    [
        ("1e-3", 0.001),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-3", -3),
        ("0o17", 15),
        ("0x1F", 31),
        ("010", 10),
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2001-01-01", "2001-01-01"),
        ("30000/1001", "30000/1001"),
        ("4s", "4s"),
        ("~", None),
        ("", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("9" * 400, math.inf),
    ],
)
def test_scalars_are_yaml_1_2(text, value):
    assert scalar(text) == value and type(scalar(text)) is type(value)


def test_nan_is_a_number():
    assert math.isnan(scalar(".nan"))


def test_quoted_and_tagged_scalars_are_text():
    assert plain(read("['1', \"true\", !!str 1, ! 2, 3]")) == ["1", "true", "1", "2", 3]


def test_every_key_and_value_has_its_place():
    root = read("# comment\na: 1\nb:\n  - x\n  -   {c: [3, 4]}\n")
    list_ = root.value["b"].value.value
    assert root.value["a"].value.mark == Mark("s.yaml", 2, 4)
    assert root.value["b"].key.mark == Mark("s.yaml", 3, 1)
    assert list_[0].mark == Mark("s.yaml", 4, 5)
    assert list_[1].value["c"].key.mark == Mark("s.yaml", 5, 8)
    assert list_[1].value["c"].value.value[1].mark == Mark("s.yaml", 5, 15)


def test_columns_count_characters_and_a_byte_order_mark_counts_for_none(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_bytes("größe: [ä, 1]\n".encode("utf-8-sig"))
    root = load(path, Problems())
    assert root.value["größe"].key.mark.column == 1
    assert root.value["größe"].value.value[1].mark.column == 12


def test_anchors_and_aliases():
    assert plain(read("a: &x {k: 1}\nb: *x")) == {"a": {"k": 1}, "b": {"k": 1}}


def test_aliases_cannot_unfold_into_gigabytes():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert "holds more than 50000 values" in mistakes("\n".join(lines))[0]


@pytest.mark.parametrize(
    "text, line",
    [
        ("a: 1\nb: 2\na: 3", "s.yaml:3:1: a: the key 'a' is here twice, first in line 1"),
        ("m: {z: 1, z: 2}", "s.yaml:1:11: m.z: the key 'z' is here twice, first in line 1"),
        (
            "a: !!python/object/apply:os.system [ls]",
            "s.yaml:1:4: a: the tag !!python/object/apply:os.system would build an object; a scene holds plain values",
        ),
        ("a: !mine 3", "s.yaml:1:4: a: the tag !mine would build an object; a scene holds plain values"),
        ("a: !!timestamp 3", "s.yaml:1:4: a: the tag !!timestamp would build an object; a scene holds plain values"),
        ("<<: {a: 1}", "s.yaml:1:1: <<: a scene has no merge keys; write the keys out"),
        ("a: *x", "s.yaml:1:4: *x is used before &x names a value"),
        ("a: &x [*x]", "s.yaml:1:8: *x stands inside the value that it names"),
        ("a: 1\n--- \nb: 2", "s.yaml:2:1: a second document begins; one file holds one scene"),
        ("? [a]\n: 1", "s.yaml:1:3: a key must be text; a value that begins with [ or { needs quotes"),
        ("[" * 2000, "s.yaml:1:34: is nested more than 32 deep"),
        ("{a: " * 2000, "s.yaml:1:130: is nested more than 32 deep"),
        ("a: 1\nb: \x07", "s.yaml:2:4: the control character U+0007 cannot be in a scene"),
        ("a: 1\nb: x\0", "s.yaml:2:5: the control character U+0000 cannot be in a scene"),
        ('a: "\\ud800"', "s.yaml:1:4: a: holds half of a surrogate pair, which is no character"),
        (
            "a: 1\n\tb: 2",
            "s.yaml:2:1: found character '\\t' that cannot start any token (while scanning for the next token); "
            "indent with spaces, not tabs",
        ),
        (
            "a: [1, 2",
            "s.yaml:1:9: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence); "
            "a bracket or quote is not closed",
        ),
        (
            "dream:\n  octaves: 3\n  jitter:3\n",
            "s.yaml:3:3: a key ends with a colon and a space; write jitter: 3",
        ),
        (
            "a: {layers: [fire7[17]]}",
            "s.yaml:1:19: expected ',' or ']', but got '[' (while parsing a flow sequence); "
            'between brackets or braces a channel needs quotes: {"fire7[17]": 1}',
        ),
        (
            "layers: {fire7[3,17]: 1}",
            "s.yaml:1:15: expected ',' or '}', but got '[' (while parsing a flow mapping); "
            'between brackets or braces a channel needs quotes: {"fire7[17]": 1}',
        ),
        (
            "start: {colour: #202020}\nduration: 4",
            "s.yaml:2:9: expected ',' or '}', but got ':' (while parsing a flow mapping that begins in line 1); "
            'a colour needs quotes, as in "#202020", since # begins a comment',
        ),
    ],
)
def test_a_broken_text_is_one_clear_line(text, line):
    assert mistakes(text) == [line]


def test_an_escape_too_large_is_no_traceback():
    (line,) = mistakes('a: 1\nb: "\\UFFFFFFFF"')
    assert line.startswith("s.yaml:2:") and "means nothing" in line


def test_a_duplicate_does_not_hide_other_mistakes():
    assert len(mistakes("a: 1\na: 2\nb: !x 3\nb: 4")) == 3


@pytest.mark.parametrize(
    "data, line",
    [
        (b"", f":1:1: {EMPTY}"),
        (b"# only a comment\n", f":1:1: {EMPTY}"),
        (b"---\n", f":2:1: {EMPTY}"),
        (b"hello", ":1:1: a scene is a mapping of keys such as start and duration, not 'hello'"),
        (b"- a\n- b", ":1:1: a scene is a mapping of keys such as start and duration, not [a, b]"),
        (b"a: 1\nb: \xff\n", ":2:4: byte 0xff is not UTF-8 text; save the file as UTF-8"),
        (b"#" * 1_000_001, ": is larger than 1 MB; is it a scene?"),
    ],
)
def test_a_file_that_is_no_scene(tmp_path, data, line):
    path = tmp_path / "s.yaml"
    path.write_bytes(data)
    with pytest.raises(SceneError) as error:
        load(path, Problems())
    assert error.value.problems == [f"{path}{line}"]


def test_a_path_that_is_no_file(tmp_path):
    def told(path):
        with pytest.raises(SceneError) as error:
            load(path, Problems())
        return error.value.problems

    assert told(tmp_path) == [f"{tmp_path}: is a folder, not a scene file"]
    assert told(tmp_path / "x.yaml") == [f"{tmp_path / 'x.yaml'}: there is no such file"]
    assert len(told(tmp_path / ("x" * 5000))) == len(told(tmp_path / "a\0b")) == 1


def set_in(text, *arguments):
    problems = Problems()
    root = read(text, problems)
    for argument in arguments:
        root = override(root, argument, problems)
    problems.check()
    return plain(root)


@pytest.mark.parametrize(
    "text, argument, value",
    [
        ("dream: {octaves: 4, jitter: 1}", "dream.octaves=3", {"dream": {"octaves": 3, "jitter": 1}}),
        ("seed: 1", "dream.octaves=3", {"seed": 1, "dream": {"octaves": 3}}),
        ("seed: 1", "size=[1920,1080]", {"seed": 1, "size": [1920, 1080]}),
        ("seed: 1", "motion.zoom={0s: 1, 4s: 2}", {"seed": 1, "motion": {"zoom": {"0s": 1, "4s": 2}}}),
        ("dream: {keep: 0.3}", "dream.keep.mean=0.1", {"dream": {"keep": {"strength": 0.3, "mean": 0.1}}}),
        (
            "dream: {keep: {0s: 1, 4s: 0}}",
            "dream.keep.mean=0",
            {"dream": {"keep": {"strength": {"0s": 1, "4s": 0}, "mean": 0}}},
        ),
        ("dream: {octaves: {0s: 1}}", "dream.octaves.smallest=96", {"dream": {"octaves": {"smallest": 96}}}),
        ("dream: {layers: [a, b]}", "dream.layers.c=2", {"dream": {"layers": {"a": 1, "b": 1, "c": 2}}}),
        ("dream: {layers: a}", "dream.layers.a[3,4]=2", {"dream": {"layers": {"a": 1, "a[3,4]": 2}}}),
        ("model: m", "model.weights=w", {"model": {"name": "m", "weights": "w"}}),
        ("start: {noise: perlin, level: 9}", "start.image=x.png", {"start": {"image": "x.png"}}),
        ("start: {image: a, fit: contain}", "start.video=b", {"start": {"fit": "contain", "video": "b"}}),
        ("start: {noise: perlin, level: 9}", "start.noise=uniform", {"start": {"noise": "uniform", "level": 9}}),
        ("start: {noise: perlin}", "start.colour=#202020", {"start": {"colour": "#202020"}}),
        ("start: {level: 9}", "start.image=caf\udce9.png", {"start": {"image": "caf\udce9.png"}}),
        ("start: x", "start.noise=perlin", {"start": {"noise": "perlin"}}),
        ("duration: 4", "frames=7", {"frames": 7}),
        ("frames: 4", "duration=7", {"duration": 7}),
        ("seed: 3", "seed=", {"seed": None}),
    ],
)
def test_an_override_is_grafted_in(text, argument, value):
    assert set_in(text, argument) == value


def test_an_override_leaves_an_alias_elsewhere_alone():
    text = "a: &x {k: 1}\nb: *x"
    assert set_in(text, "b.k=2") == {"a": {"k": 1}, "b": {"k": 2}}


def test_bad_overrides_are_all_told():
    with pytest.raises(SceneError) as error:
        set_in("a: 1", "x", "=3", "a..b=3", "a=[1", "b={c: 1, c: 2}")
    assert error.value.problems == [
        "--set x: write KEY=VALUE, such as --set dream.octaves=3",
        "--set =3: write KEY=VALUE, such as --set dream.octaves=3",
        "--set a..b=3: write KEY=VALUE, such as --set dream.octaves=3",
        "--set a=[1: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence); "
        "a bracket or quote is not closed",
        "--set b={c: 1, c: 2}: b.c: the key 'c' is here twice",
    ]
