"""Flow files that break the standard's form: the message names the component and the member at fault."""

import json
from pathlib import Path
from typing import Any

import pytest

from interconn.cli.flow_file import read_flow_file
from interconn.standard.errors import InvalidFlow

GOOD: dict[str, Any] = {"name": "psi_1", "componentName": "psi", "provider": "interconn", "version": "1.0.0"}


def dag(*components: Any) -> bytes:
    return json.dumps({"version": "1", "components": list(components)}).encode()


WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is not JSON"),
    "brackets": (b'{"dag": {', "its brackets do not match"),
    "a list": (b"[]", "a flow file holds a JSON object"),
    "another encoding": ('{"name": "\xe9"}'.encode("latin-1"), "is not UTF-8"),
    "a member twice": (b'{"dag": {}, "dag": {}}', "repeats a member"),
    "a number that is none": (b'{"dag": NaN}', "NaN is not JSON"),
    "a dag that is text": (b'{"dag": "psi"}', "body: must be an object"),
    "no components": (dag(), "components: is too short"),
    "a component without a version": (dag(GOOD, {**GOOD, "version": None, "name": "b"}), "component b, version: "),
    "a component without a name": (dag(GOOD, {"componentName": "psi"}), "component 2 of the DAG, name: "),
    "a name with a dot": (dag({**GOOD, "name": "a.b"}), "component a.b, name: "),
    "a name that is a number": (dag({**GOOD, "name": 7}), "component 1 of the DAG, name: "),
    "a component that is a number": (dag(GOOD, 7), "components.1: must be an object"),
    "an input that is text": (dag({**GOOD, "input": "x"}), "component psi_1, input: "),
    "an input without a type": (dag({**GOOD, "input": [{"key": "a.b"}]}), "component psi_1, input.0.type: "),
}


@pytest.mark.parametrize("flaw", WRONG)
def test_ctl_6_7_refused_for(flaw: str, tmp_path: Path) -> None:
    content, said = WRONG[flaw]
    file = tmp_path / "flow.json"
    file.write_bytes(content)
    with pytest.raises(InvalidFlow) as caught:
        read_flow_file(file)
    assert said in caught.value.message and caught.value.where == str(file)
    assert caught.value.hint == "examples/ holds flows that work"


def test_a_byte_order_mark_is_no_flaw(tmp_path: Path) -> None:
    file = tmp_path / "flow.json"
    file.write_bytes(b"\xef\xbb\xbf" + dag(GOOD))
    assert read_flow_file(file).require_dag(file).components[0].name == "psi_1"
