"""Jobs that a partner makes as heavy as it can: refused, or borne, in little time."""

from types import SimpleNamespace

import pytest

from interconn.control.flow import MAXIMUM_SHARES, plan
from interconn.standard.errors import InvalidFlow


def chain(make: SimpleNamespace, length: int) -> list[dict[str, object]]:
    first = make.component("c0")
    return [first, *(make.component(f"c{n}", inputs=[f"c{n - 1}.data0"]) for n in range(1, length))]


def test_more_components_times_parties_than_a_node_can_look_at(make: SimpleNamespace) -> None:
    hosts = [f"node-{number}" for number in range(MAXIMUM_SHARES // 100)]
    job = make.job(*chain(make, 100), role={"guest": ["bank"], "host": hosts})
    with pytest.raises(InvalidFlow, match="components times parties"):
        plan(job, make.registry)


def test_place_of_a_party_with_more_digits_than_a_number_may_have(make: SimpleNamespace) -> None:
    with pytest.raises(InvalidFlow, match=r"no party host\.9") as caught:
        plan(make.job(host={"9" * 5000: {}}), make.registry)
    assert len(str(caught.value)) < 500


def test_refusal_does_not_repeat_thousands_of_names(make: SimpleNamespace) -> None:
    job = make.job(*chain(make, 1000), common={"x" * 10_000: {}})
    with pytest.raises(InvalidFlow, match="no component x") as caught:
        plan(job, make.registry)
    assert len(str(caught.value)) < 1000
