"""A loop: its last frame leads into its first, whatever it starts from and however it came about."""

import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scenes import folder as folder
from scenes import mistakes, read

from render.__main__ import main
from render.film import film
from render.film.frames import frames, steps
from render.film.keeping.parts import folder_of
from render.media.video import count_frames
from render.media.video import film as write_film
from render.scene.course import Course, course_of, unrolled
from render.scene.schedule import frame_params

pytestmark = pytest.mark.numbers

SCENE = """\
size: [48, 32]
fps: 12
frames: 12
loop: {joint: 4f, warmup: 3f}
start: {noise: perlin}
dream: {layers: fire2, octaves: 1, iterations: 1}
motion: {zoom: 1.03 + 0.02 * sin(tau * p), grain: 4}
"""


def waves(x):
    """What a network could make of pictures."""
    return {"fire2": jnp.tanh((x - jnp.roll(x, 3, 2)) / 40 + jnp.sin(x / 30))}


WAVES = jax.tree_util.Partial(waves)


@pytest.fixture
def rendering(folder, monkeypatch):
    monkeypatch.setattr(film, "network", lambda model: WAVES)


def states(*scenes) -> np.ndarray:
    """What every step of films leaves, [steps, n, h, w, 3]."""
    return np.stack([np.asarray(made.state) for made in steps(scenes, WAVES) if made.state is not None])


# The steps


def test_a_course_leads_up_to_frame_0_and_ends_in_what_it_kept():
    course = Course(12, joint=4, warmup=3)
    assert (course.lead, course.steps) == (7, 19)
    assert [course.number(step) for step in range(19)] == [5, 6, 7, 8, 9, 10, 11, *range(12)]
    assert [step for step in range(19) if course.keeps(step)] == [3, 4, 5, 6]
    shares = [course.share(step) for step in range(19)]
    assert shares[:15] == [0] * 15 and shares[18] == 1
    left = np.cumprod(1 - np.array(shares[15:18]))
    np.testing.assert_allclose(1 - left, [0.15625, 0.5, 0.84375])  # 3u² - 2u³ at quarters


def test_a_film_that_is_no_loop_has_its_own_steps_only(folder):
    scene = read(SCENE, "loop=false")
    assert course_of(scene) == Course(12) and unrolled(scene).columns["zoom"] is not None
    assert len(unrolled(scene)) == 12


@pytest.mark.parametrize(
    ("loop", "more", "course"),
    [
        ("true", [], Course(12, 6, 36)),  # half of a short film
        ("true", ["frames=240"], Course(240, 18, 36)),
        ("{joint: 0.5}", [], Course(12, 6, 36)),
        ("{joint: 50%, warmup: 0}", [], Course(12, 6, 0)),
        ("{joint: 1b, warmup: 2b}", ["bpm=120"], Course(12, 6, 12)),
        ("{joint: 6f, warmup: 12f}", ["fps=24", "frames=24"], Course(24, 6, 12)),
    ],
)
def test_how_long_joint_and_warmup_are(folder, loop, more, course):
    assert course_of(read(SCENE, f"loop={loop}", *more)) == course


def test_a_draft_closes_over_as_many_seconds(folder):
    written = read(SCENE, "fps=24", "frames=48", "loop={joint: 12f, warmup: 24f}", quality="draft")
    assert course_of(written) == Course(24, 6, 12)


def test_steps_before_frame_0_have_the_numbers_of_those_a_film_later(folder):
    scene = read(SCENE)
    params = frame_params(scene)
    assert unrolled(scene)[:] == [params[k] for k in [5, 6, 7, 8, 9, 10, 11, *range(12)]]


def test_frame_0_of_a_loop_is_as_any_other_in_a_draft(folder):
    """Elsewhere it forms with what its schedules say, whatever the frame rate."""
    looped, film = (
        read(SCENE, "fps=24", "dream.iterations=4 + 4 * (f < 1)", f"loop={loop}", quality="draft")
        for loop in ("true", "false")
    )
    assert frame_params(film)[0].step_size == (1.5,) and frame_params(looped)[0].step_size == (3,)


