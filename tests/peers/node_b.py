"""node-b with a gate and four services that note who called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from interconn.identity.nonces import NonceStore
from interconn.peers.inbound import Caller, Gate, Service
from interconn.standard.control import JOB_START, JOB_STATUS_ALL, JobReference, JobStatus, JobStatusReply
from interconn.standard.management import CONTRACT_APPLY, NODE_HEALTH, ContractApplied, ContractApply, Health
from interconn.standard.wire import Empty
from tests.peers.asgi import Answer, ask
from tests.peers.partners import NOW, Partners, peer, signer_of
from tests.state.clock import VirtualClock

START, HEALTH, APPLY, STATUS = JOB_START.path, NODE_HEALTH.path, CONTRACT_APPLY.path, JOB_STATUS_ALL.path
BODY = b'{"job_id":"job-1"}'


class NodeB:
    """A node with a gate and four services that note who called."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(NOW)
        self.partners = Partners({"node-a": peer("node-a")})
        self.nonces = NonceStore(folder / "nonces.db", now=NOW)
        self.calls: list[tuple[Caller, Any]] = []
        gate = Gate(
            node_id="node-b",
            signer=signer_of("node-b"),
            directory=self.partners,
            nonces=self.nonces,
            clock=self.clock,
        )
        services: list[Service[Any, Any]] = [
            Service(JOB_START, self.start),
            Service(NODE_HEALTH, self.health),
            Service(CONTRACT_APPLY, self.apply),
            Service(JOB_STATUS_ALL, self.status),
        ]
        self.app = Starlette(routes=gate.routes(services))
        self.failure: Exception | None = None

    def note(self, caller: Caller, request: Any) -> None:
        if self.failure:
            raise self.failure
        self.calls.append((caller, request))

    async def start(self, caller: Caller, request: JobReference) -> Empty:
        self.note(caller, request)
        return Empty()

    async def health(self, caller: Caller, request: Empty) -> Health:
        self.note(caller, request)
        return Health(status="ok")

    async def apply(self, caller: Caller, request: ContractApply) -> ContractApplied:
        self.note(caller, request)
        return ContractApplied(contract_id="contract-1")

    async def status(self, caller: Caller, request: JobReference) -> JobStatusReply:
        self.note(caller, request)
        return JobStatusReply(job_status=JobStatus.RUNNING)

    async def post(self, headers: dict[str, str], body: bytes = BODY, target: str = START) -> Answer:
        return await ask(self.app, "POST", target, headers.items(), body)
