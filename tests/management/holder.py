"""A node whose whole management layer lies on a database of any kind; partners are callers, their proof granted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from interconn.api.own import Person
from interconn.components.registry import Registry
from interconn.identity.keys import Signer
from interconn.identity.node import NodeIdentity
from interconn.management import ContractDirectory, Management
from interconn.management.contracts.tables import Contract
from interconn.management.datasets.tables import Dataset
from interconn.peers.inbound import Caller
from interconn.standard.control import JobCreate
from interconn.standard.endpoint import Endpoint
from interconn.standard.management import AuditStatus
from interconn.state.database import Database
from tests.management.conftest import EVERY_ROLE, SteppedClock


class Holder:
    """Operator, under contract with bank and clearing, with one published data set.

    Args:
        url: of a database with the newest schema.
        folder: for what is no database.
        signer: the node's key.
        clock: time.
    """

    def __init__(self, url: str, folder: Path, signer: Signer, clock: SteppedClock) -> None:
        self.clock = clock
        self.database = Database(url)
        identity = NodeIdentity(
            node_id="operator",
            inst_id="inst-operator",
            institution="Institute",
            name="Node",
            address="https://operator.example:7304",
            system="interconn",
            system_version="1.0",
        )
        self.management = Management(
            node=identity,
            database=self.database,
            directory=ContractDirectory(self.database, clock=clock),
            client=SimpleNamespace(),  # type: ignore[arg-type] - nobody is called
            clock=clock,
            credential=signer.credential,
            registry=Registry.shipped(),
            storage=folder,
            policy=folder / "policy.toml",
        )
        self.served = {service.endpoint.name: service.handle for service in self.management.services()}
        self.owned = {service.endpoint.name: service.handle for service in self.management.own_services()}

    async def begin(self) -> None:
        """Put contracts and data set where earlier calls would have."""
        now = self.clock.now()

        def fill(session: Any) -> None:
            for node_id in ("bank", "clearing"):
                session.add(
                    Contract(
                        contract_id=f"contract-{node_id}",
                        node_id=node_id,
                        inst_id=f"inst-{node_id}",
                        address=f"https://{node_id}.example:7304",
                        direction="PARTNER",
                        status=AuditStatus.APPROVED.value,
                        key_proven=True,
                        key_compared=True,
                        trace_id="trace",
                        applied_at=now,
                    )
                )
            session.add(
                Dataset(
                    dataset_id="operator-table",
                    name="table",
                    count=3,
                    key_columns=["id"],
                    label_columns=[],
                    column_metas=[],
                    namespace="datasets",
                    stored_name="operator-table",
                    published=True,
                    findings=[],
                    added_at=now,
                )
            )

        await self.database.write(fill)
        await self.management.start()

    async def receive(
        self, endpoint: Endpoint[Any, Any], *, node_id: str = "bank", permits: str = "", **members: Any
    ) -> Any:
        """Serve a call of a partner."""
        caller = self.caller(node_id, permits=permits)
        handle: Callable[[Caller, Any], Awaitable[Any]] = self.served[endpoint.name]
        return await handle(caller, endpoint.request.model_validate(members))

    def caller(self, node_id: str, *, permits: str = "") -> Caller:
        """A partner, proven."""
        return Caller(
            node_id=node_id,
            trace_id="trace",
            peer=None,
            proven_key=None,
            permits=permits,
            request_digest="",
            extensions={},
        )

    async def ask(self, endpoint: Endpoint[Any, Any], **members: Any) -> Any:
        """Ask as one of the node's people."""
        handle: Callable[[Person, Any], Awaitable[Any]] = self.owned[endpoint.name]
        return await handle(Person("ann", "trace", EVERY_ROLE), endpoint.request.model_validate(members))

    async def admit(self, job: JobCreate, *, scheduler: str = "clearing") -> None:
        """Admit a job, as control does within the transaction that stores it."""
        admission = self.management.admission
        await self.database.write(lambda session: admission.admit(session, job, scheduler=scheduler))

    def close(self) -> None:
        """Close the database."""
        self.database.close()
