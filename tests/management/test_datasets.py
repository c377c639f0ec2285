"""Data sets: taken in, shown to partners, found for the control layer (MGT-4.1, MGT-4.2, MGT-2.3-paging)."""

import json

import pytest

from interconn.api import datasets as api
from interconn.standard import management as standard
from interconn.standard.errors import ContentConflict, DataError, InvalidRequest, NotApproved, NotFound, PeerRefused
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore


async def add(node, text=None, **members):
    path = node.home / "table.csv"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    members = {"path": str(path), "name": "table", "key_columns": ["id"], **members}
    return await node.ask(api.DATASET_ADD, **members)


async def test_intake_tells_columns_as_in_sql(bank):
    view = await add(bank, label_columns=["good"], dataset_id="table-1")
    assert [(meta.name, meta.data_type, meta.distribution) for meta in view.column_metas] == [
        ("id", "bigint", "CONTINUOUS"),
        ("name", "varchar", "DISCRETE"),
        ("age", "double", "CONTINUOUS"),
        ("good", "boolean", "DISCRETE"),
    ]
    assert (view.count, view.owner, view.published) == (3, "inst-bank", False)
    assert (view.join_columns, view.label_columns) == ("id", "good")
    assert FileStore(bank.home / "storage").metadata(DatasetName("datasets", "table-1")).count == 3
    assert view.location.endswith("/datasets/table-1")


@pytest.mark.parametrize(
    ("text", "members", "message"),
    [
        ("", {}, "empty"),
        ("id,x\n", {}, "no rows"),
        ("id,x\n1,a\n1,b\n", {}, "repeat the key"),
        ("number,x\n1,a\n", {}, "id"),
        ("id,x\n1,a\n", {"label_columns": ["y"]}, "has no column y"),
        ("id," + "x" * 300 + "\n1,a\n", {}, "name of column 2"),
        ('id,"a\nb"\n1,a\n', {}, "name of column 2"),
        (None, {"path": "/nowhere/table.csv"}, "cannot be opened"),
        (None, {"path": "/dev/zero"}, "no file"),
    ],
)
async def test_unusable_file_leaves_nothing_behind(bank, text, members, message):
    with pytest.raises(DataError, match=message):
        await add(bank, text, dataset_id="table-1", **members)
    assert (await bank.ask(api.DATASET_LIST)).datasets == []
    assert list(FileStore(bank.home / "storage").names()) == []
    assert (await add(bank, "id,x\n1,a\n", dataset_id="table-1")).count == 1


async def test_a_file_is_looked_over_and_nothing_is_kept(bank):
    path = bank.home / "table.csv"
    path.write_text('id,id,"a\nb"\n1,2,3\n1,2\n')
    verdict = await bank.ask(api.DATASET_CHECK, path=str(path), key_columns=["id"], label_columns=["y"])
    assert not verdict.usable
    assert [remark.what.partition(":")[0] for remark in verdict.remarks if remark.blocks] == [
        "the name of column 3 cannot be told to partners",
        "the header names id more than once",
        "there is no column y",
        "1 rows have not as many fields as the header, e.g. row 2",
    ]
    assert all(remark.fix for remark in verdict.remarks)
    path.write_text("id,x\n1,a\n2,\n")
    verdict = await bank.ask(api.DATASET_CHECK, path=str(path))
    assert (verdict.usable, verdict.rows, verdict.size, verdict.encoding) == (True, 2, 12, "utf-8")
    assert [(column.name, column.type, column.missing, column.could_be_key) for column in verdict.columns] == [
        ("id", "int", 0, True),
        ("x", "string", 1, False),
    ]
    assert (await bank.ask(api.DATASET_LIST)).datasets == []
    assert list(FileStore(bank.home / "storage").names()) == []


@pytest.mark.parametrize("path", ["/nowhere/table.csv", "/dev/zero", "/proc/self/environ"])
async def test_what_is_no_file_of_theirs_is_not_looked_over(bank, path):
    with pytest.raises((DataError, NotApproved)):
        await bank.ask(api.DATASET_CHECK, path=path)


async def test_gb18030_and_blank_values_are_findings(bank):
    view = await add(bank, "id,城市\n1,北京\n2,\n".encode("gb18030"))
    messages = [finding["message"] for finding in view.findings]
    assert any("GB18030" in message for message in messages)
    assert "Column 城市 has 1 blank values." in messages


async def test_same_id_twice_is_refused(bank):
    await add(bank, dataset_id="table-1")
    with pytest.raises(ContentConflict, match="table-1"):
        await add(bank, dataset_id="table-1")


async def test_id_that_makes_no_name_in_storage_is_refused(bank):
    with pytest.raises(InvalidRequest, match="dot"):
        await add(bank, dataset_id=".hidden")