# The film closes


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["motion.border=wrap", "dream.symmetry=mirror", "start.blend=0.2", "start.moves=true"],
        ["motion={zoom: 0.97, rotate: 3}", "loop={joint: 12f, warmup: 0}", "output.record=octaves", "dream.octaves=2"],
    ],
)
def test_the_last_frame_is_the_one_that_frame_0_grew_from(folder, more):
    scene = read(SCENE, *more)
    course, each = course_of(scene), states(scene)
    assert len(each) == course.steps
    np.testing.assert_array_equal(each[-1], each[course.lead - 1])
    assert np.abs(each[-2] - each[course.lead - 2]).mean() > 0
    for step in range(course.lead, course.steps - course.joint):
        assert np.abs(each[step] - each[step - 1]).mean() > 1


def test_a_film_has_its_own_frames_only(folder):
    scene = read(SCENE)
    each = np.stack([np.asarray(frame) for frame in frames(scene, WAVES)])
    np.testing.assert_array_equal(each, states(scene)[7:, 0])


def test_the_joint_is_no_jump(folder):
    """No step within it is larger than twice the largest elsewhere."""
    scene = read(SCENE, "frames=24", "loop={joint: 8f, warmup: 8f}")
    each = states(scene)[16 - 1 :, 0]
    changes = np.abs(np.diff(each, axis=0)).mean((1, 2, 3))
    assert changes[-8:].max() < 2 * changes[:-8].max()


def test_films_of_a_pass_close_each(folder):
    scenes = [read(SCENE, f"seed={seed}") for seed in (0, 1)]
    both = states(*scenes)
    np.testing.assert_array_equal(both[-1], both[6])
    assert np.abs(both[-1][0] - both[-1][1]).mean() > 1


def numbered_film(path: str, count: int) -> None:
    """A film whose frames are flat, the k-th about 8 k."""
    with write_film(path, (48, 32), 12) as write:
        for k in range(count):
            write(np.full((32, 48, 3), 8 * k, np.uint8))


def test_a_film_of_a_film_closes_over_its_first_frames(rendering):
    numbered_film("source.mp4", 16)
    still = "dream: {layers: fire2, iterations: 0, keep: 0}\n"
    scene = read(f"size: [48, 32]\nloop: {{joint: 4f}}\nstart: {{video: source.mp4}}\n{still}")
    assert scene.length == 12 and course_of(scene) == Course(12, 4, 0)
    means = states(scene).mean((1, 2, 3, 4))
    expected = [*(8 * k for k in range(16))]
    for step, share in zip(range(12, 16), [course_of(scene).share(step) for step in range(12, 16)], strict=True):
        expected[step] = (1 - share) * 8 * step + share * 8 * (step - 12)
    np.testing.assert_allclose(means, expected, atol=2.5)
    list(film.render_films([scene], quiet=True))
    assert count_frames(scene.output.path) == 12


def test_a_film_that_is_too_short_for_its_joint_is_refused(rendering, capsys):
    numbered_film("source.mp4", 16)
    Path("s.yaml").write_text(
        "size: [48, 32]\nframes: 16\nloop: {joint: 6f}\nstart: {video: source.mp4}\ndream: {layers: fire2}\n"
    )
    assert main(["s.yaml"]) == 2
    assert "lasts 1.33 s, and the scene asks for 1.83 s of it, 0.50 s of them for its loop" in capsys.readouterr().err


# It goes on


class Stop(BaseException):
    """Ends a render as a crash would."""


@pytest.fixture
def saving(rendering, monkeypatch):
    """Every state is saved, and may be gone on from."""
    monkeypatch.setattr("render.film.keeping.recorder.SAVED_EVERY", 0.0)
    monkeypatch.setattr("render.film.keeping.segments.SPOOLED", 0.0)


