"""Two different persons where the policy asks for it; until then the audit is APPLIED on the wire."""

import pytest
from pydantic import ValidationError

from interconn.api import audits as api
from interconn.management.permits.tables import Grant
from interconn.standard.errors import IllegalTransition, InvalidRequest, Refused

FOUR_EYES = '[[four_eyes]]\nkinds = ["DATASET"]\n'
RULE = '[[rule]]\nname = "known"\nverdict = "approve"\nkinds = ["DATASET"]\npartners = ["bank"]\n'


@pytest.fixture
async def audit_id(scene):
    """A data set that bank asks for, with operator's policy that it takes two."""
    await scene.operator.declare(FOUR_EYES)
    audit = await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table", times_limit=9)
    await scene.network.settle()
    return audit.audit_id


async def approve(scene, audit_id, person, **members):
    view = await scene.operator.ask(api.AUDIT_APPROVE, person=person, audit_id=audit_id, **members)
    await scene.network.settle()
    return view


async def test_the_second_person_decides_and_both_are_recorded(scene, audit_id):
    first = await approve(scene, audit_id, "ann", times_limit=5, reason="looked at it")
    assert first.status == "APPLIED"
    assert first.waits_for == "a second person here to approve or reject (person:ann approves)"
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
    assert await scene.operator.messages(node_id="bank", reference=audit_id) == []
    shown = await scene.operator.ask(api.AUDIT_SHOW, audit_id=audit_id)
    assert [(opinion.by, opinion.reason) for opinion in shown.opinions] == [("person:ann", "looked at it")]
    second = await approve(scene, audit_id, "ben", times_limit=7)
    assert second.decided_by == "person:ann, person:ben"
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    assert [grant.times_limit for grant in await scene.operator.rows(Grant)] == [5]  # the tighter of the two
    entries = [one for one in await scene.operator.trail() if one.details.get("audit") == audit_id]
    assert [(one.actor, one.action) for one in entries] == [
        ("node:bank", "dataset.receive"),
        ("person:ann", "dataset.opinion"),
        ("person:ben", "dataset.approve"),
        ("node:bank", "dataset.acknowledge"),
    ]
    assert entries[2].details["opinions"] == "person:ann"
    assert entries[2].details["policy"] == scene.operator.management.policy.in_force.digest


async def test_the_same_person_twice_is_one_person(scene, audit_id):
    await approve(scene, audit_id, "ann")
    entries = len(await scene.operator.trail())
    await approve(scene, audit_id, "ann")
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
    assert len(await scene.operator.trail()) == entries


async def test_who_says_it_again_with_other_limits_means_the_later_ones(scene, audit_id):
    await approve(scene, audit_id, "ann", times_limit=1)
    again = await approve(scene, audit_id, "ann", times_limit=6)
    assert [(one.by, one.times_limit) for one in again.opinions] == [("person:ann", 6)]
    await approve(scene, audit_id, "ben")
    assert [grant.times_limit for grant in await scene.operator.rows(Grant)] == [6]
    told = [one.details.get("times_limit") for one in await scene.operator.trail() if one.action == "dataset.opinion"]
    assert told == ["1", "6"]  # who set which limit is answered from the trail alone


async def test_a_permit_for_no_job_is_neither_asked_for_nor_given(scene, audit_id):
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        await approve(scene, audit_id, "ann", times_limit=0)
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table", times_limit=0)


@pytest.mark.parametrize("person", ["ann", "ben"])
async def test_one_rejection_decides_whoever_approved(scene, audit_id, person):
    await approve(scene, audit_id, "ann")
    await scene.operator.ask(api.AUDIT_REJECT, person=person, audit_id=audit_id)
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("REJECTED", "REJECTED")
    assert await scene.operator.rows(Grant) == []


async def test_a_withdrawn_opinion_counts_no_more(scene, audit_id):
    await approve(scene, audit_id, "ann")
    with pytest.raises(Refused, match="ben has given no opinion"):
        await scene.operator.ask(api.AUDIT_WITHDRAW, person="ben", audit_id=audit_id)
    withdrawn = await scene.operator.ask(api.AUDIT_WITHDRAW, person="ann", audit_id=audit_id)
    assert (withdrawn.opinions, withdrawn.waits_for) == ([], "a person here to approve or reject")
    await approve(scene, audit_id, "ben")
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
    await approve(scene, audit_id, "ann")
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    with pytest.raises(IllegalTransition, match="is decided"):
        await scene.operator.ask(api.AUDIT_WITHDRAW, person="ann", audit_id=audit_id)


async def test_what_an_approval_would_run_into_is_told_to_the_first_person(scene, audit_id):
    with pytest.raises(InvalidRequest, match="wider than"):
        await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit_id, times_limit=10)
    shown = await scene.operator.ask(api.AUDIT_SHOW, audit_id=audit_id)
    assert shown.opinions == []
    await approve(scene, audit_id, "ann")
    assert await scene.operator.rows(Grant) == []


@pytest.mark.parametrize("counts", [False, True])
async def test_a_rule_counts_as_one_of_two_only_if_it_says_so(scene, audit_id, counts):
    await scene.operator.declare(f"{FOUR_EYES}{RULE}" + ("counts_as_opinion = true\n" if counts else ""))
    await scene.network.settle()
    shown = await scene.operator.ask(api.AUDIT_SHOW, audit_id=audit_id)
    assert [opinion.by for opinion in shown.opinions] == (["rule:known"] if counts else [])
    assert shown.status == "APPLIED"
    view = await approve(scene, audit_id, "ann")
    assert view.status == ("APPROVED" if counts else "APPLIED")
    assert view.decided_by == ("rule:known, person:ann" if counts else "")


async def test_two_rules_are_one_opinion_and_go_with_their_policy(scene, audit_id):
    second = RULE.replace("known", "other")
    both = f"{FOUR_EYES}{RULE}counts_as_opinion = true\n{second}counts_as_opinion = true\n"
    await scene.operator.declare(both)
    await scene.network.settle()
    await scene.operator.declare(f"{both}# once more\n")
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
    await scene.operator.declare(FOUR_EYES)
    await scene.network.settle()
    assert (await scene.operator.ask(api.AUDIT_SHOW, audit_id=audit_id)).opinions == []


@pytest.mark.parametrize(
    ("conditions", "needed"),
    [
        ('partners = ["clearing"]', False),
        ('datasets = ["bank-table"]', False),
        ('datasets = ["operator-table"]\npartners = ["bank"]', True),
    ],
)
async def test_the_section_may_be_for_some_only(scene, audit_id, conditions, needed):
    await scene.operator.declare(f"{FOUR_EYES}{conditions}\n")
    await approve(scene, audit_id, "ann")
    assert (await scene.standing(audit_id))[0] == ("APPLIED" if needed else "APPROVED")


async def test_an_opinion_outlives_a_restart(scene, audit_id):
    await approve(scene, audit_id, "ann")
    await scene.operator.restart()
    await approve(scene, audit_id, "ben")
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")


async def test_a_token_that_names_nobody_is_none_of_two_and_may_still_reject(scene, audit_id):
    with pytest.raises(Refused, match="names nobody"):
        await scene.operator.ask(api.AUDIT_APPROVE, person="bootstrap", audit_id=audit_id)
    await approve(scene, audit_id, "ann")
    with pytest.raises(Refused, match="names nobody"):
        await scene.operator.ask(api.AUDIT_APPROVE, person="bootstrap", audit_id=audit_id)
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
    await scene.operator.ask(api.AUDIT_REJECT, person="bootstrap", audit_id=audit_id)
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("REJECTED", "REJECTED")
