"""A job as a picture: proposed, running and over, as each of its parties sees it."""

import re
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from interconn.api.jobs import JOB_PICTURE
from interconn.components.launcher import Exit
from interconn.standard.control import JobReference
from interconn.standard.errors import NotFound, PermitRefused


async def drawn(node: Any, make: SimpleNamespace, job_id: str = "job-1") -> list[str]:
    """All that is written in the picture of a job."""
    picture = await node.own[JOB_PICTURE.name](make.person, JobReference(job_id=job_id))
    root = ElementTree.fromstring(picture.svg)
    return [
        text for element in root.iter() if re.search("}(text|title)$", element.tag) for text in [element.text or ""]
    ]


def two_steps(make: SimpleNamespace) -> Any:
    return make.job(make.component("first"), make.component("second", "sum", ["first.data0"]))


async def test_a_job_that_is_only_proposed_shows_who_is_to_do_what(network: Any, make: SimpleNamespace) -> None:
    network.bank.admission.proposals["job-1"] = two_steps(make)
    texts = await drawn(network.bank, make)
    assert texts[0] == "job job-1: proposed"
    assert {"first", "join 1.0.0", "guest.0 bank", "host.0 operator", "second", "sum 1.0.0"} <= set(texts)
    assert "PENDING" not in texts
    with pytest.raises(NotFound):
        await drawn(network.operator, make)


async def test_a_job_shows_how_far_each_party_is(network: Any, make: SimpleNamespace) -> None:
    network.operator.machine.ends = lambda environment: Exit(1, "", 1)
    await network.run(two_steps(make))
    for node in (network.bank, network.operator):
        await node.ended()
        texts = await drawn(node, make)
        assert texts[0] == "job job-1: FINISHED FAILED"
        assert {"host.0 operator FAILED", "FAILED", "guest.0 bank", "PENDING"} <= set(texts)  # the second never began


async def test_a_job_that_was_refused_is_drawn_as_it_was_proposed(network: Any, make: SimpleNamespace) -> None:
    network.operator.admission.refusals["admit"] = PermitRefused("the permit is used up", where="permits")
    await network.run(two_steps(make))
    await network.bank.ended()
    assert "first" in await drawn(network.bank, make)
    with pytest.raises(NotFound):  # nothing of it is kept where it was refused
        await drawn(network.operator, make)


async def test_a_job_of_components_that_are_not_known_here_shows_everybody_at_each_step(
    network: Any, make: SimpleNamespace
) -> None:
    network.bank.admission.proposals["job-1"] = make.job(make.component("first", "of-another-maker"))
    assert {"guest.0 bank", "host.0 operator", "of-another-maker 1.0.0"} <= set(await drawn(network.bank, make))
