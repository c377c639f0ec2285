"""The reply envelope of management and control calls: code, msg, data (MGT-2.3-envelope, CTL-2.3)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from interconn.standard.errors import InterconnError
from interconn.standard.wire import Int32, WireModel

SUCCESS_CODES = frozenset({0, 200})
"""We emit 0 and accept 200, which an older edition used (resolution 1)."""


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("code must be a number")  # false would be 0, and 0 is success
    return value


def _no_null(value: Any) -> Any:
    return "" if value is None else value  # some peers have nothing to say on success, and say null


class Envelope(WireModel):
    """The three members of every reply. `data` is `{}` where there is nothing to say (MGT-2.3-data)."""

    code: Annotated[Int32, BeforeValidator(_no_boolean)]
    msg: Annotated[str, BeforeValidator(_no_null)] = ""
    data: dict[str, Any] | None = None

    @classmethod
    def of(cls, data: dict[str, Any]) -> Envelope:
        """Return the envelope of a success."""
        return cls(code=0, msg="success", data=data)

    @classmethod
    def of_error(cls, error: InterconnError) -> Envelope:
        """Return the envelope of a failure; clause and hint travel in `data.extension` for machines."""
        return cls(code=error.code, msg=str(error), data={"extension": error.to_json()})
