"""A permit that got lost comes again, with a new token, and what people see of permits holds no secret."""

import json

import pytest
from sqlalchemy import delete

from interconn.api import audits as api
from interconn.api import peers as peers_api
from interconn.api import permits as permits_api
from interconn.management.permits.levels import ResourceType
from interconn.management.permits.minting import token_digest
from interconn.management.permits.tables import Grant, Permit
from interconn.management.permits.terms import Access
from interconn.standard import headers as names
from interconn.standard import management as standard
from interconn.standard.errors import IllegalTransition, NotFound, PermitRefused
from tests.databases import DATABASES
from tests.management.test_permit_levels import CONFIRMS, apply, decide

OPERATOR_TABLE = Access(ResourceType.DATASET, "operator-table")


@pytest.mark.parametrize("kind", CONFIRMS)
async def test_permit_lost_with_its_confirm_comes_with_the_next(scene, make, kind):
    await apply(scene, kind, make)
    scene.network.lose_replies.add(CONFIRMS[kind].path)
    audit_id = await decide(scene, kind)
    scene.network.clock.time += 3_600_000
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    sent = [json.loads(one.body) for one in scene.network.passed if one.path == CONFIRMS[kind].path]
    tokens = [body["resource_permit"]["token"] for body in sent if body["audit_id"] == audit_id]
    assert len(tokens) == 2 and len(set(tokens)) == 1  # the same one, until it is acknowledged
    assert tokens[0] in {permit.token for permit in await scene.bank.rows(Permit)}
    assert not any("resource_permit" in message.body for message in await scene.operator.messages())


@pytest.mark.parametrize("kind", CONFIRMS)
async def test_renewal_brings_a_new_token_and_the_former_dies(scene, make, kind):
    await apply(scene, kind, make)
    audit_id = await decide(scene, kind)
    [before] = [one.token for one in await scene.bank.rows(Permit) if one.resource_type == kind]
    grants = len(await scene.operator.rows(Grant))
    await lose_permits(scene.bank)
    view = await scene.bank.ask(permits_api.PERMIT_RENEW, audit_id=audit_id)
    assert view.waits_for == "node operator to take the application"
    await scene.network.settle()
    [after] = await scene.bank.rows(Permit)
    assert (after.resource_type, after.token != before) == (kind, True)
    digests = {grant.token_digest for grant in await scene.operator.rows(Grant)}
    assert token_digest(after.token) in digests and token_digest(before) not in digests
    assert len(await scene.operator.rows(Grant)) == grants
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    actions = [one.action for one in await scene.bank.trail() if one.details.get("audit") == audit_id]
    assert actions == [f"{kind.lower()}.{step}" for step in ("apply", "confirm", "apply_again", "permit")]


async def test_renewed_permit_serves_and_the_former_is_refused(scene, granted):
    [permit] = [one for one in await scene.bank.rows(Permit) if one.resource_type == "DATASET"]
    [audit] = (await scene.bank.ask(api.AUDIT_LIST, kind="DATASET")).audits
    await scene.bank.ask(permits_api.PERMIT_RENEW, audit_id=audit.audit_id)
    await scene.network.settle()
    job = await scene.job(granted)
    await scene.admit(job)
    scene.bank.management._jobs._permits.wallet.present = lambda *_, **__: f"operator-table/1/{permit.token}"
    refused = await scene.propose(granted)
    views = (await scene.bank.ask(api.AUDIT_LIST, subject_id=refused.job_id, node_id="operator")).audits
    assert "no permit" in views[0].details["reason"]


@pytest.mark.parametrize("kind", CONFIRMS)
async def test_restored_backup_that_knows_of_no_verdict(scene, make, kind):
    """The backup is from before the confirm: the query tells the state, and has the permit said again."""
    await apply(scene, kind, make)
    backup = await scene.bank.back_up("backup")
    audit_id = await decide(scene, kind)
    await scene.bank.stop()
    DATABASES.restore(scene.bank.home, backup)
    await scene.bank.restart()
    assert kind not in {permit.resource_type for permit in await scene.bank.rows(Permit)}
    await scene.bank.ask(api.AUDIT_ASK, audit_id=audit_id)
    [view] = (await scene.bank.ask(api.AUDIT_LIST, audit_id=audit_id)).audits
    assert (view.status, view.has_permit) == ("APPROVED", False)
    assert view.waits_for == "node operator to take the application"  # once more, for the permit
    await scene.network.settle()
    [permit] = [one for one in await scene.bank.rows(Permit) if one.resource_type == kind]
    [grant] = [one for one in await scene.operator.rows(Grant) if one.resource_type == kind]
    assert grant.token_digest == token_digest(permit.token)


async def test_what_cannot_be_renewed(scene, granted):
    [audit] = (await scene.operator.ask(api.AUDIT_LIST, kind="DATASET")).audits
    with pytest.raises(IllegalTransition, match="applied for by bank"):
        await scene.operator.ask(permits_api.PERMIT_RENEW, audit_id=audit.audit_id)
    await scene.bank.ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    with pytest.raises(IllegalTransition, match="is TERMINATED"):
        await scene.bank.ask(permits_api.PERMIT_RENEW, audit_id=audit.audit_id)
    with pytest.raises(NotFound):
        await scene.bank.ask(permits_api.PERMIT_RENEW, audit_id="audit-none")


async def test_renewal_that_waits_is_not_asked_twice(scene, granted):
    [audit] = (await scene.bank.ask(api.AUDIT_LIST, kind="DATASET")).audits
    for _ in range(3):
        await scene.bank.ask(permits_api.PERMIT_RENEW, audit_id=audit.audit_id)
    waiting = await scene.bank.messages(state="WAITING", endpoint=standard.DATASET_APPLY.name)
    assert [message.reference for message in waiting] == [audit.audit_id]


