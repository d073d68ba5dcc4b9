"""How far a render is: what frames cost decides the time left, and what is compiled is told while it is waited for."""

import threading
import time
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scenes import folder as folder
from scenes import read

from render.dream.ascent import PLAIN, Ways
from render.dream.compilers import AHEAD, MOST, Compilers, Work
from render.dream.cost import counter
from render.film import progress as shown
from render.film.costs import film_costs
from render.film.frames import film_length
from render.film.needs import changes, needs, needs_of
from render.film.progress import Pace, progress
from render.scene.scene import with_quality
from render.scene.schedule import frame_params

FADE = """
start: {noise: uniform}
model: squeezenet1_1
size: [64, 64]
fps: 10
frames: 41
dream: {octaves: 2, iterations: 2, layers: {fire2: {0f: 1, 20f: 0}, fire5: {10f: 0, 20f: 1}, fire9: {30f: 0, 40f: 1}}}
"""


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test moves: [seconds]."""
    now = [100.0]
    monkeypatch.setattr(shown.time, "monotonic", lambda: now[0])
    return now


def test_what_a_film_needs_comes_in_the_order_of_need(folder):
    scene = read(FADE)
    params = frame_params(scene)
    found = list(needs(scene, params, 0, scene.length))
    sets = ["fire2"], ["fire2", "fire5"], ["fire5", "fire9"]  # fire5 alone, for 10 frames, is not worth compiling
    assert [[t.layer for t in need.targets] for need in found] == [list(s) for s in sets for _ in range(2)]
    assert [need.shape for need in found] == [(46, 46), (64, 64)] * 3
    for k in range(scene.length):
        assert {*needs_of(scene, params[k])} <= {*found}
    assert [need.targets[0].layer for need in needs(scene, params, 31, 41)] == ["fire5"] * 2


def test_only_frames_that_may_need_something_else_are_looked_at(folder):
    params = frame_params(read(FADE))
    assert changes(params, 0, 41) == [0, 11, 31]
    assert changes(params, 12, 35) == [12, 31] and changes(params, 5, 5) == []
    still = read(FADE, "frames=50000000", "dream.layers=fire2")
    assert changes(frame_params(still), 0, 50_000_000) == [0]


def test_size_and_wobble_and_natural_gradients_need_programs_too(folder):
    scene = read(FADE, "dream.layers=fire2", "dream.octave_scale={0f: 1.4, 4f: 1.5}", "dream.natural={6f: 0.5, 8f: 0}")
    found = list(needs(scene, frame_params(scene), 0, scene.length))
    assert {need.ways for need in found} == {PLAIN, Ways(natural=True)}
    assert len({need.shape for need in found}) > 2


def test_each_is_compiled_once_and_ahead_in_order():
    done, compilers = [], Compilers()

    def job(k):
        return k, lambda: done.append(k) or k

    with compilers.ahead(map(job, range(5))):
        assert [compilers.take(*job(k)) for k in range(5)] == list(range(5))
    assert sorted(done) == list(range(5))


def test_it_goes_no_farther_ahead_than_memory_should_hold():
    compilers, made = Compilers(), []
    with compilers.ahead((k, lambda k=k: made.append(k)) for k in range(10 * AHEAD)):
        deadline = time.monotonic() + 20
        while len(made) < AHEAD and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2)
        assert len(made) == AHEAD
    for k in range(2 * MOST):
        compilers.take(k, lambda: None)
    assert len(compilers.futures) <= MOST + AHEAD and 2 * MOST - 1 in compilers.futures


def test_what_fails_ahead_fails_where_it_is_taken():
    compilers = Compilers()

    def fails():
        raise ValueError("no such layer")

    with compilers.ahead([("a", fails), ("b", lambda: 2)]):
        assert compilers.take("b", lambda: 2) == 2
        with pytest.raises(ValueError, match="no such layer"):
            compilers.take("a", fails)


def test_a_wait_is_told_and_measured():
    work, may, heard = Work(), threading.Event(), []
    compilers = Compilers(work)
    quick, slow = compilers.start("quick", int), compilers.start("slow", may.wait)

    def listen():
        heard.append(shown.waiting(work))
        may.set()

    work.listen = listen
    quick.result()
    assert compilers.take("slow", may.wait, [quick, slow])
    assert heard[0] == "compiling 2 of 2" and heard[-1] == "" and work.waited > 0
    assert compilers.take("quick", int) == 0 and heard[-1] == ""


def test_the_time_left_follows_what_frames_cost(clock):
    costs = np.array([9.0, *[1.0] * 50, *[4.0] * 50])
    pace = Pace(101, lambda: costs)
    clock[0] += 60  # the compiler
    pace.step()
    for k in range(1, 101):
        clock[0] += 0.5 * costs[k]
        pace.step()
        assert pace.left == pytest.approx(0.5 * costs[k + 1 :].sum())


def test_compiling_is_no_part_of_the_pace(clock):
    work = Work()
    pace = Pace(40, None, work)
    for k in range(20):
        work.beside = k < 6
        if k == 3:
            work.waited += 30
            clock[0] += 30
        clock[0] += 2 if work.beside else 1
        pace.step()
    assert pace.left == pytest.approx(20, rel=0.1)


def test_the_bar_says_what_it_waits_for(monkeypatch):
    said = []

    class Bar:
        def __init__(self, **options):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def set_description_str(self, text, refresh=True):
            said.append(text)

        def set_postfix_str(self, text, refresh=True):
            said.append(text)

        def update(self):
            pass

    work = Work()
    monkeypatch.setattr(shown, "bar", Bar)
    monkeypatch.setattr(shown, "errors", lambda: type("Terminal", (), {"isatty": lambda self: True})())

    def frames():
        work.waits = (3, 12)
        work.listen()
        work.waits = None
        work.listen()
        yield from range(3)

    assert list(progress(frames(), 3, work=work)) == [0, 1, 2]
    assert said[:2] == ["compiling 3 of 12", "dreaming"] and said[-1].endswith(" s a frame, 0 s left")


@pytest.mark.parametrize("record", ["octaves", "iterations"])
def test_recorded_stages_are_counted_as_pictures(folder, capsys, record):
    scene = read(FADE, "frames=1", "dream.iterations=3", f"output.record={record}")
    total = film_length(scene)
    made = [*([True] * total), False]  # the frame's state is no picture
    assert list(progress(made, total, counts=lambda one: one)) == made
    assert f"frame {total} of {total}" in capsys.readouterr().err
    assert len(film_costs(scene, None, 0, 1)) == total


def test_recorded_stages_last_as_long_in_every_quality(folder):
    scene = read(FADE, "frames=1", "output.record=iterations")
    assert {with_quality(scene, quality).fps for quality in ("draft", "4k")} == {Fraction(10)}
    assert with_quality(read(FADE), "draft").fps == 12


def test_deeper_layers_and_more_steps_cost_more(folder, squeezenet):
    scene = read(FADE, "dream.iterations={0f: 2, 5f: 4, 6f: 2}")
    costs = film_costs(scene, squeezenet, 0, scene.length)
    assert costs[35] > costs[25] == costs[15] > costs[8]  # all as deep as fire5 between them
    assert costs[5] > 1.5 * costs[8]


def test_a_convolution_counts_its_multiplications():
    kernel = jnp.ones((3, 3, 3, 8))

    def network(images):
        y = jax.lax.conv_general_dilated(images, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return {"low": y, "high": jnp.einsum("nhwc,cd->nhwd", y, jnp.ones((8, 5)))}

    costs = counter(jax.tree_util.Partial(network))
    low, high = costs(["low"]).pixel, costs(["high"]).pixel
    assert high - low == 2 * 8 * 5
    assert costs([]).pixel == low - 2 * 27 * 8
