"""What was lost for good is asked for: both sides reach one state by the standard's queries (MGT-4-lost-callback)."""

import pytest
from starlette.applications import Starlette

from interconn.api import audits as api
from interconn.api import peers as peers_api
from interconn.api import state as state_api
from interconn.management.causes import Cause
from interconn.management.contracts.tables import Contract
from interconn.management.reconciliation import matters
from interconn.management.reconciliation.comparing import Zeal
from interconn.management.reconciliation.inquiry import Told
from interconn.management.reconciliation.judgement import Answer, Mend
from interconn.management.reconciliation.reconciler import QUESTIONS_AT_A_TIME
from interconn.management.reconciliation.tables import Comparison
from interconn.peers.delivery import LONGEST_INSISTENCE
from interconn.peers.inbound import Service
from interconn.standard import management as standard
from interconn.standard.errors import Refused
from interconn.standard.management import AuditStatus, StatusReply
from interconn.standard.wire import WireModel
from tests.management.kinds import CALLS, begin, decide, each_kind, share_model, view

# Hours pass for two nodes in each of these; test_agreement_in_the_end has a case for every run.
pytestmark = pytest.mark.slow


@pytest.fixture
async def applied(scene, granted, make):
    """Begins an approval of a kind that operator has received; returns its id."""
    await share_model(scene)

    async def apply(kind):
        audit_id = await begin(scene, make, kind)
        await scene.network.settle()
        return audit_id

    return apply


async def diff(node, partner, **members):
    return await node.ask(state_api.STATE_DIFF, node_id=partner.node_id, **members)


async def mend(node, partner):
    return await node.ask(state_api.STATE_MEND, node_id=partner.node_id)


async def approved(scene, audit_id):
    await decide(scene.operator, audit_id, "APPROVED")
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")


# --- messages lost for good -----------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", ["APPROVED", "REJECTED"])
@each_kind
async def test_mgt_4_lost_callback_a_verdict_that_is_said_once_and_lost_is_learnt_by_query(
    scene, applied, kind, verdict
):
    audit_id = await applied(kind)
    await decide(scene.operator, audit_id, verdict)
    await scene.operator.lose_mail()
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("APPLIED", verdict)
    await scene.network.pass_time(1)
    assert await scene.standing(audit_id) == (verdict, verdict)
    bank = await view(scene.bank, audit_id)
    assert (bank.has_permit, bank.waits_for) == (verdict == "APPROVED", "")
    late = {"audit_id": audit_id, "status": verdict}
    await scene.operator.call(scene.bank, CALLS[kind][1], **late)  # a late confirm of the same is accepted
    assert (await diff(scene.bank, scene.operator)).drift == 0


@pytest.mark.parametrize("ends", ["bank", "operator"])
@each_kind
async def test_mgt_4_lost_callback_a_termination_that_is_said_once_and_lost_is_learnt_by_query(
    scene, applied, kind, ends
):
    audit_id = await applied(kind)
    await approved(scene, audit_id)
    node = scene.bank if ends == "bank" else scene.operator
    await node.ask(api.AUDIT_TERMINATE, audit_id=audit_id)
    await node.lose_mail()
    await scene.network.pass_time(48)
    assert await scene.standing(audit_id) == ("TERMINATED", "TERMINATED")


@each_kind
async def test_an_application_that_the_partner_forgot_is_made_again(scene, applied, kind):
    backup = await scene.operator.back_up("before")
    audit_id = await applied(kind)
    await scene.operator.restore(backup)
    assert await view(scene.operator, audit_id) is None
    await scene.network.pass_time(1)
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
    await approved(scene, audit_id)
    assert (await view(scene.bank, audit_id)).has_permit


async def test_mgt_8_job_audit_state_without_our_query_the_application_is_repeated(scene, applied):
    audit_id = await applied("JOB")
    await decide(scene.operator, audit_id, "APPROVED")
    await scene.operator.lose_mail()
    routes = [route for route in scene.operator.app.routes if route.path != standard.JOB_STATUS.path]
    scene.operator.app = Starlette(routes=routes)
    await scene.network.pass_time(1)
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    asked = [one.path.partition("?")[0] for one in scene.network.passed]
    assert standard.JOB_STATUS.path in asked
    assert asked.count(standard.JOB_APPLY.path) >= 2


