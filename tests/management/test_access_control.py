"""Access to a resource from the grant to the job, and what the layers below are told (MGT-2.2-mprac-procedure)."""

import json
import re

import pytest

from interconn.api import audits as api
from interconn.management.permits.ledger import token_digest
from interconn.management.permits.permit_set import read_permit_set
from interconn.management.permits.tables import Grant, Permit
from interconn.standard import headers as names
from interconn.standard import management as standard
from interconn.standard.errors import PermitRefused
from interconn.storage.address import parse_storage_address
from interconn.storage.dataset import DatasetName
from interconn.storage.store import open_store
from interconn.storage.tables import Table
from tests.management.conftest import TABLE


async def test_mgt_2_2_mprac_procedure_with_the_permit_a_job_is_admitted(scene, granted):
    # 1: the grant left a credential at the holder and a permit at the user.
    [permit] = [one for one in await scene.bank.rows(Permit) if one.resource_type == "DATASET"]
    [grant] = [one for one in await scene.operator.rows(Grant) if one.resource_type == "DATASET"]
    assert grant.token_digest == token_digest(permit.token)
    # 2: the access presents it to the holder, and to nobody else.
    job = await scene.job(granted)
    sent = [one for one in scene.network.passed if one.path == standard.JOB_APPLY.path]
    presented = {one.target: read_permit_set(one.headers.get(names.PERMIT_SET, "")) for one in sent}
    assert permit.token in {one.token for one in presented[scene.operator.identity.address]}
    assert presented[scene.clearing.identity.address] == []
    # 3: the job is admitted; session and token of its tasks are the control layer's to make (MGT-2.2-mprac-handover).
    await scene.admit(job)


async def test_mgt_2_2_mprac_procedure_without_the_permit_it_is_refused(scene, granted):
    scene.bank.management._jobs._permits.wallet.present = lambda *_, **__: ""
    proposal = await scene.propose(granted)
    audits = (await scene.bank.ask(api.AUDIT_LIST, subject_id=proposal.job_id, node_id="operator")).audits
    assert [(audit.status, "permit" in audit.details["reason"]) for audit in audits] == [("REJECTED", True)]


async def test_mgt_2_2_mprac_procedure_a_permit_that_is_void_admits_nothing(scene, granted):
    job = await scene.job(granted)
    [audit] = (await scene.bank.ask(api.AUDIT_LIST, kind="DATASET")).audits
    await scene.operator.ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    with pytest.raises(PermitRefused):
        await scene.admit(job)


async def test_mgt_g2_2_3_1_parameters_of_the_partner_are_known_below(scene, granted):
    """Node id, institution, key and permits of a partner, as the layers below ask for them."""
    for node, other in ((scene.bank, scene.operator), (scene.operator, scene.bank)):
        peer = node.directory.usable(other.node_id)
        assert (peer.node_id, peer.inst_id) == (other.node_id, f"inst-{other.node_id}")
        assert peer.credential == other.credential
    [permit] = [one for one in await scene.bank.rows(Permit) if one.resource_type == "DATASET"]
    assert (permit.holder_node_id, permit.holder_inst_id) == ("operator", "inst-operator")
    assert permit.token


async def test_mgt_g2_2_3_2_job_id_is_made_here_and_answered(scene, granted):
    proposal = await scene.propose(granted)
    assert re.fullmatch(r"job-[0-9a-f]{32}", proposal.job_id)
    assert json.loads(scene.network.last(standard.JOB_APPLY).body)["job_id"] == proposal.job_id
    assert (await scene.propose(granted)).job_id != proposal.job_id


async def test_mgt_g2_2_3_2_dataset_address_is_found_by_its_owner_alone(scene, granted, make):
    job = await scene.job(granted)
    [source] = job.config.task_params.layers("host", 0)[-1]["psi-1"].items()
    assert source == ("dataset_id", "operator-table")
    sources = scene.operator.management.sources
    reference = dict([source])
    namespace, name = await scene.operator.database.read(lambda session: sources.locate(session, reference=reference))
    assert (scene.operator.home / "storage" / namespace / name).is_dir()
    await scene.admit(job)
    location = f"{namespace}/{name}"
    told = [one for one in scene.network.passed if one.source == "operator"]
    assert told
    for one in told:
        assert location not in one.path and location.encode() not in one.body
        assert str(scene.operator.home).encode() not in one.body
    contract_id = scene.bank.directory.usable("operator").contract_id
    asked = {"contract_id": contract_id, "dataset_id": "operator-table"}
    detail = await scene.bank.call(scene.operator, standard.DATASET_QUERY, **asked)
    page = await scene.bank.call(scene.operator, standard.DATASET_LIST, contract_id=contract_id)
    for reply in (detail, page):
        words = json.dumps(reply.to_wire())
        assert location not in words and str(scene.operator.home) not in words


async def test_mgt_g2_2_2_dataset_upload_is_read_by_the_component_layers_rules(scene):
    """What the management side took in, a component reads by address, namespace and name (resolution 15)."""
    sources = scene.operator.management.sources
    reference = {"dataset_id": "operator-table"}
    namespace, name = await scene.operator.database.read(lambda session: sources.locate(session, reference=reference))
    store = open_store(parse_storage_address(f"file://{scene.operator.home / 'storage'}"))
    table = Table(store, DatasetName(namespace, name))
    assert list(table.columns) == TABLE.splitlines()[0].split(",")
    rows = [row for batch in table.batches() for row in zip(*batch.to_pydict().values(), strict=True)]
    assert [",".join(row) for row in rows] == TABLE.splitlines()[1:]
