"""Pictures of DAGs: well formed whatever the names are, with every box in its layer and every link drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from interconn.control.flow import Box, draw_dag
from interconn.control.flow.layers import arrange
from interconn.control.flow.picture import draw
from interconn.standard.flow import Dag
from tests.control.conftest import component

SVG = "{http://www.w3.org/2000/svg}"


def diamond() -> Dag:
    return Dag.model_validate(
        {
            "version": "1.0.0",
            "components": [
                component("a"),
                component("b", "sum", ["a.data0"]),
                component("c", "sum", ["a.data0"]),
                component("d", "both", ["b.data0", "c.data0"]),
            ],
        }
    )


def texts(picture: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_a_dag_shows_its_components_and_what_they_read() -> None:
    picture = draw_dag(diamond(), "flow-1")
    assert texts(picture) == ["a", "join 1.0.0", "b", "sum 1.0.0", "c", "sum 1.0.0", "d", "both 1.0.0"]
    titles = [title.text for title in ElementTree.fromstring(picture).iter(f"{SVG}title")]
    assert titles[0] == "flow-1"
    assert "b data0 → d" in titles


def test_a_state_is_written_out_and_not_told_by_colour_alone() -> None:
    details = {"b": Box("b", ["host.0 operator"], "FAILED")}
    assert texts(draw_dag(diamond(), "job-1", details))[2:5] == ["b", "host.0 operator", "FAILED"]


def test_boxes_that_read_stand_below_those_they_read_from() -> None:
    layers = arrange(list("abcd"), [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d")])
    assert [set(row) for row in layers.rows] == [{"a"}, {"b", "c", ("a", "d", 1)}, {"d"}]
    assert layers.chains["a", "d"] == ["a", ("a", "d", 1), "d"]


@given(st.text(max_size=80), st.text(max_size=60))
def test_any_name_makes_a_well_formed_picture(name: str, said: str) -> None:
    picture = draw([Box(name, [said]), Box(name + "x")], {(name, name + "x"): said}, said)
    assert len(texts(picture)) == 3


@given(st.lists(st.sets(st.integers(0, 11), max_size=3), min_size=1, max_size=12))
def test_no_two_boxes_lie_upon_each_other(shape: list[set[int]]) -> None:
    names = [f"c{number}" for number in range(len(shape))]
    links = {(f"c{one}", f"c{two}"): "" for two, sources in enumerate(shape) for one in sources if one < two}
    root = ElementTree.fromstring(draw([Box(name) for name in names], links, "x"))
    boxes = [
        [float(box.attrib[each]) for each in ("x", "y", "width", "height")]
        for box in root.iter(f"{SVG}rect")
        if "rx" in box.attrib
    ]
    assert len(boxes) == len(names)
    for place, (x, y, width, height) in enumerate(boxes):
        assert x >= 0
        assert y >= 0
        assert x + width <= float(root.attrib["width"])
        assert y + height <= float(root.attrib["height"])
        for left, top, wide, high in boxes[:place]:
            assert x + width <= left or left + wide <= x or y + height <= top or top + high <= y


@given(st.lists(st.sets(st.integers(0, 8), max_size=3), min_size=1, max_size=9))
def test_every_link_goes_down_one_layer_at_a_time(shape: list[set[int]]) -> None:
    links = [(f"c{one}", f"c{two}") for two, sources in enumerate(shape) for one in sources if one < two]
    layers = arrange([f"c{number}" for number in range(len(shape))], links)
    row_of: dict[Any, int] = {place: number for number, row in enumerate(layers.rows) for place in row}
    for chain in layers.chains.values():
        assert all(row_of[after] == row_of[before] + 1 for before, after in pairwise(chain))
