from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.engines.tuning.spaces import (
    Categorical,
    Continuous,
    Integer,
    Scale,
    Space,
    SpaceError,
    chosen_scale,
)

PLACES = st.floats(0, 1)


@pytest.mark.parametrize(
    "dimension",
    [
        Continuous("x", -3.0, 7.0, Scale.LINEAR),
        Continuous("x", 1e-6, 10.0, Scale.LOG),
        Continuous("x", 0.0, 0.9999, Scale.REVERSE_LOG),
        Continuous("x", 2.0, 2.0),
    ],
)
@given(place=PLACES)
def test_a_place_and_its_value_belong_to_each_other(dimension: Continuous, place: float) -> None:
    value = dimension.at(place)
    assert dimension.low <= value <= dimension.high
    assert dimension.at(dimension.place(value)) == pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("scale", [Scale.LINEAR, Scale.LOG])
def test_every_integer_of_a_range_is_found_at_its_own_place(scale: Scale) -> None:
    dimension = Integer("n", 1, 300, scale)
    assert [dimension.at(dimension.place(value)) for value in range(1, 301)] == list(range(1, 301))
    assert (dimension.at(0.0), dimension.at(1.0)) == (1, 300)


def test_integers_of_a_linear_range_are_equally_likely() -> None:
    dimension = Integer("n", 1, 4, Scale.LINEAR)
    drawn = [dimension.at(place) for place in np.linspace(0, 1, 4000, endpoint=False)]
    assert [drawn.count(value) for value in (1, 2, 3, 4)] == [1000] * 4


def test_half_of_a_logarithmic_range_lies_below_its_geometric_mean() -> None:
    assert Continuous("x", 1e-4, 1.0, Scale.LOG).at(0.5) == pytest.approx(1e-2)
    assert 1 - Continuous("x", 0.0, 0.9999, Scale.REVERSE_LOG).at(0.5) == pytest.approx(1e-2)


def test_the_scale_is_chosen_by_the_ratio_of_the_ends() -> None:
    assert chosen_scale(Scale.AUTO, 1e-5, 1e-1) is Scale.LOG
    assert chosen_scale(Scale.AUTO, 1, 50) is Scale.LINEAR
    assert chosen_scale(Scale.AUTO, 0, 1e6) is Scale.LINEAR
    assert chosen_scale(Scale.AUTO, 0.5, 0.999) is Scale.REVERSE_LOG
    assert chosen_scale(Scale.LINEAR, 1e-5, 1e-1) is Scale.LINEAR


@pytest.mark.parametrize(
    "make",
    [
        lambda: Continuous("x", 2, 1),
        lambda: Continuous("x", 0, 1, Scale.LOG),
        lambda: Continuous("x", -1, 1, Scale.LOG),
        lambda: Continuous("x", 0, 1, Scale.REVERSE_LOG),
        lambda: Continuous("x", math.nan, 1),
        lambda: Continuous("x", 0, math.inf),
        lambda: Integer("x", 0, 9, Scale.LOG),
        lambda: Integer("x", 0, 0, Scale.REVERSE_LOG),
        lambda: Categorical("x", ()),
        lambda: Categorical("x", ("a", "a")),
        lambda: Space((Integer("x", 0, 1), Categorical("x", ("a",)))),
    ],
)
def test_dimensions_that_make_no_sense_are_refused(make) -> None:
    with pytest.raises(SpaceError):
        make()


def test_a_space_is_read_back_as_it_was_written() -> None:
    space = Space((Continuous("a", 0.1, 1.0), Integer("b", 1, 9, Scale.LOG), Categorical("c", ("x", "y"))))
    assert Space.from_json(space.to_json()) == space
    assert space.size == math.inf
    assert Space(space.dimensions[1:]).size == 18
    assert space.contains({"a": 0.5, "b": 3, "c": "x", "more": 1})
    assert not space.contains({"a": 0.5, "b": 3.5, "c": "x"})
    assert not space.contains({"a": 0.5, "b": 3})
