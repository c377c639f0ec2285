"""Data sets in the hands of their owner: shown to some, described, removed (MGT-4.1, MGT-4.2, MGT-G2.1.1.1-dataset)."""

import pytest

from interconn.api import audits as audit_rows
from interconn.api import datasets as api
from interconn.api.own import Person
from interconn.api.roles import Role
from interconn.control.tables import Job
from interconn.management.datasets.tables import Dataset, RemovedDataset
from interconn.standard import management as standard
from interconn.standard.errors import (
    ContentConflict,
    ContractNotUsable,
    InvalidRequest,
    NotFound,
    PeerRefused,
    Refused,
    RoleMissing,
)
from interconn.storage.files import FileStore


async def listed(scene, node):
    found = await node.ask(api.DATASET_DISCOVER, node_id="operator")
    assert found.total == len(found.records)
    return [record.dataset_id for record in found.records]


async def shown(node, dataset_id):
    """What a node is told of one data set of operator's: its name, or code and words of the refusal."""
    try:
        return (await node.ask(api.DATASET_SHOW, node_id="operator", dataset_id=dataset_id)).name
    except PeerRefused as refusal:
        return refusal.peer_code, refusal.peer_message


async def publish(scene, **members):
    return await scene.operator.ask(api.DATASET_PUBLISH, dataset_id="operator-table", **members)


async def test_mgt_4_1_a_data_set_is_shown_to_whom_it_is_published(scene):
    view = await publish(scene, to=["bank"])
    assert (view.published, view.published_to) == (True, ["bank"])
    assert (await listed(scene, scene.bank), await listed(scene, scene.clearing)) == (["operator-table"], [])
    assert await shown(scene.bank, "operator-table") == "table"
    # Hidden and absent are answered alike, so that nobody finds out by asking (MGT-4.2).
    assert await shown(scene.clearing, "operator-table") == await shown(scene.clearing, "nothing")
    await publish(scene, to=["clearing"])
    assert (await listed(scene, scene.bank), await listed(scene, scene.clearing)) == ([], ["operator-table"])
    await publish(scene, to_all=True)
    assert await listed(scene, scene.bank) == await listed(scene, scene.clearing) == ["operator-table"]
    view = await publish(scene, published=False)
    assert (view.published, view.published_to) == (False, [])
    assert await listed(scene, scene.bank) == await listed(scene, scene.clearing) == []


async def test_mgt_4_2_what_was_granted_is_told_though_it_is_hidden_by_now(scene):
    await scene.grant()
    await publish(scene, to=["clearing"])
    assert await listed(scene, scene.bank) == []
    assert await shown(scene.bank, "operator-table") == "table"


async def test_mgt_4_3_nobody_applies_for_what_it_may_not_know_of(scene):
    await publish(scene, to=["clearing"])
    audits = []
    for dataset_id in ("operator-table", "nothing"):
        audit = await scene.bank.ask(audit_rows.DATASET_REQUEST, node_id="operator", dataset_id=dataset_id)
        await scene.network.settle()
        [view] = (await scene.bank.ask(audit_rows.AUDIT_LIST, audit_id=audit.audit_id)).audits
        audits.append((view.status, view.details["reason"]))
    assert audits[0] == audits[1] and audits[0][0] == "REJECTED"


async def test_what_is_shown_to_some_is_not_shown_to_all_by_oversight(scene):
    await publish(scene, to=["bank"])
    with pytest.raises(Refused, match="bank only"):
        await publish(scene)
    assert await listed(scene, scene.clearing) == []
    assert (await publish(scene, to=["bank"])).published_to == ["bank"]


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"to": ["mallory"]}, ContractNotUsable),
        ({"to": ["bank"], "to_all": True}, InvalidRequest),
        ({"to": ["bank"], "published": False}, InvalidRequest),
    ],
    ids=["no partner", "some and all", "some and none"],
)
async def test_a_publication_that_contradicts_itself_changes_nothing(scene, members, error):
    with pytest.raises(error):
        await publish(scene, **members)
    assert await listed(scene, scene.clearing) == ["operator-table"]


async def test_each_change_of_who_may_know_is_in_the_audit_trail_once(scene):
    await publish(scene, to=["bank"])
    await publish(scene, to=["bank"])
    await publish(scene, published=False)
    entries = [entry for entry in await scene.operator.trail() if entry.subject == "dataset:operator-table"]
    assert [(entry.action, entry.details.get("to")) for entry in entries[-2:]] == [
        ("dataset.publish", ["bank"]),
        ("dataset.hide", False),
    ]


async def test_mgt_4_1_column_metas_are_what_a_person_says_of_them(scene):
    described = await scene.operator.ask(
        api.DATASET_DESCRIBE,
        dataset_id="operator-table",
        name="customers",
        description="of 2025",
        category="retail",
        purpose="scoring",
        label_columns=["good"],
        columns=[{"name": "age", "description": "in years", "distribution": "DISCRETE", "data_type": "int"}],
    )
    assert (described.purpose, described.label_columns) == ("scoring", "good")
    told = await scene.bank.ask(api.DATASET_SHOW, node_id="operator", dataset_id="operator-table")
    assert (told.name, told.description, told.category, told.label_columns) == (
        "customers",
        "of 2025",
        "retail",
        "good",
    )
    age = told.column_metas[2]
    assert (age.name, age.data_type, age.description, age.distribution) == ("age", "int", "in years", "DISCRETE")
    assert [meta.name for meta in told.column_metas] == ["id", "name", "age", "good"]  # in the order of the columns
    assert "purpose" not in told.to_wire()
    cleared = await scene.operator.ask(
        api.DATASET_DESCRIBE, dataset_id="operator-table", description="", columns=[{"name": "age", "description": ""}]
    )
    assert (cleared.description, cleared.column_metas[2].description, cleared.category) == (None, None, "retail")


