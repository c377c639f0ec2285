"""A node: what it is made of, how its parts are wired, and how they start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import REGISTRY
from starlette.routing import Route

import interconn
from interconn.access import Access, guarded
from interconn.api.node import NODE_STATUS
from interconn.api.own import OwnService
from interconn.components import Components
from interconn.control import Control
from interconn.identity.key_ring import KeyRing
from interconn.identity.nonces import NonceStore
from interconn.identity.trust import CertificateTrust
from interconn.management import ChangeRules, ContractDirectory, Management
from interconn.node import event_stream, metrics, own_api, restored
from interconn.node.audit_trail import AuditTrail
from interconn.node.listeners import Listener, Tls, application, with_prefix
from interconn.node.name_card import change_card, name_card
from interconn.node.settings import Settings
from interconn.node.setup import Home
from interconn.node.status import Status
from interconn.node.tls import PartnerTrust, check_server_files
from interconn.peers.delivery import Delivery
from interconn.peers.exchanges import Exchanges
from interconn.peers.inbound import Gate
from interconn.peers.outbound import PeerClient
from interconn.standard import control as control_endpoints
from interconn.standard.errors import ConfigurationError
from interconn.standard.openapi import document
from interconn.standard.transport import CHANNEL_PREFIX
from interconn.state import schema
from interconn.state.clock import SystemClock
from interconn.state.database import Database
from interconn.transport import Limits, Transport

log = structlog.get_logger()


class Node:
    """A node, composed from its home and configuration."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self.home = home
        self.settings = settings
        self.clock = SystemClock()
        self._notes: list[str] = []
        self._background: list[asyncio.Task[None]] = []
        self._compose()

    def _compose(self) -> None:
        settings, home = self.settings, self.home
        url = home.database_url(settings.state)
        schema.upgrade(url)
        self.keys = KeyRing(home.key_store())
        self.identity = name_card(settings)
        self.database = Database(url)
        self._notes += self.database.warnings()
        self.restored = restored.notice(home)
        if self.restored:
            self._notes.append(restored.warning(self.restored))
        self.nonces = NonceStore(
            home.nonces,
            now=self.clock.now(),
            window_seconds=settings.security.clock_window_seconds,
            restored=self.restored is not None,
        )
        self.trust = PartnerTrust(home.root, settings.partner)
        self.certificates = CertificateTrust(
            home.root / settings.trust.roots,
            home.root / settings.trust.revoked,
            require_lists=settings.trust.revocation == "require",
        )
        self.directory = ContractDirectory(self.database, trust=self.certificates)
        self.keys.follow(self.directory.own_key)
        self.exchanges = Exchanges(database=self.database, clock=self.clock)
        self.client = PeerClient(
            node_id=self.identity.node_id,
            signer=self.keys,
            directory=self.directory,
            clock=self.clock,
            tls=self.trust.present,
            exchanges=self.exchanges,
        )
        self.gate = Gate(
            node_id=self.identity.node_id,
            signer=self.keys,
            directory=self.directory,
            nonces=self.nonces,
            clock=self.clock,
            exchanges=self.exchanges,
        )
        self.transport = Transport(
            node=self.identity,
            database=self.database,
            directory=self.directory,
            signer=self.keys,
            gate=self.gate,
            clock=self.clock,
            tls=self.trust.present,
            journal_directory=home.journal,
            limits=Limits(**settings.transport.model_dump()),
        )
        self.components = Components(
            node=self.identity,
            database=self.database,
            clock=self.clock,
            transport=self.transport,
            storage_address=f"file://{home.storage}",
            tasks_directory=home.tasks,
            component_url=lambda: self.listeners["component"].url,
            longest_run_seconds=settings.control.task_seconds,
            room=settings.control.room(),
        )
        self.management = Management(
            node=self.identity,
            database=self.database,
            directory=self.directory,
            client=self.client,
            clock=self.clock,
            keys=self.keys,
            registry=self.components.registry,
            storage=home.storage,
            private=[home.root / name for name in ("", settings.partner.private_key, settings.state.database_file)],
            save_card=lambda members: change_card(home.root, members),
            authority=home.own_authority,
            change_rules=ChangeRules(**settings.keys.model_dump()),
            partners_only=settings.security.require_known_nodes,
            policy=home.policy,
            exchanges=self.exchanges,
        )
        self.components.register_with(self.management.models)
        self.control = Control(
            node=self.identity,
            database=self.database,
            client=self.client,
            clock=self.clock,
            components=self.components,
            admission=self.management.admission,
            catalogue=self.management.sources,
            release=self.management.release,
            logs=self.management.logs,
            patience_seconds=settings.control.patience_seconds,
        )
        self.management.consequences.reach(self.control.stopping, self.transport)
        self.management.explanations.reach(self.control.standing)
        self.delivery = Delivery(
            database=self.database,
            client=self.client,
            clock=self.clock,
            correspondents=[*self.management.correspondents(), *self.control.correspondents()],
            exchanges=self.exchanges,
        )
        self.access = Access(database=self.database, clock=self.clock, policy=settings.access.policy())
        self.access.people.when_trusted_less = self.management.departures.take_back
        self.audit_trail = AuditTrail(
            node=self.identity,
            database=self.database,
            client=self.client,
            directory=self.directory,
            keys=self.keys,
            clock=self.clock,
            pause_seconds=settings.trail.head_seconds,
        )
        self.status = Status(
            node=self.identity,
            started_at=self.clock.now(),
            keys=self.keys,
            database=self.database,
            certificates=self.certificates,
            transport=self.transport,
            components=self.components,
            management=self.management,
            control=self.control,
            access=self.access,
            audit_trail=self.audit_trail,
            listeners=self._urls,
            notes=self._notes,
        )
        self.collector = metrics.NodeCollector()
        self.listeners = self._listen()

    def _urls(self) -> dict[str, str]:
        return {name: listener.url for name, listener in self.listeners.items()}

    def _listen(self) -> dict[str, Listener]:
        settings = self.settings
        tls = None
        if settings.partner.tls:
            tls = Tls(*check_server_files(self.home.root, settings.partner))
        else:
            self._notes.append("the partner listener serves plain HTTP: anybody on the way can read what passes")
        services = [*self.management.services(), *self.control.services(), *self.audit_trail.services()]
        own_services = [
            OwnService(NODE_STATUS, self.status.serve),
            *self.access.own_services(),
            *self.management.own_services(),
            *self.control.own_services(),
            *self.transport.own_services(),
            *self.audit_trail.own_services(),
        ]
        own_streams = self.control.own_streams()
        version = interconn.__version__
        partner = application(
            self.gate.routes(services),
            document("interconn partner listener", version, [service.endpoint for service in services]),
        )
        component = application(
            self.components.routes(),
            document("interconn component listener", version, [control_endpoints.COMPONENT_CALLBACK]),
        )
        admin = application(
            [
                *own_api.routes(own_services, self.access.door),
                *event_stream.routes(own_streams, self.access.door),
                Route("/readyz", self.status.readyz),
                metrics.route(self.collector, self.status.tell),
            ],
            document(
                "interconn admin listener",
                version,
                [s.endpoint for s in own_services] + [s.endpoint for s in own_streams],
                bearer=True,
            ),
        )
        return {
            "partner": Listener(
                "partner",
                with_prefix(CHANNEL_PREFIX, self.transport.node_app, partner),
                host=settings.partner.host,
                port=settings.partner.port,
                tls=tls,
            ),
            "component": Listener(
                "component",
                with_prefix(CHANNEL_PREFIX, self.transport.component_app, component),
                host=settings.component.host,
                port=settings.component.port,
            ),
            "admin": Listener(
                "admin",
                guarded(admin, hosts=[settings.admin.host, *settings.admin.hosts]),
                host=settings.admin.host,
                port=settings.admin.port,
            ),
        }

    async def start(self) -> None:
        """Serve: state first, then listeners, then the work that goes on by itself."""
        REGISTRY.register(self.collector)
        if told := self.restored:
            await self.database.write(lambda session: restored.tell(session, told, self.clock.now()))
        await self.access.start(_read_token(self.home.admin_token))
        await self.management.start()
        await self.transport.start()
        for name in ("component", "partner", "admin"):
            await self.listeners[name].start()
        await self.components.start_watching()
        works = [self.delivery.run, self.exchanges.run, self.components.run, self.control.run, self._refresh_trust]
        for work in [*works, self.audit_trail.exchange.run, *self.management.works()]:
            self._background.append(asyncio.create_task(_keep_running(work), name=work.__qualname__))
        # What a node consists of stays for good; the collector need not look at it again with every message.
        gc.collect()
        gc.freeze()
        gc.enable()  # whoever starts a process for this node may have turned it off until here
        self.status.ready = True
        self._tell_where()
        for warning in await self.status.warnings():
            log.warning("note", warning=warning)
        log.info("ready", **self._urls())

    async def stop(self) -> None:
        """Stop without losing anything: what is decided is on disk, and components go on and are found again."""
        log.info("stopping")
        self.status.ready = False
        with contextlib.suppress(FileNotFoundError):
            (self.home.running / "listeners.json").unlink()
        await self.listeners["partner"].stop()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.audit_trail.exchange.give_last()
        await asyncio.gather(self.listeners["component"].stop(), self.listeners["admin"].stop())
        await self.transport.stop()
        await self.client.close()
        await self.exchanges.write()
        self.database.close()
        self.nonces.close()
        REGISTRY.unregister(self.collector)
        log.info("stopped")

    async def _refresh_trust(self) -> None:
        await self.trust.keep(self.clock, self.client.renew_connections, self.transport.renew_connections)

    def _tell_where(self) -> None:
        facts: dict[str, Any] = self._urls()
        facts["pid"] = os.getpid()
        partial = self.home.running / "listeners.partial"
        partial.write_text(json.dumps(facts))
        partial.replace(self.home.running / "listeners.json")


async def _keep_running(work: Callable[[], Awaitable[None]]) -> None:
    """Run work that never ends, and begin it again should it fail: its state is in the database."""
    while True:
        try:
            await work()
            return
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("background work failed and is begun again", work=work.__qualname__)
            await asyncio.sleep(1)


def _read_token(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return None  # its people have tokens of their own
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the bootstrap token cannot be read: {type(error).__name__}", where=str(path)
        ) from None