# --- what people see --------------------------------------------------------------------------------------------


async def test_both_sides_see_what_was_granted_and_no_token(scene, make):
    limit = scene.network.clock.now() + 3_600_000
    await scene.grant(times_limit=2, time_limit=limit, auth_scope={"PROJECT": ["project-1"]})
    await scene.admit(await scene.job(await scene.flow(await scene.project())))
    granted = await scene.operator.ask(permits_api.GRANT_LIST, kind="DATASET")
    [grant] = granted.grants
    assert (grant.resource_id, grant.resource_level, grant.node_id) == ("operator-table", 1, "bank")
    assert (grant.time_limit, grant.times_limit, grant.uses, grant.uses_left) == (limit, 2, 1, 1)
    assert grant.scope.to_wire() == {"PROJECT": ["project-1"]}
    assert grant.standing == "IN_FORCE"
    held = await scene.bank.ask(permits_api.PERMIT_LIST, kind="DATASET", node_id="operator")
    [permit] = held.permits
    assert (permit.audit_id, permit.resource_id, permit.resource_level) == (grant.audit_id, "operator-table", 1)
    assert (permit.time_limit, permit.times_limit, permit.standing) == (limit, 2, "IN_FORCE")
    every = await scene.bank.ask(permits_api.PERMIT_LIST, page_size=-1)
    assert [one.kind for one in every.permits][-1] == "DATASET" and every.total == 7  # the newest first
    first = await scene.bank.ask(permits_api.PERMIT_LIST, page_size=2)
    assert (first.permits, first.total) == (every.permits[:2], 7)
    shown = every.model_dump_json() + (await scene.operator.ask(permits_api.GRANT_LIST)).model_dump_json()
    for secret in await scene.bank.rows(Permit):
        assert secret.token not in shown and token_digest(secret.token) not in shown
    scene.network.clock.time = limit
    for ask, node in ((permits_api.GRANT_LIST, scene.operator), (permits_api.PERMIT_LIST, scene.bank)):
        found = await node.ask(ask, kind="DATASET")
        [one] = found.grants if node is scene.operator else found.permits
        assert one.standing == "EXPIRED"


async def test_grant_that_is_used_up_revoked_or_void_says_so(scene, granted):
    async def standing():
        [grant] = (await scene.operator.ask(permits_api.GRANT_LIST, kind="DATASET")).grants
        [permit] = (await scene.bank.ask(permits_api.PERMIT_LIST, kind="DATASET")).permits
        return grant.standing, permit.standing

    def limit(session):
        session.query(Grant).filter_by(resource_type="DATASET").one().times_limit = 1

    await scene.operator.database.write(limit)
    await scene.admit(await scene.job(granted))
    assert await standing() == ("USED_UP", "IN_FORCE")  # only the holder counts
    contract_id = scene.operator.directory.usable("bank").contract_id
    await scene.operator.ask(peers_api.PEER_TERMINATE, contract_id=contract_id)
    await scene.network.settle()
    assert await standing() == ("VOID", "VOID")


async def test_project_shows_what_it_covers(scene, make):
    await apply(scene, "PROJECT", make)
    audit_id = await decide(scene, "PROJECT", grant_datasets=True)
    [grant] = (await scene.operator.ask(permits_api.GRANT_LIST)).grants
    assert (grant.kind, grant.covers, grant.uses_left) == ("PROJECT", ["operator-table"], None)
    await scene.operator.ask(api.AUDIT_TERMINATE, audit_id=audit_id)
    [grant] = (await scene.operator.ask(permits_api.GRANT_LIST)).grants
    assert grant.standing == "REVOKED"


# --- whom tokens reach ------------------------------------------------------------------------------------------


async def test_no_token_reaches_anybody_but_its_holder_and_its_user(scene, granted):
    """A job of three, scheduled by one that holds no data: all that passed between them."""
    job = await scene.job(granted)
    for node in (scene.bank, scene.operator, scene.clearing):
        await scene.admit(job, node)
    permits = await scene.bank.rows(Permit)
    assert {permit.holder_node_id for permit in permits} == {"operator", "clearing"}
    addresses = {node.identity.address: node.node_id for node in scene.network.nodes.values()}
    assert {addresses[one.target] for one in scene.network.passed} >= {"bank", "operator", "clearing"}
    for sent in scene.network.passed:
        pair = {sent.source, addresses[sent.target]}
        wire = repr(sorted(sent.headers.items())) + sent.body.decode()
        for permit in permits:
            assert permit.token not in wire or pair == {"bank", permit.holder_node_id}
        assert names.PERMIT_SET not in sent.headers or addresses[sent.target] == "operator"
    assert not any(permit.token in json.dumps(job.to_wire()) for permit in permits)


async def test_holder_looks_at_its_own_permits_alone(scene, granted):
    """What another holder gave tells operator nothing, however high it is."""
    theirs = [one for one in await scene.bank.rows(Permit) if one.holder_node_id == "clearing"]
    text = ",".join(f"operator-table/{one.resource_level}/{one.token}" for one in theirs)
    assert theirs
    with pytest.raises(PermitRefused, match="no permit"):
        await scene.operator.database.read(
            lambda session: scene.operator.management._jobs._permits.ledger.accept(
                session, text, user="bank", accesses=[OPERATOR_TABLE], project_id="project-1"
            )
        )


async def lose_permits(node):
    await node.database.write(lambda session: session.execute(delete(Permit)))
