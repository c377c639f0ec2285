"""Pictures of DAGs: well formed whatever the names are, with every box in its layer and every link drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.control.flow import Box, draw_dag
from interconn.control.flow.layers import arrange
from interconn.control.flow.picture import draw
from interconn.standard.flow import Dag, Port
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


def test_all_outputs_that_one_component_reads_of_another_are_named() -> None:
    dag = diamond()
    dag.components[1].input.append(Port(type="dataset", key="a.data1"))
    titles = [title.text for title in ElementTree.fromstring(draw_dag(dag, "flow-1")).iter(f"{SVG}title")]
    assert "a data0, data1 → b" in titles


NAMES = {
    "markup": "</text><script>alert(1)</script>",
    "quotes and ampersands": "\"'&<>]]>",
    "CJK": "隐私求交" * 40,
    "long": "n" * 200,
    "right to left": "\u202e\u05d0\u05d1",
    "no letters": "\x00\x07\ufffe",
}


@pytest.mark.parametrize("name", NAMES)
def test_no_name_becomes_markup_or_leaves_its_box(name: str) -> None:
    odd = NAMES[name]
    picture = draw([Box(odd, [odd], "RUNNING"), Box("b")], {(odd, "b"): odd}, odd)
    found = ElementTree.fromstring(picture)
    tags = {element.tag.removeprefix(SVG) for element in found.iter()}
    assert tags <= {"svg", "title", "defs", "marker", "path", "rect", "g", "text"}
    names = {name for element in found.iter() for name in element.attrib}
    assert not any(name.startswith("on") or name.endswith(("href", "style")) for name in names)
    boxes = [float(box.attrib["width"]) for box in found.iter(f"{SVG}rect")]
    assert max(boxes[1:]) < 720 and boxes[0] >= max(boxes[1:])


SHAPES = {
    "one": (1, lambda number: []),
    "deep": (1000, lambda number: [number - 1] if number else []),
    "wide": (1000, lambda number: [0] if number else []),
    "mixed": (1000, lambda number: sorted({number // 2, number // 3}) if number else []),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_dags_of_any_size_are_drawn(shape: str) -> None:
    count, reads = SHAPES[shape]
    boxes = [Box(f"c{number}") for number in range(count)]
    links = {(f"c{source}", f"c{number}"): "data" for number in range(count) for source in reads(number)}
    found = ElementTree.fromstring(draw(boxes, links, shape))
    assert len(list(found.iter(f"{SVG}text"))) == count
    wide, high = float(found.attrib["width"]), float(found.attrib["height"])
    for box in list(found.iter(f"{SVG}rect"))[1:]:
        assert float(box.attrib["x"]) >= 0 and float(box.attrib["x"]) + float(box.attrib["width"]) <= wide
        assert float(box.attrib["y"]) >= 0 and float(box.attrib["y"]) + float(box.attrib["height"]) <= high
