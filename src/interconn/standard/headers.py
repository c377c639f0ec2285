"""Names of the headers of the standard, and of our marked extensions.

Control and management calls carry the `x-*` block (MGT-2.2-headers, CTL-2.2-headers); transport calls carry
the `x-ptp-*` block (TRN-2.1-headers between nodes, TRN-3.1-headers from a component to its own node).
"""

from __future__ import annotations

from typing import Final

AUTH_SIGN: Final = "x-auth-sign"
CSRF_PROTECTION: Final = "x-csrf-protection"
SOURCE_NODE_ID: Final = "x-source-node-id"
TARGET_NODE_ID: Final = "x-target-node-id"
NONCE: Final = "x-nonce"
TRACE_ID: Final = "x-trace-id"
TIMESTAMP: Final = "x-timestamp"
PERMIT_SET: Final = "x-mprac-token-set"

PTP_VERSION: Final = "x-ptp-version"
PTP_TECH_PROVIDER_CODE: Final = "x-ptp-tech-provider-code"
PTP_TRACE_ID: Final = "x-ptp-trace-id"
PTP_TOKEN: Final = "x-ptp-token"  # noqa: S105 - a header's name, not a secret
PTP_URI: Final = "x-ptp-uri"
PTP_SOURCE_NODE_ID: Final = "x-ptp-source-node-id"
PTP_TARGET_NODE_ID: Final = "x-ptp-target-node-id"
PTP_SOURCE_INST_ID: Final = "x-ptp-source-inst-id"
PTP_TARGET_INST_ID: Final = "x-ptp-target-inst-id"
PTP_SESSION_ID: Final = "x-ptp-session-id"
PTP_TOPIC: Final = "x-ptp-topic"  # resolution 13

PTP_PREFIX: Final = "x-ptp-"
EXTENSION_PREFIX: Final = "x-interconn-"

# Extensions: a peer that does not know them ignores them and loses nothing but comfort.
POLL_WAIT: Final = "x-interconn-poll-wait"
"""On task/poll: milliseconds the answer may be held while the status equals the one in `POLL_KNOWN`."""
POLL_KNOWN: Final = "x-interconn-poll-known"
MESSAGE_ID: Final = "x-interconn-message-id"
"""On push: the client's id of the message, kept on retries so that a double is dropped."""
MESSAGE_TAKEN: Final = "x-interconn-taken"
"""On pop, peek and release: the id of the last message received, which the node may now forget; empty at first.
A client that sends it is given a message again until it acknowledges it."""
TASK_ID: Final = "x-interconn-task-id"
"""On invoke: the task a message belongs to, as the tasks of a job share one session (CTL-2.2-session)."""
KEY_PROOF: Final = "x-interconn-key-proof"
"""On node/update (MGT-3.4) with a new key: the new key's signature over the string of docs/signature.md, which proves
that the sender holds it. The request itself is signed with the key it is known by."""

REQUIRED_SIGNED: Final = (SOURCE_NODE_ID, TARGET_NODE_ID, NONCE, TRACE_ID, TIMESTAMP)
"""Headers without which no request between nodes is served (MGT-2.2-headers)."""
