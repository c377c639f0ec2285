"""Projects, flows and proposed jobs."""

from __future__ import annotations

import pytest

from interconn.api.audits import FLOW_LIST, PROJECT_LIST
from interconn.management.work.tables import Flow, Project, ProposedJob
from tests.management.conftest import dag
from tests.management.holder import Holder
from tests.repositories import rows
from tests.repositories.contract import Repository


class TestWork(Repository):
    tables = (
        Project,
        Flow,
        ProposedJob,
    )

    @pytest.mark.parametrize(
        ("part", "found"),
        [
            ("0 %", {"50 %"}),
            ("a_B", {"A_b"}),
            ("acb", {"ACB"}),
            ("É", {"AÉB"}),
            ("é", {"aéb"}),
            ("单", {"名单一"}),
            ("\\", set()),
            ("'", set()),
        ],
    )
    async def test_a_part_of_a_name_is_taken_as_it_is_and_of_letters_a_to_z_in_either_case(
        self, node: Holder, part: str, found: set[str]
    ) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            for number, name in enumerate(rows.NAMES):
                session.add(Project(initiator="bank", project_id=f"{number}", name=name, created_at=1))
                session.add(
                    Flow(initiator="bank", flow_id=f"{number}", name=name, dag=dag(), dag_digest="", created_at=1)
                )

        await node.database.write(write)
        projects = await node.ask(PROJECT_LIST, name=part, page_num=1, page_size=-1)
        assert {one.name for one in projects.projects} == found
        flows = await node.ask(FLOW_LIST, name=part, page_num=1, page_size=-1)
        assert {one.name for one in flows.flows} == found

    async def test_what_came_at_one_moment_is_in_the_order_of_its_ids_page_by_page(self, node: Holder) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            for number, id_ in enumerate(reversed(rows.IDS)):
                initiator = "B" if number % 2 else "a"
                session.add(Project(initiator=initiator, project_id=id_, name=id_, created_at=1))
                session.add(Flow(initiator=initiator, flow_id=id_, name=id_, dag=dag(), dag_digest="", created_at=1))
            session.add(Project(initiator="b", project_id="a", name="twin", created_at=1))
            session.add(Project(initiator="z", project_id="a", name="late", created_at=2))

        await node.database.write(write)
        pages = [await node.ask(PROJECT_LIST, page_num=number, page_size=4) for number in range(1, 6)]
        shown = [one.name for page in pages for one in page.projects]
        place = rows.IDS.index("a") + 1
        assert shown == [*rows.IDS[:place], "twin", *rows.IDS[place:], "late"]
        assert {page.total for page in pages} == {len(rows.IDS) + 2}
        flows = await node.ask(FLOW_LIST, page_num=1, page_size=-1)
        assert [one.name for one in flows.flows] == list(rows.IDS)
