"""`interconn node …`: make, run and look at this institution's node."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from interconn.cli.nouns import own_keys, upkeep
from interconn.cli.nouns.own_keys import SignatureType
from interconn.cli.options import DEFAULT_HOME, Common, Flag, Several, example
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.keys import KeyView
    from interconn.api.node import NodeStatus

app = App(
    name="node",
    help="Make, run and look at this institution's node.",
    help_epilogue=example("node init --node-id bank --inst-id bank.example --home ./bank", "node run --home ./bank"),
)

app.command(own_keys.keys, help_epilogue=example("node keys --home ./bank"))
app.command(own_keys.rotate_key, help_epilogue=example("node rotate-key", "node rotate-key --auth-type CERT"))
app.command(own_keys.update, help_epilogue=example("node update --address https://node2.bank.example:7304"))
app.command(own_keys.certificate, help_epilogue=example("node certificate renewed.pem"))
app.command(own_keys.signing_request, help_epilogue=example("node signing-request"))
app.command(upkeep.backup, help_epilogue=example("node backup --to bank.backup --passphrase-file words"))
app.command(upkeep.restore, help_epilogue=example("node restore --from bank.backup --home ./bank --keys-from ./old"))
app.command(upkeep.migrate, help_epilogue=example("node migrate --check", "node migrate --to 0001"))

Home = Annotated[Path, Parameter(env_var="INTERCONN_HOME")]


@app.command(help_epilogue=example("node init --node-id bank --inst-id bank.example --home ./bank"))
def init(
    *,
    node_id: str,
    inst_id: str,
    home: Home = DEFAULT_HOME,
    institution: str | None = None,
    name: str | None = None,
    description: str = "",
    address: str = "",
    hosts: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    host: str = "0.0.0.0",  # noqa: S104 - partners come from outside; every call is proven
    port: int = 7304,
    component_port: int = 7305,
    admin_port: int = 7306,
    auth_type: SignatureType = "SHA256_ECDSA",
    signing_certificate: Path | None = None,
    signing_key: Path | None = None,
    certificate: Path | None = None,
    private_key: Path | None = None,
    trusted: Annotated[list[Path], Several] = [],  # noqa: B006 - never changed
    plain_http: Annotated[bool, Flag] = False,
    json: Annotated[bool, Flag] = False,
) -> None:
    """Make a node: its directory, configuration, keys, certificate, admin token and database.

    Parameters
    ----------
    node_id
        Id of the node, unique among partners: letters, digits, "_", "." and "-".
    inst_id
        Id of the institution, unique among partners.
    home
        The node's directory; it must not hold a node yet.
    institution
        Name of the institution; its id if not given.
    name
        Name of the node; its id if not given.
    description
        What partners are told about the node.
    address
        URL under which partners reach the node; made from the first of --hosts and the port if not given.
    hosts
        Names and IP addresses for the TLS certificate.
    host
        Address on which the partner listener listens.
    port
        Port of the partner listener.
    component_port
        Port of the listener for components, on this machine only.
    admin_port
        Port of the listener for the institution's own people, on this machine only.
    auth_type
        How the node signs.
    signing_certificate
        With CERT: certificate to sign with, then those of intermediate authorities (PEM). Without it the node makes
        an authority of its own, trust/own/authority.pem, for trying out.
    signing_key
        Private key of that certificate (PEM).
    certificate
        TLS certificate of your own authority (PEM), instead of a self-signed one.
    private_key
        Private key of that certificate (PEM).
    trusted
        Authority, or certificate of a partner, to trust (PEM); more can be added later in tls/trusted.
    plain_http
        Serve partners without TLS, where something in front of the node does it.
    json
        Print JSON for machines.
    """
    from interconn.cli.output import print_card, print_json, print_next
    from interconn.node.settings import AdminSection, ComponentSection, InitialSettings, NodeSection, PartnerSection
    from interconn.node.setup import initialise
    from interconn.standard.management import AuthType

    initial = InitialSettings(
        home=home,
        node=NodeSection(
            node_id=node_id,
            inst_id=inst_id,
            institution=institution or inst_id,
            name=name or node_id,
            description=description,
        ),
        partner=PartnerSection(host=host, port=port, address=address, tls=not plain_http),
        component=ComponentSection(port=component_port),
        admin=AdminSection(port=admin_port),
        auth_type=AuthType(auth_type),
        signing_certificate=signing_certificate,
        signing_key=signing_key,
        hosts=hosts or ["localhost", "127.0.0.1"],
        certificate=certificate,
        private_key=private_key,
        trusted=trusted,
    )
    signer = initialise(initial)
    fingerprint = signer.credential.fingerprint
    if json:
        print_json({"node_id": node_id, "inst_id": inst_id, "home": str(home), "fingerprint": fingerprint})
        return
    print_card(
        say("node {node_id} is made", node_id=node_id),
        [
            (say("home"), home),
            (say("configuration"), home / "node.toml"),
            (say("fingerprint"), fingerprint),
        ],
    )
    if initial.auth_type is AuthType.CERT and signing_certificate is None:
        authority = home / "trust/own/authority.pem"
        print_next(say("give {authority} to partners: it goes into their trust/roots", authority=authority))
    print_next(f"interconn node run --home {home}")


@app.command(help_epilogue=example("node run --home ./bank"))
def run(*, home: Home = DEFAULT_HOME, json: Annotated[bool, Flag] = False) -> None:
    """Run the node until it is told to stop (Ctrl-C, SIGTERM). Its log goes to standard output, a JSON object a line.

    Parameters
    ----------
    home
        The node's directory.
    json
        Print JSON for machines too where the node cannot start; its log always is.
    """
    gc.disable()  # what is loaded now stays: to look through it over and over takes a third of the start
    from interconn.node.run import run as run_node

    run_node(home)


@app.command(help_epilogue=example("node fingerprint --home ./bank"))
def fingerprint(*, common: Common = Common()) -> None:
    """Show the fingerprint of the node's key alone, to be read to a partner over the telephone."""
    from interconn.cli.output import print_json

    found = _status(common, 0).fingerprint
    if common.json:
        print_json({"fingerprint": found})
    else:
        print(found)


