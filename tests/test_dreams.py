"""Which terms a frame dreams of: those that have weight, and at the end of a fade those that just had."""

import numpy as np
import pytest

from render.scene.dreams import HOLDS, dreamed


def sets(*weights) -> list[str]:
    """The sets of terms a, b, … that frames dream of."""
    columns = dreamed([np.asarray(w, float) for w in weights])
    return [
        "".join(name for name, column in zip("abc", columns, strict=False) if column[k]) for k in range(len(columns[0]))
    ]


def test_a_fade_keeps_its_programs_to_its_end():
    a, b, c = [1, 0.5, 0, 0, 0], [0, 0.5, 1, 0.5, 0], [0, 0, 0, 0.5, 1]
    assert sets(a, b, c) == ["ab", "ab", "ab", "bc", "bc"]


def test_frame_0_begins_with_the_fade():
    assert sets([1, 0.9, 0.8], [0, 0.1, 0.2]) == ["ab"] * 3
    assert sets([1, 0.9, 0], [0, 0, 1]) == ["a", "a", "b"]
    assert sets([1, 0], [0, 1]) == ["a", "b"]
    assert sets([1], [0]) == ["a"]


def test_what_is_left_for_long_gets_programs_of_its_own():
    n = HOLDS + 9
    found = sets([1] * 4 + [0] * n, [1] * (4 + n))
    assert found == ["ab"] * (4 + HOLDS) + ["b"] * 9


def test_a_set_whose_programs_are_there_is_used_at_once():
    pulses = [0, 0, 0, 1, 0, 0, 1, 0]
    assert sets([1] * 8, pulses) == ["a", "a", "a", "ab", "a", "a", "ab", "a"]


def test_frames_without_any_weight_dream_nothing():
    assert sets([1, 0, 0, 1], [0, 0, 0, 1]) == ["a", "", "", "ab"]


@pytest.mark.parametrize("seed", range(4))
def test_every_term_with_weight_is_dreamed_and_the_future_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    weights = np.repeat(rng.integers(0, 2, (3, 40)), rng.integers(1, 4), axis=1).astype(float)
    columns = np.array(dreamed(list(weights)))
    assert (columns >= (weights != 0)).all()
    for n in (2, 17, 30):
        np.testing.assert_array_equal(columns[:, :n], dreamed(list(weights[:, :n])))


def test_constant_weights_need_no_memory():
    weights = [np.broadcast_to(np.float64(w), (10**8,)) for w in (1, 0)]
    columns = dreamed(weights)
    assert [(bool(c[0]), c.strides) for c in columns] == [(True, (0,)), (False, (0,))]
