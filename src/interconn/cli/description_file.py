"""A component's self-description as a file (CMP-2, CTL-6.1)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.standard.self_description import SelfDescription


def read_description_file(path: Path) -> SelfDescription:
    """Read a self-description.

    Raises:
        InvalidRequest: it cannot be read, or breaks the standard's form; the message names the members.
    """
    from interconn.standard.errors import InvalidRequest
    from interconn.standard.self_description import SelfDescription

    try:
        return SelfDescription.parse(path.read_bytes())
    except OSError as error:
        raise InvalidRequest(say("the file cannot be read: {reason}", reason=error.strerror), where=str(path)) from None
    except InvalidRequest as error:
        raise InvalidRequest(error.message, where=f"{path}: {error.where}", clause=error.clause) from None
