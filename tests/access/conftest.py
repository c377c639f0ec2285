"""A room of people alone, with a clock that moves when told to; and a whole node with somebody of each role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from sqlalchemy import select

from interconn.access import Access, Policy
from interconn.access.rates import Rate
from interconn.api import people
from interconn.api.own import Person
from interconn.api.roles import Role
from interconn.standard.endpoint import Endpoint
from interconn.state.database import Database
from interconn.trail import entries as audit_trail
from interconn.trail.entries import AuditEntry
from tests.composed import ComposedNode
from tests.management.conftest import SteppedClock

ROOT = "interconn_bootstrap_" + "r" * 43
PLENTY = Rate(per_second=1e6, burst=1_000_000)


class Room:
    """People and tokens on a database, asked as the admin listener asks."""

    def __init__(self, database: Database, policy: Policy) -> None:
        self.database, self.clock = database, SteppedClock()
        self.access = Access(database=database, clock=self.clock, policy=policy)
        self.handlers = {service.endpoint.name: service.handle for service in self.access.own_services()}

    async def enter(self, token: str, address: str = "10.0.0.1") -> Person:
        return await self.access.door.admit(f"Bearer {token}", address=address, trace_id="trace")

    async def ask(self, endpoint: Endpoint[Any, Any], token: str = ROOT, **members: Any) -> Any:
        person = await self.enter(token)
        return await self.handlers[endpoint.name](person, endpoint.request.model_validate(members))

    async def take_in(self, name: str, *roles: Role, **members: Any) -> str:
        """Take somebody in; return a token of theirs."""
        await self.ask(people.USER_ADD, name=name, roles=roles, **members)
        issued = await self.ask(people.TOKEN_CREATE, user=name)
        return str(issued.token)

    async def trail(self) -> list[AuditEntry]:
        entries = await self.database.read(
            lambda session: list(session.scalars(select(AuditEntry).order_by(AuditEntry.number)))
        )
        audit_trail.verify(entries)
        return entries


@pytest.fixture
async def room(migrated_database: str) -> Any:
    """A room with the bootstrap token and nobody else."""
    database = Database(migrated_database)
    made = Room(database, Policy(token_rate=PLENTY, address_rate=PLENTY))
    await made.access.start(ROOT)
    yield made
    database.close()


@dataclass
class Staffed:
    """A node, and a token for each role."""

    node: ComposedNode
    tokens: dict[Role, str]

    @cached_property
    def paths(self) -> dict[str, tuple[str, str]]:
        """Method and path of every call that the admin listener describes."""
        document = json.loads(self.node.ask("admin", "GET", "/openapi.json").body)
        return {
            operation["operationId"]: (method.upper(), path)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }


@pytest.fixture(scope="module")  # its threads are not to go on beside the tests of other files
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    """A whole node with somebody of each role."""
    node = ComposedNode(tmp_path_factory.mktemp("staffed") / "bank", "bank")
    tokens = {}
    for role in Role:
        node.data(people.USER_ADD, name=f"the-{role.value}", roles=[role.value])
        tokens[role] = node.data(people.TOKEN_CREATE, user=f"the-{role.value}")["token"]
    yield Staffed(node, tokens)
    node.close()
