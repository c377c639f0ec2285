"""The declared policy of a node, as its file `policy.toml` says it (docs/policy.md).

Strict: a member that is not known is refused with its place, so that a misspelt one cannot silently leave
something undecided, or decided otherwise than it reads. Nothing here does I/O.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from interconn.api.audits import AuditKind
from interconn.standard.control import LogLevel
from interconn.standard.errors import ConfigurationError
from interconn.standard.identifiers import Identifier
from interconn.standard.management import Name
from interconn.standard.patterns import pattern
from interconn.standard.wire import Int32, Int64, describe

FILE_NAME: Final = "policy.toml"
MAXIMUM_BYTES: Final = 1024 * 1024
_UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_HINT: Final = "docs/policy.md lists every member"

RuleName = Annotated[
    str,
    Field(
        pattern=pattern(r"^[A-Za-z0-9_.\-]{1,100}$", 'a rule\'s name is of 1 to 100 letters, digits, "_", "." and "-"')
    ),
]
Ids = Annotated[list[Identifier], Field(min_length=1, max_length=10_000)]
Names = Annotated[list[Name], Field(min_length=1, max_length=10_000)]
Kinds = Annotated[list[AuditKind], Field(min_length=1)]
Duration = Annotated[str, Field(pattern=pattern(r"^[1-9][0-9]{0,4}[mhd]$", "a time is written as 30d, 12h or 45m"))]


class Section(BaseModel):
    """A table of the policy."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FourEyes(Section):
    """Approvals that need two different persons. A condition holds if anything in the application is in its list.

    Attributes:
        kinds: of approvals.
        partners: only if one of these has a part.
        datasets: only if one of these is read.
    """

    kinds: Kinds
    partners: Ids | None = None
    datasets: Ids | None = None


class Rule(Section):
    """What is decided without a person.

    To approve, everything in the application has to be in the list of each condition, and something has to be there;
    to reject, one such thing is enough: else whoever is to be rejected would only add something harmless.

    Attributes:
        name: for the audit trail.
        verdict: what the rule says.
        kinds: of approvals.
        partners: nodes that apply or have a part; an approving rule has to name them.
        datasets, components, projects: what the application is about; components by `componentName`.
        roles: what this node is to play: guest, host, arbiter, scheduler.
        times_limit: jobs that may use the permit; a tighter limit that was asked for stays.
        expires_after: how long the permit is good, e.g. 30d, 12h, 45m.
        valid_until: the rule says nothing from then on.
        counts_as_opinion: where two persons are needed, the rule's approval takes the place of one of them.
    """

    name: RuleName
    verdict: Literal["approve", "reject"]
    kinds: Kinds
    partners: Ids | None = None
    datasets: Ids | None = None
    components: Names | None = None
    projects: Ids | None = None
    roles: Names | None = None
    times_limit: Int32 | None = Field(default=None, ge=1, strict=True)
    expires_after: Duration | None = None
    valid_until: AwareDatetime | None = Field(default=None, strict=True)
    counts_as_opinion: StrictBool = False

    @model_validator(mode="after")
    def _is_meant(self) -> Rule:
        if self.verdict == "approve" and self.partners is None:
            raise ValueError("a rule that approves has to name the partners it approves for")
        if self.verdict == "reject" and (self.times_limit or self.expires_after or self.counts_as_opinion):
            raise ValueError("limits and opinions belong to rules that approve")
        return self

    def expiry(self, now: int) -> int | None:
        """Return when a permit given now ends, epoch milliseconds; None where the rule sets no end."""
        if self.expires_after is None:
            return None
        return now + int(self.expires_after[:-1]) * _UNITS[self.expires_after[-1]]


class Release(Section):
    """Results that this node's people may not have before a decision. Anything in a list is enough to match.

    Attributes:
        name: for the audit trail.
        components: only results of these, by `componentName`.
        partners: only where one of these has a part in the task.
        kinds: only outputs of these categories, e.g. dataset, model, report.
        approval: a person has to release it.
        four_eyes: two different persons have to.
        minimum_rows: a result with fewer rows, or whose rows cannot be counted, is refused.
        erase_refused: data of a refused result is erased once its job has ended.
    """

    name: RuleName
    components: Names | None = None
    partners: Ids | None = None
    kinds: Names | None = None
    approval: StrictBool = False
    four_eyes: StrictBool = False
    minimum_rows: Int64 | None = Field(default=None, ge=1, strict=True)
    erase_refused: StrictBool = False

    @model_validator(mode="after")
    def _asks_something(self) -> Release:
        if not self.approval and self.minimum_rows is None:
            raise ValueError("asks for nothing: set approval = true, minimum_rows, or both")
        if self.four_eyes and not self.approval:
            raise ValueError("four_eyes needs approval = true")
        return self


class Log(Section):
    """Logs of this node's tasks that partners may read; without such a table they read none.

    Attributes:
        name: for the audit trail.
        partners: who may, of the parties of the job.
        components: only of these, by `componentName`.
        level: the most that is told: error alone, info with it, or all with debug.
    """

    name: RuleName
    partners: Ids
    components: Names | None = None
    level: LogLevel = LogLevel.ERROR


class Termination(Section):
    """What the end of an approval does to jobs that run; the end of a contract stops them in any case.

    Attributes:
        stop_running_jobs: at once when this node ends the approval (own), when either side does (always), or not
            before their next task, which is refused (never).
    """

    stop_running_jobs: Literal["own", "always", "never"] = "own"


class Policy(Section):
    """All that a node decides by declaration. Contracts are none of it: a person compares fingerprints."""

    four_eyes: list[FourEyes] = []
    rule: list[Rule] = []
    release: list[Release] = []
    log: list[Log] = []
    termination: Termination = Termination()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Policy:
        for section, named in (("rule", self.rule), ("release", self.release), ("log", self.log)):
            for name, times in Counter(one.name for one in named).items():
                if times > 1:
                    raise ValueError(f"two tables [[{section}]] are called {name}")
        return self


def read_policy(text: bytes, *, where: str = FILE_NAME) -> Policy:
    """Read a policy.

    Raises:
        ConfigurationError: it is too large, no TOML, or says what is not understood; names each place.
    """
    if len(text) > MAXIMUM_BYTES:
        raise ConfigurationError(f"has more than {MAXIMUM_BYTES} bytes", where=where, hint=_HINT)
    try:
        return Policy.model_validate(tomllib.loads(text.decode()))
    except ValidationError as error:
        raise ConfigurationError(describe(error), where=where, hint=_HINT) from None
    except RecursionError:
        raise ConfigurationError("is no policy: it nests without end", where=where, hint=_HINT) from None
    except ValueError as error:  # no TOML, no text, or a number of more digits than any has
        raise ConfigurationError(f"is no TOML: {error}", where=where, hint=_HINT) from None


def policy_digest(text: bytes) -> str:
    """Return what a policy is recorded by: the hex SHA-256 of its file."""
    return hashlib.sha256(text).hexdigest()
