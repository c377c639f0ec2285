"""Rules of the policy decide what a partner applies for, all conditions for all that is in it (docs/policy.md)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.api import audits as api
from interconn.api.audits import AuditKind
from interconn.api.policies import POLICY_EXPLAIN
from interconn.api.policy_file import Policy, Rule
from interconn.management.approvals.tables import Audit
from interconn.management.permits.tables import Grant
from interconn.management.policy.facts import Facts
from interconn.management.policy.matching import CONDITIONS, deciding, misses
from interconn.standard.errors import Refused
from tests.management.conftest import START

APPROVE = """
[[rule]]
name = "known"
verdict = "approve"
kinds = ["DATASET"]
partners = ["bank"]
datasets = ["operator-table"]
"""


async def request(scene, **members):
    await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table", **members)
    await scene.network.settle()
    return (await scene.bank.ask(api.AUDIT_LIST)).audits[-1], (await scene.operator.ask(api.AUDIT_LIST)).audits[-1]


async def test_a_rule_decides_and_is_named_with_the_policy_that_it_stands_in(scene):
    await scene.operator.declare(f"{APPROVE}times_limit = 5\nexpires_after = '2h'\n")
    at_bank, here = await request(scene, times_limit=3)
    assert (at_bank.status, at_bank.has_permit) == ("APPROVED", True)
    digest = scene.operator.management.policy.in_force.digest
    assert (here.decided_by, here.policy) == ("rule:known", digest)
    [entry] = [one for one in await scene.operator.trail() if one.action == "dataset.approve"]
    assert (entry.actor, entry.details["policy"], entry.clause) == ("rule:known", digest, "MGT-4.4")
    [grant] = await scene.operator.rows(Grant)
    assert (grant.times_limit, grant.time_limit) == (3, START + 7_200_000)  # the tighter of asked and set


@pytest.mark.parametrize("broken", [False, True])
async def test_what_waited_is_asked_about_again_when_the_policy_changes_but_never_by_a_broken_one(scene, broken):
    _, here = await request(scene)
    assert here.status == "APPLIED"
    await scene.operator.declare(APPROVE)
    if broken:
        await scene.operator.declare(f"{APPROVE}\nmisspelt = 1")
    await scene.network.settle()
    [here] = (await scene.operator.ask(api.AUDIT_LIST)).audits
    assert here.status == ("APPLIED" if broken else "APPROVED")
    finding = await scene.operator.ask(POLICY_EXPLAIN, audit_id=here.audit_id)
    assert finding.decided_by == ("a person" if broken else "rule:known")
    assert bool(finding.fault) == broken


async def test_a_rejecting_rule_wins(scene):
    reject = '[[rule]]\nname = "no"\nverdict = "reject"\nkinds = ["DATASET"]\ndatasets = ["operator-table"]\n'
    await scene.operator.declare(APPROVE + reject)
    at_bank, here = await request(scene)
    assert (at_bank.status, here.decided_by) == ("REJECTED", "rule:no")


async def test_explain_names_the_condition_that_does_not_hold(scene):
    await scene.operator.declare(f'{APPROVE}components = ["psi"]\n')
    _, here = await request(scene)
    assert (here.status, here.waits_for) == ("APPLIED", "a person here to approve or reject")
    finding = await scene.operator.ask(POLICY_EXPLAIN, audit_id=here.audit_id)
    [rule] = finding.rules
    assert (finding.decided_by, rule.applies) == ("a person", False)
    assert rule.because == ["components: the application is not limited to any"]
    assert finding.facts["components"] is None
    with pytest.raises(Refused, match="operator decides"):
        await scene.bank.ask(POLICY_EXPLAIN, audit_id=here.audit_id)


async def test_a_rule_that_cannot_decide_leaves_it_to_a_person_and_says_why(scene):
    await scene.operator.declare(APPROVE)
    at_bank, here = await request(scene, time_limit=1)
    assert (at_bank.status, here.status) == ("APPLIED", "APPLIED")
    [entry] = [one for one in await scene.operator.trail() if one.action == "dataset.rule_failed"]
    assert entry.details["rule"] == "known" and "expired already" in entry.details["why"]
    assert await scene.operator.rows(Grant) == []


async def test_a_job_is_decided_by_all_that_it_reads_runs_and_who_takes_part(scene, granted):
    rule = """
