"""What a partner learns of what is none of its own: the same answer, by the same steps, as if it were not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from interconn.api.audits import AUDIT_LIST, PROJECT_CREATE
from interconn.standard import management as standard
from interconn.standard.errors import PeerRefused
from tests.management.conftest import Node, Scene


@contextmanager
def statements(node: Node) -> Iterator[list[str]]:
    """What a node asks its database meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "commit_marks" not in statement:  # PostgreSQL's mark of a commit counts, whatever was asked
            asked.append(statement)

    event.listen(node.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(node.database.engine, "before_cursor_execute", note)


async def answer(asking: Node, asked: Node, endpoint: Any, members: dict[str, Any]) -> tuple[int, str, list[str]]:
    """The refusal, with each id of the question left out of it, and what it took to find it."""
    with statements(asked) as steps, pytest.raises(PeerRefused) as refusal:
        await asking.call(asked, endpoint, **members)
    said = refusal.value.peer_message
    for value in members.values():
        said = said.replace(str(value), "…")
    return refusal.value.peer_code, said, steps


async def audits_of_bank(scene: Scene) -> dict[str, str]:
    """An audit of each kind between bank and operator, by kind."""
    return {
        view.kind: view.audit_id for view in (await scene.operator.ask(AUDIT_LIST)).audits if view.node_id == "bank"
    }


@pytest.mark.parametrize("kind", ["DATASET", "PROJECT", "FLOW", "JOB"])
@pytest.mark.parametrize("call", ["query", "terminate", "confirm"])
async def test_an_audit_of_two_others_is_none(scene: Scene, granted: str, kind: str, call: str) -> None:
    await scene.job(granted)
    audit_id = (await audits_of_bank(scene))[kind]
    subject = next(one for name, one in scene.operator.management._approvals._subjects.items() if name.value == kind)
    endpoint = getattr(subject, call)
    more: dict[str, Any] = {"status": "REJECTED"} if call == "confirm" else {}
    there = await answer(scene.clearing, scene.operator, endpoint, {"audit_id": audit_id, **more})
    none = await answer(scene.clearing, scene.operator, endpoint, {"audit_id": "audit-of-nobody", **more})
    assert there == none
    assert (await scene.standing(audit_id))[1] == "APPROVED"


async def test_a_data_set_that_is_not_shown_to_a_partner_is_none(scene: Scene) -> None:
    contract_id = scene.clearing.directory.usable("bank").contract_id
    asked = {"contract_id": contract_id}
    there = await answer(scene.clearing, scene.bank, standard.DATASET_QUERY, {**asked, "dataset_id": "bank-table"})
    none = await answer(scene.clearing, scene.bank, standard.DATASET_QUERY, {**asked, "dataset_id": "no-table"})
    assert there[:2] == none[:2]  # one look more where there is one: whether it was granted


async def test_a_project_in_which_a_partner_takes_no_part_is_none(scene: Scene) -> None:
    await scene.bank.ask(PROJECT_CREATE, name="p", partners=["operator"], project_id="of-two")
    await scene.network.approve_all()
    asked = {"contract_id": scene.clearing.directory.usable("bank").contract_id}
    there = await answer(scene.clearing, scene.bank, standard.PROJECT_QUERY, {**asked, "project_id": "of-two"})
    none = await answer(scene.clearing, scene.bank, standard.PROJECT_QUERY, {**asked, "project_id": "of-none"})
    assert there == none
    page = await scene.clearing.call(scene.bank, standard.PROJECT_LIST, **asked)
    assert (page.total, page.records) == (0, [])


@pytest.mark.parametrize(
    ("endpoint", "member"),
    [
        (standard.CONTRACT_QUERY, {}),
        (standard.CONTRACT_TERMINATE, {}),
        (standard.DATASET_LIST, {}),
        (standard.DATASET_QUERY, {"dataset_id": "operator-table"}),
        (standard.PROJECT_LIST, {}),
        (standard.COMPONENT_LIST, {}),
    ],
    ids=["query", "terminate", "data sets", "a data set", "projects", "components"],
)
async def test_a_contract_of_two_others_is_none(scene: Scene, endpoint: Any, member: dict[str, Any]) -> None:
    """Neither its state is told, nor is anything told or ended under it."""
    of_others = scene.bank.directory.usable("operator").contract_id
    there = await answer(scene.clearing, scene.operator, endpoint, {"contract_id": of_others, **member})
    none = await answer(scene.clearing, scene.operator, endpoint, {"contract_id": "contract-of-nobody", **member})
    assert there == none
    scene.bank.directory.usable("operator")
