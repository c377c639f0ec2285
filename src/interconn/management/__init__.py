"""The management layer: contracts, data sets, approvals with permits, projects, flows and proposed jobs (MGT)."""

from interconn.management.contracts.directory import ContractDirectory
from interconn.management.contracts.updates import ChangeRules
from interconn.management.management import Management

__all__ = ["ChangeRules", "ContractDirectory", "Management"]