[[rule]]
name = "jobs"
verdict = "approve"
kinds = ["JOB"]
partners = ["bank", "clearing"]
datasets = ["operator-table"]
components = ["psi"]
projects = ["project-1"]
roles = ["host"]
"""
    await scene.operator.declare(rule)
    await scene.propose(granted)
    jobs = list((await scene.operator.ask(api.AUDIT_LIST, kind="JOB")).audits)
    assert [job.decided_by for job in jobs] == ["rule:jobs"]
    await scene.operator.declare(rule.replace('"bank", "clearing"', '"bank"'))
    await scene.propose(granted)
    job = (await scene.operator.ask(api.AUDIT_LIST, kind="JOB")).audits[-1]
    assert job.status == "APPLIED"
    finding = await scene.operator.ask(POLICY_EXPLAIN, audit_id=job.audit_id)
    assert finding.rules[0].because == ["partners: clearing is not among them"]


async def test_each_kind_can_be_asked_about(scene, granted):
    await scene.bank.ask(api.PROJECT_CREATE, name="p", partners=["operator"])
    await scene.propose(granted)
    audits = await scene.operator.rows(Audit)
    assert {audit.kind for audit in audits} >= {"DATASET", "PROJECT", "FLOW", "JOB"}
    for audit in audits:
        finding = await scene.operator.ask(POLICY_EXPLAIN, audit_id=audit.audit_id)
        assert (finding.decided_by, finding.facts["kind"]) == ("a person", audit.kind)


async def test_a_rule_is_over_at_its_end(scene):
    await scene.operator.declare(f"{APPROVE}valid_until = 2027-01-15T08:00:00Z\n")
    scene.network.clock.time = 1_800_000_000_000  # that very instant
    _, here = await request(scene)
    assert here.status == "APPLIED"
    finding = await scene.operator.ask(POLICY_EXPLAIN, audit_id=here.audit_id)
    assert finding.rules[0].because == ["it was valid until 2027-01-15T08:00:00+00:00"]


async def test_no_rule_decides_on_a_contract(bank, operator, network):
    await operator.declare('[[rule]]\nname = "all"\nverdict = "approve"\nkinds = ["PROJECT"]\npartners = ["bank"]\n')
    await network.apply(bank, operator)
    await network.settle()
    assert (await operator.contract()).status == "APPLIED"


async def test_a_person_who_is_quicker_than_the_rule_has_decided(scene):
    await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.bank.deliver()
    await scene.operator.declare(APPROVE)
    [here] = (await scene.operator.ask(api.AUDIT_LIST)).audits
    await scene.operator.ask(api.AUDIT_REJECT, audit_id=here.audit_id)
    await scene.network.settle()
    assert await scene.standing(here.audit_id) == ("REJECTED", "REJECTED")


IDS = st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=3)
LISTS = st.one_of(st.none(), st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3))


@given(
    facts=st.builds(Facts, st.just(AuditKind.JOB), IDS, *[st.one_of(st.none(), IDS)] * 4),
    lists=st.fixed_dictionaries({name: LISTS for name in CONDITIONS if name != "partners"}),
    partners=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1),
)
def test_an_approving_rule_covers_everything_and_a_rejecting_one_something(facts, lists, partners):
    members = {"kinds": ["JOB"], "partners": partners, **lists}
    listed = {name: set(members[name]) for name in CONDITIONS if members.get(name) is not None}
    approve = Rule.model_validate({"name": "yes", "verdict": "approve", **members})
    covered = all(facts.of(name) and facts.of(name) <= ids for name, ids in listed.items())
    assert (not misses(approve, facts, 0)) == covered
    reject = Rule.model_validate({"name": "no", "verdict": "reject", **members})
    touched = all(facts.of(name) is None or facts.of(name) & ids for name, ids in listed.items())
    assert (not misses(reject, facts, 0)) == touched
    rule = deciding(Policy(rule=[approve, reject]), facts, 0)
    assert rule == (reject if touched else approve if covered else None)
