"""The policies that were in force."""

from __future__ import annotations

from interconn.api.policies import POLICY_SHOW
from interconn.management.policy.tables import PolicyVersion
from tests.management.holder import Holder
from tests.repositories.contract import Repository


class TestPolicies(Repository):
    tables = (PolicyVersion,)

    async def test_a_policy_is_found_by_the_beginning_of_its_digest_and_the_newest_counts(self, node: Holder) -> None:
        texts = ["# one\n", "# 二 😀\n", "# one\n"]

        def write(session):  # type: ignore[no-untyped-def]
            for number, text in enumerate(texts):
                session.add(PolicyVersion(digest=f"{number % 2}abc" * 16, text=text, taken_up_at=number))
                session.flush()

        await node.database.write(write)
        await node.management.policy.start()
        assert node.management.policy.in_force.text == "# one\n"
        assert (await node.ask(POLICY_SHOW)).taken_up_at == 2
        assert (await node.ask(POLICY_SHOW, digest="1abc1")).text == "# 二 😀\n"
