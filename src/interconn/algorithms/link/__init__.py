"""The interconnection link between the parties of an algorithm (ALG-3.1, ALG-LINK)."""

from interconn.algorithms.link.carrier import Carrier, PushPopCarrier
from interconn.algorithms.link.link import Channel, Link, LinkLimits
from interconn.algorithms.link.parties import open_link

__all__ = ["Carrier", "Channel", "Link", "LinkLimits", "PushPopCarrier", "open_link"]
