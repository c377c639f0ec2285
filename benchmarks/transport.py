"""Push to pop between two nodes: messages a second at 1 KiB, MB a second at 1 MiB.

Each message goes client → its node → the partner's node → client, with tokens, signatures and the journal
on. The clients are the component SDK's, in processes of their own; a bare echo through one node of the same
server shows what the server and the client alone would do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.processes import network, open_session
from interconn.sdk.environment import Party
from interconn.sdk.transport import TransportClient

SIZES = {"1 KiB": 1024, "1 MiB": 1024 * 1024}
THREADS = 4
"""Topics used at once, as a component with several channels does; each has its own order."""


def measure(quick: bool) -> dict[str, Any]:
    """Return messages and MB a second, and the median time from push to pop, milliseconds."""
    counts = {"1 KiB": 400 if quick else 4000, "1 MiB": 40 if quick else 400}
    figures: dict[str, Any] = {}
    with network(2) as nodes:
        for label, size in SIZES.items():
            session = open_session(nodes)
            figures.update(_stream(nodes, session, label, size, counts[label]))
        figures["push→pop median ms"] = _latency(nodes, open_session(nodes), 50 if quick else 300)
    return figures


def _stream(nodes: list[dict[str, Any]], session: dict[str, Any], label: str, size: int, count: int) -> dict[str, Any]:
    sender, receiver = nodes
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.transport", action],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for action in ("push", "pop")
    ]
    for process, own, other in zip(processes, (sender, receiver), (receiver, sender), strict=True):
        assert process.stdin
        facts = {
            "address": own["component_url"],
            "session_id": session["session_id"],
            "token": session["tokens"][own["node_id"]],
            "other": other["node_id"],
            "size": size,
            "count": count // THREADS,
        }
        process.stdin.write(json.dumps(facts))
        process.stdin.close()
    times = [json.loads(process.stdout.read()) for process in processes if process.stdout]
    if any(process.wait(timeout=60) for process in processes):
        raise SystemExit("a transport client failed")
    # The machine's monotonic clock is one for all processes; how long an interpreter takes to start is not asked.
    elapsed = times[1]["ended"] - times[0]["begun"]
    return {
        f"{label} messages/s": round(count / elapsed, 1),
        f"{label} MB/s": round(count * size / elapsed / 1e6, 2),
    }


def _latency(nodes: list[dict[str, Any]], session: dict[str, Any], count: int) -> float:
    clients = [
        TransportClient(
            node["component_url"],
            session_id=session["session_id"],
            token=session["tokens"][node["node_id"]],
            trace_id="bench",
        )
        for node in nodes
    ]
    to, back = Party("host", 0, nodes[1]["node_id"]), Party("guest", 0, nodes[0]["node_id"])
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        clients[0].push(to, "latency", b"x" * 1024)
        if clients[1].pop(back, "latency", timeout=30) is None:
            raise SystemExit("a message was lost")
        times.append(time.perf_counter() - begun)
    return round(sorted(times)[count // 2] * 1000, 2)


def _client(action: str) -> None:
    facts = json.load(sys.stdin)
    client = TransportClient(facts["address"], session_id=facts["session_id"], token=facts["token"], trace_id="bench")
    other = Party("host", 0, facts["other"])

    def run(topic: int) -> None:
        for _ in range(facts["count"]):
            if action == "push":
                client.push(other, f"bench-{topic}", b"x" * facts["size"])
            elif client.pop(other, f"bench-{topic}", timeout=60) is None:
                raise SystemExit("a message was lost")

    begun = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(run, topic) for topic in range(THREADS)]:
            done.result()
    print(json.dumps({"begun": begun, "ended": time.monotonic()}))


if __name__ == "__main__":
    _client(sys.argv[1])