def rendered(path: str, *overrides: str, **more) -> list[str]:
    """Renders; what was told."""
    told: list[str] = []
    list(film.render_films([read(SCENE, *overrides, output=Path(path))], quiet=True, tell=told.append, **more))
    return told


def stopped(path: str, step: int, monkeypatch, *overrides: str) -> None:
    """A film whose renderer has crashed in a step."""
    done = film.render_film.__globals__["Recorder"].done

    def broken(self, number, x):
        if number == step:
            self.wait()  # what was handed over is on the disk
            raise Stop
        done(self, number, x)

    with monkeypatch.context() as patch:
        patch.setattr("render.film.keeping.recorder.Recorder.done", broken)
        with pytest.raises(Stop):
            rendered(path, *overrides)


def test_it_goes_on_wherever_it_was_stopped(saving, monkeypatch):
    rendered("whole.mp4")
    assert count_frames("whole.mp4") == 12
    for step in (1, 4, 6, 7, 10, 15, 18):
        stopped("loop.mp4", step, monkeypatch)
        assert not Path("loop.mp4").exists()
    assert rendered("loop.mp4")[-1] == "goes on at frame 18 of 19"
    assert Path("loop.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    assert not folder_of(Path("loop.mp4"), None).exists()


@pytest.mark.parametrize("harm", [os.remove, lambda file: os.truncate(file, 100)])
def test_without_what_it_kept_it_begins_anew(saving, monkeypatch, harm):
    rendered("whole.mp4")
    stopped("loop.mp4", 12, monkeypatch)
    harm(folder_of(Path("loop.mp4"), None) / "kept-000000005")
    assert rendered("loop.mp4") == ["begins anew (the latest checkpoint is damaged)"]
    assert Path("loop.mp4").read_bytes() == Path("whole.mp4").read_bytes()


def test_only_its_end_from_what_was_begun(saving, monkeypatch):
    rendered("whole/##.png")
    stopped("loop/##.png", 14, monkeypatch)
    told = rendered("loop/##.png", only=(9, 12))
    assert told == ["goes on at frame 14 of 19"]
    for k in range(9, 12):
        assert Path(f"loop/{k:02d}.png").read_bytes() == Path(f"whole/{k:02d}.png").read_bytes()


def test_a_pass_goes_on(saving, monkeypatch):
    def both(name):
        scenes = [read(SCENE, f"seed={seed}", output=Path(f"{name}{seed}.mp4")) for seed in (0, 1)]
        return list(film.render_films(scenes, quiet=True))

    whole = both("whole")
    done = film.render_film.__globals__["Recorder"].done

    def broken(self, number, x):
        if number == 16:
            raise Stop
        done(self, number, x)

    with monkeypatch.context() as patch:
        patch.setattr("render.film.keeping.recorder.Recorder.done", broken)
        with pytest.raises(Stop):
            both("loop")
    assert [path.read_bytes() for path in both("loop")] == [path.read_bytes() for path in whole]


def test_numbers_that_go_wrong_before_the_first_frame(rendering, monkeypatch):
    from render.film import resume

    made = resume.steps

    def broken(*arguments, **more):
        for one in made(*arguments, **more):
            yield one._replace(picture=one.picture * jnp.nan) if one.frame == 4 else one

    monkeypatch.setattr(resume, "steps", broken)
    with pytest.raises(resume.NumbersError, match="frame -3 holds values that are no numbers"):
        rendered("loop.mp4")


# So many times over


@pytest.mark.parametrize("ending", [".mp4", ".gif"])
def test_a_loop_is_repeated(rendering, ending):
    from render.media.video import read_film

    rendered(f"loop{ending}", "output.repeat=3")
    pictures = [*read_film(f"loop{ending}", (48, 32), 12)]
    assert len(pictures) == 36
    for again in pictures[12:24], pictures[24:]:  # a GIF finds its colours by a cache of those before
        assert np.mean(np.asarray(again, float) != np.asarray(pictures[:12])) <= (0.02 if ending == ".gif" else 0)


# What a scene says


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (
            ["loop=2s"],
            "loop: must be true or false, or a mapping {joint: 1.5s, warmup: 3s}, not '2s'; write {joint: 2s}",
        ),
        (
            ["loop={joint: soon}"],
            "loop.joint: must be a time such as 1.5s, 36f (frames), 10% (of the film) or 8b (beats)",
        ),
        (["loop={warmup: -1s}"], "loop.warmup: must be a time such as 1.5s, 36f (frames), 10% (of the film) or 8b"),
        (["loop={join: 2s}"], "loop.join: unknown key 'join'; did you mean 'joint'?"),
        (["loop={joint: 2s}"], "loop.joint: 2s is 24 frames, and the film has 12; it must be at least one of them"),
        (["loop={joint: 0.001}"], "loop.joint: 0.001s is less than a frame"),
        (["loop={joint: 2b}"], "loop.joint: 2b is in beats, which need a top-level bpm"),
        (["frames=1"], "loop: a film of one frame has no end to close"),
        (["loop={warmup: 1e9s}"], "loop.warmup: makes 12000000018 frames with the film's own"),
        (["loop=false", "output.repeat=2"], "output.repeat: repeats a loop, and this film is none"),
        (["output={path: a/##.png, repeat: 2}"], "output.repeat: a/##.png holds every frame once; films repeat: ."),
    ],
)
def test_what_cannot_close_is_said(folder, overrides, told):
    (one,) = mistakes(SCENE, *overrides)
    assert told in one