@pytest.mark.parametrize("verdict", ["APPROVED", "REJECTED"])
async def test_mgt_3_5_verdict_on_a_contract_that_is_lost(network, bank, operator, verdict):
    contract = await network.apply(bank, operator, fingerprint=operator.credential.fingerprint)
    reference = {"contract_id": contract.contract_id}
    if verdict == "APPROVED":
        await operator.ask(peers_api.PEER_APPROVE, **reference, fingerprint=bank.credential.fingerprint)
    else:
        await operator.ask(peers_api.PEER_REJECT, **reference)
    await operator.lose_mail()
    await network.pass_time(1)
    # The answer brings no key, so the application is repeated and the partner confirms again.
    assert [(await node.contract()).status for node in (bank, operator)] == [verdict, verdict]
    assert [(await node.contract()).usable for node in (bank, operator)] == [verdict == "APPROVED"] * 2
    assert [len(await node.rows(Contract)) for node in (bank, operator)] == [1, 1]


@pytest.mark.parametrize("ends", ["bank", "operator"])
async def test_mgt_3_5_end_of_a_contract_that_is_lost(network, bank, operator, contract_id, ends):
    one = bank if ends == "bank" else operator
    await one.ask(peers_api.PEER_TERMINATE, contract_id=contract_id)
    await one.lose_mail()
    await network.pass_time(48)
    assert [(await node.contract()).status for node in (bank, operator)] == ["TERMINATED", "TERMINATED"]


@pytest.mark.parametrize("kind", ["DATASET", "JOB"])
async def test_a_verdict_refused_too_often_is_not_given_up(scene, applied, kind):
    audit_id = await applied(kind)

    async def refuse(_caller, _request):
        raise Refused("not today")

    confirm = CALLS[kind][1]
    others = [route for route in scene.bank.app.routes if route.path != confirm.path]
    scene.bank.app = Starlette(routes=[*scene.bank.gate.routes([Service(confirm, refuse)]), *others])
    await decide(scene.operator, audit_id, "APPROVED")
    for _ in range(LONGEST_INSISTENCE + 1):
        await scene.network.settle()
        scene.network.clock.time += 60_000
    assert [one.state for one in await scene.operator.messages(reference=audit_id)] == ["REFUSED"]
    assert "to take the verdict, which it has refused" in (await view(scene.operator, audit_id)).waits_for
    scene.bank.app = Starlette(routes=scene.bank.gate.routes(scene.bank.management.services()))
    await scene.network.pass_time(3)
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    assert (await view(scene.bank, audit_id)).has_permit
    assert (await view(scene.operator, audit_id)).waits_for == ""


async def test_a_partner_that_is_down_for_a_week_is_asked_seldom_and_found_at_once_when_it_calls(scene, applied):
    audit_id = await applied("DATASET")
    scene.bank.running = False
    await decide(scene.operator, audit_id, "APPROVED")
    before = len(scene.network.contacted)
    await scene.network.pass_time(7 * 24, step_minutes=180)
    calls = scene.network.contacted[before:].count(scene.bank.identity.address)
    # At each of the 56 looks, each of two partners sends one message and asks a few questions at the most.
    assert calls <= 56 * 2 * (QUESTIONS_AT_A_TIME + 1)
    assert "no answer" in (await view(scene.operator, audit_id)).waits_for
    scene.bank.running = True
    await scene.bank.call(scene.operator, standard.DATASET_STATUS, audit_id=audit_id)
    await scene.network.settle()  # no time passes
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")


async def test_questions_to_a_partner_that_does_not_answer_end_with_the_first(scene, applied, make):
    for _ in range(12):
        await scene.bank.ask(api.PROJECT_CREATE, name="p", partners=["operator"])
    await scene.network.settle()
    scene.operator.running = False
    scene.network.clock.time += 3_600_000
    await scene.bank.management.reconciler.look()
    before = len(scene.network.contacted)
    scene.network.clock.time += 86_400_000
    await scene.bank.management.reconciler.look()
    asked = scene.network.contacted[before:].count(scene.operator.identity.address)
    assert 0 < asked <= QUESTIONS_AT_A_TIME