@pytest.mark.parametrize("members", [{"columns": [{"name": "height"}]}, {"label_columns": ["height"]}])
async def test_a_column_that_is_not_there_cannot_be_described(scene, members):
    with pytest.raises(InvalidRequest, match="no column height"):
        await scene.operator.ask(api.DATASET_DESCRIBE, dataset_id="operator-table", **members)


async def test_a_data_owner_of_other_data_sets_changes_nothing(scene):
    another = Person("ben", "t", frozenset({Role.DATA_OWNER}), datasets=frozenset({"another"}))
    for row, members in ((api.DATASET_PUBLISH, {}), (api.DATASET_DESCRIBE, {}), (api.DATASET_REMOVE, {"force": True})):
        with pytest.raises(RoleMissing):
            await scene.operator.handlers[row.name](another, row.request(dataset_id="operator-table", **members))
    assert await listed(scene, scene.bank) == ["operator-table"]


# --- removing -----------------------------------------------------------------------------------------------


async def remove(scene, **members):
    return await scene.operator.ask(api.DATASET_REMOVE, dataset_id="operator-table", **members)


def stored(scene):
    return [str(name) for name in FileStore(scene.operator.home / "storage").names()]


async def test_a_data_set_that_nobody_uses_is_removed_with_its_rows(scene):
    await publish(scene, to=["bank"])
    assert stored(scene) == ["datasets/operator-table"]
    await remove(scene)
    assert (stored(scene), await listed(scene, scene.bank), await scene.operator.rows(Dataset)) == ([], [], [])
    with pytest.raises(NotFound):
        await remove(scene)


async def test_the_id_of_a_removed_data_set_is_not_used_again(scene):
    await remove(scene)
    with pytest.raises(ContentConflict, match="was removed"):
        await scene.add(scene.operator, "operator-table")


async def test_a_data_set_that_is_granted_is_removed_by_force_alone_which_revokes(scene):
    audit = await scene.grant()
    with pytest.raises(Refused, match="approved for bank"):
        await remove(scene)
    assert stored(scene) == ["datasets/operator-table"]
    await remove(scene, force=True)
    await scene.network.settle()
    assert await scene.standing(audit.audit_id) == ("TERMINATED", "TERMINATED")
    assert stored(scene) == []


async def test_a_data_set_that_a_job_reads_is_removed_by_force_alone(scene, granted):
    def running(session):
        session.add(
            Job(
                job_id="job-1",
                content={
                    "dag": {"components": []},
                    "config": {"role": {}, "task_params": {"host": {"0": {"psi": {"dataset_id": "operator-table"}}}}},
                },
                dag_digest="",
                config_digest="",
                initiator="bank",
                scheduler="clearing",
                trace_id="t",
                created_at=1,
            )
        )

    await scene.operator.database.write(running)
    with pytest.raises(Refused, match="read by job job-1"):
        await remove(scene)
    await remove(scene, force=True)
    assert stored(scene) == []


async def test_an_application_for_what_was_removed_meanwhile_is_not_approved(scene):
    await scene.bank.ask(audit_rows.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.settle()
    await remove(scene)
    [audit] = (await scene.operator.ask(audit_rows.AUDIT_LIST, kind="DATASET")).audits
    with pytest.raises(NotFound):
        await scene.operator.ask(audit_rows.AUDIT_APPROVE, audit_id=audit.audit_id)


async def test_rows_that_a_crash_left_behind_are_taken_out_at_the_next_start(scene, monkeypatch):
    def lost(*_):
        raise OSError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "delete", lost)
        with pytest.raises(OSError, match="power"):
            await remove(scene)
    assert stored(scene) == ["datasets/operator-table"]
    await scene.operator.restart()
    assert stored(scene) == []
    assert [one.erased for one in await scene.operator.rows(RemovedDataset)] == [True]


# --- many columns -------------------------------------------------------------------------------------------


async def test_mgt_4_1_a_data_set_of_very_many_columns_is_listed_without_them_and_told_whole(scene):
    names = [f"c{number}" for number in range(600)]
    (scene.operator.home / "table.csv").write_text(",".join(["id", *names]) + "\n" + ",".join(["1", *["0"] * 600]))
    await scene.add(scene.operator, "wide", published=True)
    page = await scene.bank.call(
        scene.operator, standard.DATASET_LIST, contract_id=scene.bank.directory.usable("operator").contract_id
    )
    metas = {record.dataset_id: record.column_metas for record in page.records}
    assert metas["wide"] is None and len(metas["operator-table"]) == 4
    told = await scene.bank.ask(api.DATASET_SHOW, node_id="operator", dataset_id="wide")
    assert len(told.column_metas) == 601
