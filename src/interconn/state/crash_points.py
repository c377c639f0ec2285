"""Named places at which a test kills the process, to show that nothing is lost and nothing done twice.

`INTERCONN_CRASH_AT=name` (or `name:3` for the third passing) makes the process kill itself there with
SIGKILL: no clean-up runs, just as when the power goes. Without the variable a crash point costs one
comparison. The list below is what the fault tests enumerate.
"""

from __future__ import annotations

import os
import signal
from typing import Final

CRASH_POINTS: Final[dict[str, str]] = {
    "outbox.before_send": "a message is committed to the outbox and not yet sent",
    "outbox.after_send": "the partner has answered and the answer is not yet recorded",
    "inbound.before_handle": "a request is verified, its nonce recorded, and nothing done yet",
    "inbound.after_handle": "a request is handled and committed and its reply not yet sent",
    "policy.before_decision": "an application is committed and the rules of the policy were not asked yet",
    "policy.decided": "a rule's decision on an application is committed and its confirm not yet sent",
    "result.counted": "the rows of a held result are counted and nothing is decided yet",
    "result.erased": "the data of a refused result is erased and that is not yet recorded",
    "rotation.key_made": "a new signing key is in the store and its rotation is not yet committed",
    "rotation.done": "the end of a rotation is committed and the store still opens the old key",
    "rotation.promoted": "the store opens the new key and the old one is not yet erased",
    "job.created": "a participant has committed a job and not yet answered",
    "job.ready": "the scheduler has heard from all participants and committed READY",
    "job.started": "the scheduler has committed RUNNING and started nothing yet",
    "task.assigned": "the scheduler has committed a task id and told nobody",
    "task.accepted": "a participant has committed the start of a task and launched nothing",
    "component.launched": "a component runs and its process is not yet recorded",
    "component.recorded": "a component runs and is recorded",
    "component.exited": "a component's exit has been seen and is not yet recorded",
    "task.settled": "a participant has committed the end of a task",
    "task.gathered": "the scheduler has learnt the end of a task from all and committed it",
    "job.finishing": "the scheduler has committed the end of a job and told nobody",
    "transport.accepted": "the receiving node has journalled a message and not yet acknowledged it",
    "transport.relayed": "the receiving node has acknowledged and the sending node not yet answered its component",
    "transport.taken": "a message was handed to a component and that is not yet recorded",
}

_target, _, _count = os.environ.get("INTERCONN_CRASH_AT", "").partition(":")
_remaining = int(_count or 1)

if _target and _target not in CRASH_POINTS:
    raise SystemExit(f"INTERCONN_CRASH_AT names no crash point: {_target}")


def reach(name: str) -> None:
    """Pass the crash point `name`; die there if the environment says so."""
    global _remaining
    if name == _target:
        _remaining -= 1
        if _remaining == 0:
            os.kill(os.getpid(), signal.SIGKILL)