# --- restored backups -----------------------------------------------------------------------------------------


@each_kind
async def test_an_applicant_restored_from_before_the_verdict_learns_it(scene, applied, kind):
    audit_id = await applied(kind)
    backup = await scene.bank.back_up("before")
    await approved(scene, audit_id)
    await scene.bank.restore(backup)
    await scene.network.pass_time(2)
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    assert (await view(scene.bank, audit_id)).has_permit
    assert (await diff(scene.bank, scene.operator)).drift == 0


async def test_the_side_that_decides_restored_from_before_its_verdict_is_shown_with_the_legal_step(scene, applied):
    audit_id = await applied("PROJECT")
    backup = await scene.operator.back_up("before")
    await approved(scene, audit_id)
    await scene.operator.restore(backup)
    await scene.network.pass_time(48)
    assert await scene.standing(audit_id) == ("APPROVED", "APPLIED")  # nobody is approved by claiming to be
    found = [one for one in (await diff(scene.bank, scene.operator)).differences if one.id == audit_id]
    assert [(one.there, one.impossible, one.side, one.command) for one in found] == [
        ("APPLIED", True, "operator", f"interconn audit approve {audit_id}")
    ]
    mirrored = [one for one in (await diff(scene.operator, scene.bank)).differences if one.id == audit_id]
    assert [(one.side, one.command) for one in mirrored] == [("operator", f"interconn audit approve {audit_id}")]
    await approved(scene, audit_id)  # the step that was named
    assert (await diff(scene.bank, scene.operator)).drift == (await diff(scene.operator, scene.bank)).drift == 0


async def test_the_side_that_decides_restored_from_before_the_application(scene, applied):
    backup = await scene.operator.back_up("before")
    audit_id = await applied("PROJECT")
    await approved(scene, audit_id)
    await scene.operator.restore(backup)
    await scene.network.pass_time(48)
    [found] = [one for one in (await diff(scene.bank, scene.operator)).differences if one.id == audit_id]
    assert (found.answer, found.agreement, found.mendable) == ("UNKNOWN", "DRIFT", True)
    assert found.command == f"interconn audit terminate {audit_id}"
    [mended] = [one for one in (await mend(scene.bank, scene.operator)).differences if one.id == audit_id]
    assert mended.mended
    await scene.network.settle()
    await approved(scene, audit_id)
    assert (await diff(scene.bank, scene.operator)).drift == 0


@pytest.mark.parametrize("restored", ["bank", "operator"])
@pytest.mark.parametrize("ends", ["bank", "operator"])
async def test_a_node_restored_from_before_a_termination_ends_it_again(scene, applied, restored, ends):
    audit_id = await applied("FLOW")
    await approved(scene, audit_id)
    forgetful = scene.bank if restored == "bank" else scene.operator
    backup = await forgetful.back_up("before")
    await (scene.bank if ends == "bank" else scene.operator).ask(api.AUDIT_TERMINATE, audit_id=audit_id)
    await scene.network.settle()
    await forgetful.restore(backup)
    assert "APPROVED" in await scene.standing(audit_id)
    await scene.network.pass_time(2)
    assert await scene.standing(audit_id) == ("TERMINATED", "TERMINATED")


async def test_both_restored_from_backups_of_different_age(scene, applied):
    old = await scene.operator.back_up("old")
    audit_id = await applied("PROJECT")
    new = await scene.bank.back_up("new")
    await approved(scene, audit_id)
    await scene.operator.restore(old)
    await scene.bank.restore(new)
    await scene.network.pass_time(2)
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
    await approved(scene, audit_id)


# --- partners that do not tell the truth ----------------------------------------------------------------------

IMPOSSIBLE = [
    ("bank", "APPROVED", "REJECTED", "interconn audit terminate {}", "bank"),
    ("bank", "APPROVED", "APPLIED", "interconn audit approve {}", "operator"),
    ("bank", "REJECTED", "APPROVED", "interconn audit terminate {}", "operator"),
    ("bank", "REJECTED", "APPLIED", "interconn audit reject {}", "operator"),
    ("operator", "APPROVED", "REJECTED", "interconn audit terminate {}", "operator"),
    ("operator", "APPLIED", "APPROVED", "interconn audit approve {}", "operator"),
    ("operator", "APPLIED", "REJECTED", "interconn audit reject {}", "operator"),
    ("operator", "REJECTED", "APPROVED", "interconn audit terminate {}", "bank"),
]


