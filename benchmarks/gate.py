"""A partner's signed request, proven, handled and answered signed: requests a second of one core, by auth_type.

The node's own gate, nonces, directory of contracts and data set list (MGT-4.1) on a database of its own, called in
this process, so that nothing is counted but what the node does with a request; both sides sign in the same way. The
baseline is the same gate with signatures off: headers, contract and nonce are checked, nothing is verified or signed.
Seconds are those of the processor, threads included. Each way of signing is measured several times in turn, and the
median is given, for other work on the machine makes some turns slow.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from benchmarks.one_partner import OneNode, OpenGate, get
from interconn.identity import sm2
from interconn.identity.certificates import create_authority, create_signing_certificate
from interconn.identity.key_files import FileKeyStore
from interconn.identity.keys import Signer, generate, read_certified, signer_of
from interconn.identity.trust import CertificateTrust
from interconn.peers.inbound import Gate
from interconn.standard.identifiers import new_nonce
from interconn.standard.management import DATASET_LIST, AuthType

TARGET = f"{DATASET_LIST.path}?contract_id=contract-1"
TYPES = (AuthType.SHA256_RSA, AuthType.SHA256_ECDSA, AuthType.CERT, AuthType.SM3_SM2)
OFF = "off"


def measure(quick: bool) -> dict[str, Any]:
    """Return requests a second of one core, and as shares of what the node does with signatures off."""
    types = [auth_type for auth_type in TYPES if auth_type is not AuthType.SM3_SM2 or sm2.available()]
    count, turns = (150, 3) if quick else (600, 7)
    with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
        rates = asyncio.run(_all(Path(folder), types, count, turns))
    figures: dict[str, Any] = {f"{name} requests/s a core": round(rate, 1) for name, rate in rates.items()}
    figures |= {f"{name} of off": round(rates[name] / rates[OFF], 3) for name in rates if name != OFF}
    figures |= {f"{name}: sign/s, verify/s": _bare(AuthType(name), 100 if quick else 400) for name in map(str, types)}
    return figures


async def _all(folder: Path, types: list[AuthType], count: int, turns: int) -> dict[str, float]:
    measured: dict[str, list[float]] = {}
    for _ in range(turns):
        for auth_type in types:
            with _node(folder / new_nonce(), auth_type) as run:
                measured.setdefault(auth_type.value, []).append(await run(count, False))
                if auth_type is AuthType.SHA256_ECDSA:
                    measured.setdefault(OFF, []).append(await run(count, True))
    return {name: statistics.median(rates) for name, rates in measured.items()}


@contextmanager
def _node(home: Path, auth_type: AuthType) -> Iterator[Callable[[int, bool], Any]]:
    """A node that knows one partner; both sign in the same way."""
    home.mkdir()
    trust, partner = _partner(home, auth_type)
    node = OneNode(home, partner, trust)
    signed = asyncio.ensure_future(node.sign_contract())

    async def run(count: int, off: bool) -> float:
        await signed
        listener = node.listener(OpenGate if off else Gate)
        for request in [node.request(TARGET) for _ in range(20)]:
            await _ask(listener, request)
        requests = [node.request(TARGET) for _ in range(count)]
        begun = time.process_time()
        for request in requests:
            await _ask(listener, request)
        return count / (time.process_time() - begun)

    try:
        yield run
    finally:
        node.close()


def _partner(home: Path, auth_type: AuthType) -> tuple[CertificateTrust, Signer]:
    """The partner's key; the node's own, of the same kind, is put into its home."""
    for name in ("roots", "revoked"):
        (home / name).mkdir()
    trust = CertificateTrust(home / "roots", home / "revoked", require_lists=False)
    if auth_type is not AuthType.CERT:
        FileKeyStore(home / "keys").create(auth_type)
        return trust, signer_of(generate(auth_type), auth_type)
    authority = create_authority("benchmark")
    (home / "roots" / "root.pem").write_bytes(authority.certificate)
    FileKeyStore(home / "keys").create(auth_type, create_signing_certificate("node-b", authority))
    return trust, read_certified(create_signing_certificate("node-a", authority))


async def _ask(listener: Starlette, headers: dict[str, str]) -> None:
    answer = await get(listener, TARGET, headers)
    if answer["code"] != 0:
        raise SystemExit(f"the node refused a sound request: {answer}")


def _bare(auth_type: AuthType, count: int) -> list[int]:
    """Signatures alone, without a gate: how many are made and checked a second of one core."""
    if auth_type is AuthType.CERT:
        signer = read_certified(create_signing_certificate("node-a", create_authority("benchmark")))
    else:
        signer = signer_of(generate(auth_type), auth_type)
    content = b"x" * 600  # about as long as a canonical string
    begun = time.process_time()
    signatures = [signer.sign(content) for _ in range(count)]
    signed = time.process_time()
    for signature in signatures:
        signer.credential.verify(signature, content)
    return [round(count / (signed - begun)), round(count / (time.process_time() - signed))]
