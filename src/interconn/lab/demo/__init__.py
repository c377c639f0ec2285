"""The demonstration: three institutions that have never met find out which customers two of them share.

A bank initiates, an operator hosts, a clearing house schedules. Each has a node of its own, and people of its own
who act through that node's API alone. Nothing is printed here; a `Listener` is told what happens.
"""

from interconn.lab.demo.events import Listener, Phase
from interconn.lab.demo.performance import Demonstration, Failed, perform
from interconn.lab.demo.report import Report
from interconn.lab.demo.tables import Tables

__all__ = ["Demonstration", "Failed", "Listener", "Phase", "Report", "Tables", "perform"]
