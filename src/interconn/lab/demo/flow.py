"""The flow of the demonstration: intersection, then a summary of each side's aligned table."""

from __future__ import annotations

from collections.abc import Mapping

from interconn.lab.demo.events import BANK, CLEARING_HOUSE, OPERATOR
from interconn.standard.flow import Config, Dag, DagComponent, Initiator, ParameterSet, Port

INTERSECTION = "psi_1"
SUMMARY = "table_summary_1"
COMPONENTS = {"psi": "1.0.0", "table_summary": "1.0.0"}
_PROVIDER = "interconn"
_VERSION = "1.2.0"


def flow() -> Dag:
    """Return the DAG (CTL-6.7)."""
    return Dag(
        version=_VERSION,
        components=[
            DagComponent(
                name=INTERSECTION,
                component_name="psi",
                provider=_PROVIDER,
                version=COMPONENTS["psi"],
                output=[Port(type="dataset", key="aligned"), Port(type="report", key="report")],
            ),
            DagComponent(
                name=SUMMARY,
                component_name="table_summary",
                provider=_PROVIDER,
                version=COMPONENTS["table_summary"],
                input=[Port(type="dataset", key=f"{INTERSECTION}.aligned")],
                output=[Port(type="report", key="summary")],
            ),
        ],
    )


def configuration(*, keys: Mapping[str, str], minimum_rows: int, bank_dataset: str, operator_dataset: str) -> Config:
    """Return parties and parameters (CTL-6.6); the clearing house schedules and takes no part (resolution 27).

    Args:
        keys: the column that identifies a customer, by institution.
        minimum_rows: an intersection with fewer rows is not summarised.
        bank_dataset: id of the bank's data set.
        operator_dataset: id of the operator's.
    """
    return Config(
        version=_VERSION,
        initiator=Initiator(role="guest", node_id=BANK),
        role={"guest": [BANK], "host": [OPERATOR], "arbiter": []},
        job_params=ParameterSet(common={"sync_type": "poll", "scheduler": CLEARING_HOUSE}),
        task_params=ParameterSet.model_validate(
            {
                "common": {
                    INTERSECTION: {"result_to": "all"},
                    SUMMARY: {"minimum_rows": minimum_rows},
                },
                "guest": {"0": _own(keys[BANK], bank_dataset)},
                "host": {"0": _own(keys[OPERATOR], operator_dataset)},
                "arbiter": {},
            }
        ),
    )


def _own(key: str, dataset: str) -> dict[str, dict[str, str]]:
    """Return what each side alone says: its data set, and how the key is called there."""
    return {INTERSECTION: {"dataset_id": dataset, "key_columns": key}, SUMMARY: {"key_columns": key}}
