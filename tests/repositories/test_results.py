"""Results that are held."""

from __future__ import annotations

from interconn.api.results import RESULT_LIST
from interconn.management.results.holding import hidden_at
from interconn.management.results.tables import Result, Standing
from tests.management.conftest import START
from tests.management.holder import Holder
from tests.repositories import rows
from tests.repositories.contract import Repository


def result(number: int, job_id: str, standing: Standing) -> Result:
    """An output of a task of a job."""
    return Result(
        number=number,
        job_id=job_id,
        task_id=f"task-{job_id}",
        task_name="psi",
        role="guest",
        index=0,
        key="output",
        component="psi",
        category="dataset",
        namespace="Space",
        stored_name=f"name-{number}",
        partners=["bank"],
        rules=["rule"],
        policy="",
        approval=True,
        four_eyes=False,
        erase=False,
        standing=standing.value,
        held_at=START,
    )


class TestResults(Repository):
    tables = (Result,)

    async def test_a_list_is_in_the_order_of_coming_and_what_is_held_is_hidden(self, node: Holder) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            for number, job_id in enumerate(reversed(rows.IDS), 1):
                session.add(result(number, job_id, Standing.RELEASED if number == 3 else Standing.HELD))

        await node.database.write(write)
        listed = await node.ask(RESULT_LIST)
        assert [one.result.partition("/")[0] for one in listed.results] == list(reversed(rows.IDS))
        held = await node.ask(RESULT_LIST, standing="HELD", job_id="A")
        assert [one.result for one in held.results] == ["A/psi/guest.0/output"]

        def hidden(session):  # type: ignore[no-untyped-def]
            places = (("Space", "name-1"), ("space", "name-1"), ("Space", "name-3"), ("Space", "name-"))
            found = [hidden_at(session, *place) for place in places]
            return [one and one.number for one in found], node.management.release.held(session, ["task-A", "task-a"])

        numbers, by_share = await node.database.read(hidden)
        assert numbers == [1, None, None, None]
        assert by_share == {(f"task-{one}", "guest", 0): {"output": "HELD"} for one in ("A", "a")}