async def test_intake_that_was_interrupted_may_be_done_again(bank, monkeypatch):
    def lost(*_):
        raise OSError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(type(bank.management._intake), "_enter", lost)
        with pytest.raises(OSError, match="power"):
            await add(bank, dataset_id="table-1")
    assert (await add(bank, dataset_id="table-1")).count == 3


async def test_mgt_4_1_shows_published_ones_alone_and_mgt_4_2_hides_the_rest(network, bank, operator, contract_id):
    for dataset_id in ("shown", "hidden"):
        await add(operator, dataset_id=dataset_id)
    await operator.ask(api.DATASET_PUBLISH, dataset_id="shown")
    page = await bank.ask(api.DATASET_DISCOVER, node_id="operator")
    assert ([record.dataset_id for record in page.records], page.total) == (["shown"], 1)
    assert len((await bank.ask(api.DATASET_SHOW, node_id="operator", dataset_id="shown")).column_metas) == 4
    refusals = []
    for dataset_id in ("hidden", "never"):
        with pytest.raises(PeerRefused) as refusal:
            await bank.ask(api.DATASET_SHOW, node_id="operator", dataset_id=dataset_id)
        refusals.append((refusal.value.peer_code, refusal.value.peer_message))
    assert refusals[0] == refusals[1] and refusals[0][0] == NotFound.code
    await operator.ask(api.DATASET_PUBLISH, dataset_id="shown", published=False)
    assert (await bank.ask(api.DATASET_DISCOVER, node_id="operator")).total == 0


async def test_mgt_g2_1_1_1_dataset_where_it_lies_is_never_told(network, bank, operator, contract_id):
    await add(operator, dataset_id="shown")
    await operator.ask(api.DATASET_PUBLISH, dataset_id="shown")
    contract = {"contract_id": contract_id}
    for endpoint, members in ((standard.DATASET_LIST, {}), (standard.DATASET_QUERY, {"dataset_id": "shown"})):
        shown = (await bank.call(operator, endpoint, **contract, **members)).to_wire()
        record = shown.get("records", [shown])[0]
        assert not {"location", "namespace", "findings", "published", "stored_name"} & record.keys()
        assert str(operator.home) not in json.dumps(shown)


async def test_mgt_2_3_paging(network, bank, operator, contract_id):
    for number in range(25):
        await add(operator, dataset_id=f"table-{number:02}")
        await operator.ask(api.DATASET_PUBLISH, dataset_id=f"table-{number:02}")

    async def page(**members):
        found = await bank.call(operator, standard.DATASET_LIST, contract_id=contract_id, **members)
        return [record.dataset_id for record in found.records], found.total

    ids = [f"table-{number:02}" for number in range(25)]
    assert await page() == (ids[:20], 25)
    assert await page(page_num=2) == (ids[20:], 25)
    assert await page(page_size=-1, page_num=7) == (ids, 25)
    assert await page(page_num=3) == ([], 25)
    assert await page(page_num=2**31 - 1, page_size=2**31 - 1) == ([], 25)
    unusable = standard.DatasetList.model_construct(contract_id=contract_id, page_num=1, page_size=0)
    with pytest.raises(PeerRefused, match="page_size"):
        await bank.client.call("operator", standard.DATASET_LIST, unusable, trace_id="t")


@pytest.mark.parametrize("contract", ["of-nobody", "of-others"])
async def test_contract_of_others_opens_nothing(network, bank, operator, clearing, contract_id, contract):
    other = await network.cooperate(operator, clearing)
    named = other if contract == "of-others" else "contract-none"
    with pytest.raises(PeerRefused) as refusal:
        await bank.call(operator, standard.DATASET_LIST, contract_id=named)
    assert refusal.value.peer_code == NotFound.code


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ({"dataset_id": "table-1"}, True),
        ({"namespace": "datasets", "name": "table-1"}, True),
        ({"dataset_id": "table-1", "namespace": "datasets", "name": "table-1"}, True),
        ({"dataset_id": "table-1", "name": "table-2"}, False),
        ({"dataset_id": "table-1", "namespace": "job-1-guest-0"}, False),
        ({"namespace": "job-1-guest-0", "name": "task_1-aligned"}, False),
        ({"name": "table-1"}, False),
        ({"dataset_id": "table-3"}, False),
        ({"dataset_id": ["table-1"]}, False),
        ({}, False),
    ],
)
async def test_resolution_9_only_what_is_in_the_catalogue_is_located(bank, reference, found):
    await add(bank, dataset_id="table-1")
    await add(bank, dataset_id="table-2")
    located = bank.database.read(lambda session: bank.management.catalogue.locate(session, reference=reference))
    if found:
        assert await located == ("datasets", "table-1")
    else:
        with pytest.raises(NotFound):
            await located
