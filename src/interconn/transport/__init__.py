"""Transport: sessions, topics and queues; push, pop, peek, release for components, invoke between nodes (TRN).

A message goes component → its node → the partner's node → component. The first node answers a push when the
second one has the message in its journal; the second keeps it until its component has taken it. A process
killed at any point loses none; between our own nodes none arrives twice, nor at a component that acknowledges.
"""

from interconn.transport.limits import Limits
from interconn.transport.transport import Transport

__all__ = ["Limits", "Transport"]