def test_a_film_of_a_film_has_nothing_to_ripen(folder):
    numbered_film("source.mp4", 16)
    (one,) = mistakes("loop: {warmup: 1s}\nstart: {video: source.mp4}\n")
    assert "s.yaml:1:16: loop.warmup: with start.video each frame is the film's own" in one


@pytest.mark.parametrize(
    ("zoom", "told"),
    [
        ("1.03", []),
        ("1 + 0.02 * sin(tau * p)", []),
        ("1 + 0.02 * sin(6.28 * p)", []),
        ("{0s: 1, 0.5s: 1.02, 1s: 1}", []),
        ("{0s: 1, 0.5s: 1.02}", ["ends at 1.02 and begins at 1: the loop jumps there"]),
        ("1 + 0.02 * p", ["ends at 1.02 and begins at 1: the loop jumps there"]),
        ("'0:(1), 6:(1.05)'", ["ends at 1.05 and begins at 1: the loop jumps there"]),
    ],
)
def test_schedules_that_do_not_close_are_noted(folder, zoom, told):
    notes: list[str] = []
    read(SCENE.replace("1.03 + 0.02 * sin(tau * p)", zoom), tell=notes.append)
    assert notes == [f"s.yaml:7:16: motion.zoom: note: {one}" for one in told]


def test_weights_and_numbers_by_octave_are_noted_too(folder):
    notes: list[str] = []
    more = "dream.layers={fire2: 1, fire3: 1 - p}", "dream.iterations={octaves: [3, 1 + 4 * p]}"
    read(SCENE, *more, tell=notes.append)
    assert [note.partition(": note")[0].rpartition(" ")[2] for note in notes] == [
        "dream.layers.fire3",
        "dream.iterations.octaves",
    ]


def test_a_loop_is_in_the_record(folder):
    from render.scene.resolved import plain

    for loop, written in [("true", True), ("{joint: 4f, warmup: 0}", {"joint": "4f", "warmup": "0s"})]:
        scene = read(SCENE, f"loop={loop}")
        assert plain(scene, Path())["loop"] == written
    assert "loop" not in plain(read(SCENE, "loop=false"), Path())
