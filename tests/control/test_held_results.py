"""What the layer above holds of results is not shown with a job: neither its place nor its name in storage."""

import asyncio
from types import SimpleNamespace
from typing import Any

from interconn.api.jobs import JOB_LIST
from interconn.control.release import EndedShare


class HoldsAll:
    """Holds every result, and remembers it."""

    def __init__(self) -> None:
        self.shares: list[EndedShare] = []

    def ended(self, session: Any, share: EndedShare) -> None:
        self.shares.append(share)

    def held(self, session: Any, task_ids: Any) -> dict[tuple[str, str, int], dict[str, str]]:
        return {
            (share.task_id, share.role, share.index): dict.fromkeys(share.outputs, "HELD")
            for share in self.shares
            if share.task_id in task_ids
        }


async def test_a_held_result_is_known_to_exist_and_nothing_more(network: Any, make: SimpleNamespace) -> None:
    bank = network.bank
    held = HoldsAll()
    bank.control._initiator._release = bank.control._initiator._shares._release = held
    await network.run(make.job(scheduler="clearing"))
    async with asyncio.timeout(30):
        view = await bank.ended()
        other = await network.operator.ended()
    assert view.outcome == "SUCCESS"
    [share] = held.shares
    assert (share.job_id, share.task_name, share.role) == ("job-1", "first", "guest")
    assert list(share.partners) == ["operator"]
    listed = (await bank.own[JOB_LIST.name](make.person, JOB_LIST.request())).jobs
    for shown in (view, *listed):
        [party] = [party for task in shown.tasks for party in task.parties if party.node_id == "bank"]
        standing = {name: place["standing"] for name, place in party.outputs.items()}
        assert standing == dict.fromkeys(share.outputs, "HELD")
        text = shown.model_dump_json()
        assert all(output["name"] not in text and output["namespace"] not in text for output in share.outputs.values())
    [party] = [party for task in other.tasks for party in task.parties if party.node_id == "operator"]
    assert all("name" in place for place in party.outputs.values())  # another node's policy holds nothing here