@app.command(help_epilogue=example("node status --home ./bank", "node status --wait 30"))
def status(*, wait: float = 0, common: Common = Common()) -> None:
    """Show how the node is: who it is, where it listens, its key's fingerprint, what it is doing.

    Parameters
    ----------
    wait
        Wait until the node is ready, at most this many seconds.
    """
    from interconn.cli.output import instant, print_card, print_reply

    found = _status(common, wait)
    if common.json:
        print_reply(found)
        return
    print_card(
        f"{found.node_id} ({found.institution})",
        [
            (say("ready"), found.ready),
            (say("since"), instant(found.started_at)),
            (say("version"), found.version),
            (say("address"), found.address),
            *((f"{name}", url) for name, url in found.listeners.items()),
            (say("signs with"), found.auth_type),
            (say("fingerprint"), found.fingerprint),
            *((say("former key"), _former(key)) for key in found.own_keys.keys if key.role == "former"),
            *((say("not told yet"), f"{one.node_id}: {one.waits_for}") for one in found.own_keys.behind),
            (say("contracts"), _counts(found.contracts)),
            (say("jobs"), _counts(found.jobs)),
            (say("sessions"), found.sessions),
            (say("messages waiting"), found.waiting_messages),
            *((say("note"), warning) for warning in found.warnings),
        ],
    )


@app.command(help_epilogue=example("node ready --home ./bank --wait 30"))
def ready(*, wait: float = 0, common: Common = Common()) -> None:
    """Say whether the node is ready, without a token: for service managers and scripts.

    Parameters
    ----------
    wait
        Wait until it is, at most this many seconds.
    """
    import time

    from interconn.cli.output import print_json
    from interconn.client.blocking import is_ready
    from interconn.client.home import find_address
    from interconn.standard.errors import PeerUnreachable

    deadline = time.monotonic() + wait
    while True:
        last = time.monotonic() >= deadline
        try:
            if is_ready(common.url or find_address(common.home)):
                break
            if last:
                raise PeerUnreachable(
                    say("the node is not ready"), where=str(common.home), hint=say("Its log says what it does")
                )
        except PeerUnreachable:
            if last:
                raise
        time.sleep(POLL_SECONDS)
    if common.json:
        print_json({"ready": True})
    else:
        print(say("ready"))


def _status(common: Common, seconds: float) -> NodeStatus:
    import time

    from interconn.standard.errors import PeerUnreachable

    deadline = time.monotonic() + seconds
    while True:
        last = time.monotonic() >= deadline
        try:
            with common.node() as node:
                found = node.node.status()
            if found.ready or last:
                return found
        except PeerUnreachable:
            if last:
                raise
        time.sleep(POLL_SECONDS)


POLL_SECONDS = 0.1


def _former(key: KeyView) -> str:
    return say(
        "{fingerprint}, for {nodes}", fingerprint=key.fingerprint, nodes=", ".join(key.known_by) or say("nobody")
    )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in counts.items() if number)