@pytest.mark.parametrize(("asks", "here", "claimed", "command", "side"), IMPOSSIBLE)
async def test_a_partner_that_claims_an_impossible_state_moves_nobody(
    scene, applied, asks, here, claimed, command, side
):
    audit_id = await applied("PROJECT")
    if here != "APPLIED":
        await decide(scene.operator, audit_id, here)
        await scene.network.settle()
    one, other = (scene.bank, scene.operator) if asks == "bank" else (scene.operator, scene.bank)
    answer(other, standard.PROJECT_STATUS, StatusReply(status=AuditStatus(claimed)))
    await scene.network.pass_time(48)
    assert (await view(one, audit_id)).status == here
    [found] = [each for each in (await diff(one, other)).differences if each.id == audit_id]
    assert (found.here, found.there, found.impossible) == (here, claimed, True)
    assert (found.command, found.side) == (command.format(audit_id), side)
    entries = [each for each in await one.trail() if each.action == "state.differs"]
    assert [each.details["there"] for each in entries if each.details["reference"] == audit_id] == [claimed]


@pytest.mark.parametrize("nonsense", ["WHATEVER", "", "approved"])
async def test_an_answer_that_is_no_state_says_nothing(scene, applied, nonsense):
    audit_id = await applied("PROJECT")
    answer(scene.operator, standard.PROJECT_STATUS, Nonsense(status=nonsense))
    await scene.network.pass_time(3)
    assert (await view(scene.bank, audit_id)).status == "APPLIED"
    compared = await diff(scene.bank, scene.operator)
    [found] = [one for one in compared.differences if one.id == audit_id]
    assert (found.answer, found.agreement, found.there) == ("SENSELESS", "UNKNOWN", None)
    assert compared.drift == 0


async def test_a_partner_that_contradicts_itself_is_recorded_each_time(scene, applied):
    audit_id = await applied("PROJECT")
    await approved(scene, audit_id)
    for claimed in ("REJECTED", "APPROVED", "APPLIED"):
        answer(scene.operator, standard.PROJECT_STATUS, StatusReply(status=AuditStatus(claimed)))
        await diff(scene.bank, scene.operator)
    told = [
        (one.action, one.details["there"])
        for one in await scene.bank.trail()
        if one.action.startswith("state.") and one.details["reference"] == audit_id
    ]
    assert told == [("state.differs", "REJECTED"), ("state.agrees", "APPROVED"), ("state.differs", "APPLIED")]
    assert (await view(scene.bank, audit_id)).status == "APPROVED"


async def test_an_answer_about_the_past_changes_nothing(scene, applied):
    """The verdict arrives while the question is on its way: what the partner said before counts no more."""
    audit_id = await applied("PROJECT")
    reconciler = scene.bank.management.reconciler
    await reconciler.look()
    [row] = [one for one in await scene.bank.rows(Comparison) if one.kind == "PROJECT" and one.answer == ""][-1:]
    [matter] = await scene.bank.database.read(lambda session: matters.find_all(session, [(row.kind, row.number)]))
    assert matter.reference == audit_id
    await approved(scene, audit_id)
    told = Told(Answer.STATE, AuditStatus.REJECTED)

    def late(session):
        return reconciler._comparing.take_down(
            session, matter, told, zeal=Zeal.ALL_THAT_IS_SAFE, cause=Cause("node:operator", "t")
        )

    finding = await scene.bank.database.write(late)
    assert finding.mended is Mend.NONE
    assert (await view(scene.bank, audit_id)).status == "APPROVED"


class Nonsense(WireModel):
    """What is no state."""

    status: str


def answer(node, endpoint, reply):
    """Have a node give one answer to a query, whatever is asked."""

    async def serve(_caller, _request):
        return reply

    others = [route for route in node.app.routes if route.path != endpoint.path]
    node.app = Starlette(routes=[*node.gate.routes([Service(endpoint, serve)]), *others])
