"""A node whose whole management layer lies on a database of any kind; partners are callers, their proof granted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from interconn.api.datasets import DATASET_ADD, DATASET_PUBLISH
from interconn.api.own import Person
from interconn.components.registry import Registry
from interconn.identity.key_files import FileKeyStore
from interconn.identity.key_ring import KeyRing
from interconn.identity.node import NodeIdentity
from interconn.management import ContractDirectory, Management
from interconn.management.contracts.tables import Contract
from interconn.peers.inbound import Caller
from interconn.standard.control import JobCreate
from interconn.standard.endpoint import Endpoint
from interconn.standard.management import AuditStatus, AuthType
from interconn.state.database import Database
from tests.management.conftest import EVERY_ROLE, TABLE, SteppedClock


class Holder:
    """Operator, under contract with bank and clearing, with one published data set.

    Args:
        url: of a database with the newest schema.
        folder: for what is no database.
        clock: time.
    """

    def __init__(self, url: str, folder: Path, clock: SteppedClock) -> None:
        self.clock, self.folder = clock, folder
        self.database = Database(url)
        store = FileKeyStore(folder / "keys")
        if not (folder / "keys").exists():
            store.create(AuthType.SHA256_ECDSA)
        self.keys = KeyRing(store)
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
            keys=self.keys,
            registry=Registry.shipped(),
            storage=folder / "storage",
            policy=folder / "policy.toml",
        )
        self.served = {service.endpoint.name: service.handle for service in self.management.services()}
        self.owned = {service.endpoint.name: service.handle for service in self.management.own_services()}

    async def begin(self) -> None:
        """Put contracts where earlier calls would have, and publish a data set."""
        now, own = self.clock.now(), self.keys.newest.credential

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
                        auth_type=own.auth_type.value,
                        auth_credential=own.pem,  # any key does, as none is asked for
                        key_proven=True,
                        key_compared=True,
                        trace_id="trace",
                        applied_at=now,
                    )
                )

        await self.database.write(fill)
        await self.management.start()
        table = self.folder / "table.csv"
        table.write_text(TABLE)
        await self.ask(DATASET_ADD, path=str(table), name="table", key_columns=["id"], dataset_id="operator-table")
        await self.ask(DATASET_PUBLISH, dataset_id="operator-table", published=True)

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
