"""What is revoked while a job runs takes effect at its next task (design: revocation effective at once)."""

import asyncio
from types import SimpleNamespace
from typing import Any

from interconn.standard.errors import PermitRefused


async def test_a_permit_revoked_between_two_tasks_ends_the_job(network: Any, make: SimpleNamespace) -> None:
    operator = network.operator
    began: list[str] = []
    usual = operator.machine.ends

    def revoke_after_the_first(environment: Any) -> Any:
        began.append(environment["runtime.component.name"])
        operator.admission.refusals["admit"] = PermitRefused("the permit was revoked", where="x-mprac-token-set")
        return usual(environment)

    operator.machine.ends = revoke_after_the_first
    first, second = make.component("first"), make.component("second", inputs=["first.data0"])
    await network.run(make.job(first, second, scheduler="clearing"))
    async with asyncio.timeout(30):
        view = await network.bank.ended()
    assert len(began) == 1
    assert view.outcome == "FAILED"
    assert "revoked" in view.reason
