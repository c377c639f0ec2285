"""A node of interconn, made and run by its command line, and driven by it."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).parent / "interconn"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("INTERCONN_")}


def wait_for(look: Callable[[], Any], seconds: float = 30.0, what: str = "") -> Any:
    """What `look` returns as soon as it is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"did not come in {seconds} s: {what or look}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Node:
    """One node: its home, and its process while it runs."""

    home: Path
    node_id: str
    auth_type: str = "SHA256_ECDSA"

    def make(self, *trusted: Path) -> None:
        arguments = ["node", "init", "--node-id", self.node_id, "--inst-id", f"{self.node_id}.example"]
        arguments += ["--hosts", "127.0.0.1", "--host", "127.0.0.1", "--port", str(free_port())]
        arguments += ["--component-port", "0", "--admin-port", "0", "--auth-type", self.auth_type]
        for certificate in trusted:
            arguments += ["--trusted", str(certificate)]
        self.command(*arguments)

    def start(self) -> None:
        (self.home / "run" / "listeners.json").unlink(missing_ok=True)
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [COMMAND, "node", "run", "--home", self.home], stdout=log, stderr=log, env=ENVIRONMENT
            )
        try:
            wait_for(lambda: self.process.poll() is not None or (self.listening() and self.ready()), what="the node")
            assert self.process.poll() is None, self.log[-2000:]
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def listening(self) -> bool:
        return (self.home / "run" / "listeners.json").exists()

    def ready(self) -> bool:
        return self.attempt("node", "status").returncode == 0

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(30) == 0, self.log[-2000:]

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments, "--home", self.home, "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            env=ENVIRONMENT,
        )

    def command(self, *arguments: str) -> Any:
        """Run `interconn …` on this node; what it printed as JSON."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def ask(self, path: str, members: dict[str, Any]) -> Any:
        """Post to the node's own API, as a program of its institution does; what it answers."""
        request = urllib.request.Request(
            f"{self.listener('admin')}/api/v1{path}",
            json.dumps(members).encode(),
            {
                "authorization": f"Bearer {(self.home / 'admin.token').read_text().strip()}",
                "content-type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            envelope = json.load(answer)
        assert envelope["code"] == 0, (path, envelope)
        return envelope["data"]

    def listener(self, name: str) -> str:
        found: str = json.loads((self.home / "run" / "listeners.json").read_text())[name]
        return found

    @property
    def trust(self) -> ssl.SSLContext:
        """Trust in this node's own certificate and in no other."""
        return ssl.create_default_context(cafile=str(self.home / "tls" / "node.pem"))

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()
