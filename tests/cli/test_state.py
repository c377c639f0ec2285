"""`interconn state diff` and `interconn why`: what is asked, shown, and told by the exit status."""

from __future__ import annotations

from interconn.api import state
from interconn.standard.management import AuditStatus
from tests.cli.conftest import Interconn
from tests.client.fake_node import Asked, FakeNode

AGREEMENT = state.StateComparison(node_id="operator", asked_at=1, differences=[], in_step=2, drift=0, unknown=0)
EXPLANATION = state.Explanation(
    kind="CONTRACT", id="c-1", what="a contract with operator", state="APPLIED", node_id="operator", since=1,
    waits_for="a person at operator to approve", whom="PERSON_THERE", next_step="nothing is due here",
    command="interconn peer show operator",
    exchange=state.ExchangeView(
        node_id="operator", outgoing=True, call="contract.apply", at=1, outcome="taken", attempts=3
    ),
)  # fmt: skip
WHY = state.Why(id="c-1", explanations=[EXPLANATION])


def test_a_comparison_asks_one_partner_and_mends_only_when_told(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(state.STATE_DIFF, AGREEMENT)
    fake.answer(state.STATE_MEND, AGREEMENT)
    assert "both sides agree" in interconn("state", "diff", "operator").out
    assert interconn("state", "diff", "operator", "--mend", "--limit", "9", "--json").json == AGREEMENT.to_wire()
    assert fake.asked == [
        Asked("own.state.diff", {"node_id": "operator", "limit": 500}),
        Asked("own.state.mend", {"node_id": "operator", "limit": 9}),
    ]


def test_the_exit_status_of_a_comparison_tells_whether_both_agree(fake: FakeNode, interconn: Interconn) -> None:
    differing = state.Difference(
        kind="PROJECT", id="audit-1", subject_id="joint", direction="APPLICANT", here=AuditStatus.APPROVED,
        there=AuditStatus.REJECTED, answer="STATE", agreement=state.Agreement.DRIFT, since=1, impossible=True,
        step="a person here ends it", command="interconn audit terminate audit-1", side="bank",
    )  # fmt: skip
    silent = differing.model_copy(update={"there": None, "answer": "SILENT", "agreement": state.Agreement.UNKNOWN})
    drift = AGREEMENT.model_copy(update={"differences": [differing], "drift": 1})
    unknown = AGREEMENT.model_copy(update={"differences": [silent], "unknown": 1})
    for reply, status in ((AGREEMENT, 0), (drift, 1), (unknown, 3), (AGREEMENT.model_copy(update={"left_out": 1}), 3)):
        fake.answer(state.STATE_DIFF, reply)
        assert interconn("state", "diff", "operator").status == status
        assert interconn("state", "diff", "operator", "--json").status == status
    fake.answer(state.STATE_DIFF, drift)
    shown = interconn("state", "diff", "operator").out
    assert "REJECTED (cannot be)" in shown
    assert "at bank: interconn audit terminate audit-1" in shown


def test_why_tells_the_last_exchange_and_lists_what_is_ambiguous(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(state.WHY, WHY)
    shown = interconn("why", "c-1").out
    assert "contract.apply to operator: taken, 3 attempts" in shown
    assert "interconn peer show operator" in shown
    fake.answer(state.WHY, state.Why(id="x", explanations=[EXPLANATION, EXPLANATION.model_copy(update={"id": "c-2"})]))
    shown = interconn("why", "x").out
    assert "several things have this id" in shown and "c-1" in shown and "c-2" in shown
