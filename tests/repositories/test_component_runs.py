"""Components that were ordered, those that are disabled, and those that are registered."""

from __future__ import annotations

from interconn.components.disabled import disabled
from interconn.components.logs import keys_of_task
from interconn.components.registered import registered
from interconn.components.runs import unfinished
from interconn.components.tables import ComponentRun, DisabledComponent, RegisteredComponent
from interconn.state.database import Database
from tests.management.conftest import START
from tests.repositories.contract import Repository


def run(task_id: str, role: str, index: int, **members: object) -> ComponentRun:
    """One that was ordered."""
    return ComponentRun(
        **{
            "task_id": task_id,
            "role": role,
            "index": index,
            "job_id": "job",
            "order": {},
            "state": "ORDERED",
            "ordered_at": START,
            **members,
        }
    )


class TestComponentRuns(Repository):
    tables = (ComponentRun, DisabledComponent, RegisteredComponent)

    async def test_what_has_not_ended_is_taken_up_first_ordered_first(self, database: Database) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            session.add(run("b", "guest", 0, ordered_at=START + 2))
            session.add(run("a", "guest", 0, ordered_at=START + 3, state="LAUNCHED"))
            session.add(run("A", "guest", 0, ordered_at=START + 1))
            session.add(run("z", "guest", 0, state="ENDED"))

        await database.write(write)
        found = await database.read(unfinished)
        assert found == [("A", "guest", 0), ("b", "guest", 0), ("a", "guest", 0)]

    async def test_mgt_6_2_a_component_is_disabled_by_its_exact_name(self, database: Database) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            session.add(DisabledComponent(name="psi", provider="Maker", version="1.0", since=START, by="person:ann"))

        await database.write(write)
        assert await database.read(lambda session: set(disabled(session))) == {("psi", "Maker", "1.0")}

    async def test_ctl_5_8_components_are_registered_by_their_exact_names(self, database: Database) -> None:
        content = {"componentName": "psi", "made_by": {"team": ["甲", None, 1.5]}}

        def write(session):  # type: ignore[no-untyped-def]
            for provider in ("maker", "Maker"):
                session.add(
                    RegisteredComponent(
                        name="psi",
                        provider=provider,
                        version="1.0",
                        image="registry.example/psi:1",
                        description={**content, "provider": provider},
                        since=START,
                        by="person:ann",
                    )
                )

        await database.write(write)
        found = await database.read(lambda session: {key: row.description for key, row in registered(session).items()})
        assert found == {("psi", provider, "1.0"): {**content, "provider": provider} for provider in ("maker", "Maker")}

    async def test_the_shares_of_a_task_are_in_one_order(self, database: Database) -> None:
        parties = [("Guest", 0), ("guest", 2), ("guest", 10), ("host", 0), ("主", 0)]

        def write(session):  # type: ignore[no-untyped-def]
            session.add_all(run("task", role, index) for role, index in reversed(parties))
            session.add(run("Task", "guest", 0))

        await database.write(write)
        found = await database.read(lambda session: keys_of_task(session, "task"))
        assert found == [("task", role, index) for role, index in parties]
