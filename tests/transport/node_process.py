"""A node's transport layer as a process of its own, so that it can be killed."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from interconn.identity.credentials import Credential
from interconn.standard.management import AuthType
from interconn.transport import Limits
from tests.transport.nodes import Node


async def main(facts: dict[str, Any]) -> None:
    """Serve until killed; tells its token once, when the session is first opened."""
    ports = (facts["partner_port"], facts["component_port"])
    node = Node(facts["node_id"], Path(facts["home"]), Limits(partner_seconds=30), ports=ports)
    other = facts["other"]
    credential = Credential.parse(AuthType.SHA256_ECDSA, other["pem"])
    node.knows(other["node_id"], f"http://127.0.0.1:{other['partner_port']}", credential)
    await node.start()
    token = await node.open(other["node_id"]) if facts["opens"] else ""
    sys.stdout.write(json.dumps({"token": token}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
