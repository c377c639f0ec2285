"""A flow as it can be run: its DAG and configuration checked, resolved, digested and drawn (CTL-6.6, CTL-6.7)."""

from interconn.control.flow.links import Descriptions, check_dag, dag_digest
from interconn.control.flow.parties import Party, config_digest, parties_of
from interconn.control.flow.picture import Box, draw_dag
from interconn.control.flow.planning import LONGEST_VALUE_BYTES, MAXIMUM_SHARES, Plan, Step, plan
from interconn.control.flow.remarks import remarks_on, remarks_on_config
from interconn.control.flow.resources import Resources, resources_of

__all__ = [
    "LONGEST_VALUE_BYTES",
    "MAXIMUM_SHARES",
    "Box",
    "Descriptions",
    "Party",
    "Plan",
    "Resources",
    "Step",
    "check_dag",
    "config_digest",
    "dag_digest",
    "draw_dag",
    "parties_of",
    "plan",
    "remarks_on",
    "remarks_on_config",
    "resources_of",
]
