"""A flow as a file: a JSON object with `dag`, and `config` where parties and parameters are settled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.standard.flow import Config, Dag

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""Which some editors put in front of what they save as UTF-8."""
_AT: Final = re.compile(r"\bcomponents\.(\d+)\.")


@dataclass(frozen=True)
class FlowFile:
    """What a flow file holds.

    Attributes:
        name: the flow's name; that of the file where none is given.
        dag: how components are combined; None in a file of a configuration alone.
        config: parties and parameters, where the file has them.
    """

    name: str
    dag: Dag | None
    config: Config | None

    def require_dag(self, path: Path) -> Dag:
        """Return the DAG.

        Raises:
            InvalidFlow: the file has none.
        """
        from interconn.standard.errors import InvalidFlow

        if self.dag is None:
            raise InvalidFlow(say("the file has no member 'dag'"), where=str(path), clause="CTL-6.7")
        return self.dag

    def require_config(self, path: Path) -> Config:
        """Return the configuration.

        Raises:
            InvalidFlow: the file has none.
        """
        from interconn.standard.errors import InvalidFlow

        if self.config is None:
            raise InvalidFlow(say("the file has no member 'config'"), where=str(path), clause="CTL-6.6")
        return self.config


def read_flow_file(path: Path) -> FlowFile:
    """Read a flow file; a bare DAG or a bare configuration is accepted too.

    Raises:
        InvalidFlow: it cannot be read, or breaks the standard's form; the message names the member.
    """
    from interconn.standard.errors import InvalidFlow, InvalidRequest
    from interconn.standard.flow import Config, Dag
    from interconn.standard.wire import parse_json, validate

    content: Any = None
    try:
        content = parse_json(path.read_bytes().removeprefix(_BYTE_ORDER_MARK))
        if not isinstance(content, dict):
            raise InvalidRequest(say("a flow file holds a JSON object"))
        if "components" in content:
            content = {"dag": content}
        elif "role" in content:
            content = {"config": content}
        dag, config = content.get("dag"), content.get("config", content.get("conf"))
        return FlowFile(
            name=str(content.get("name") or path.stem),
            dag=None if dag is None else validate(Dag, dag, clause="CTL-6.7"),
            config=None if config is None else validate(Config, config, clause="CTL-6.6"),
        )
    except OSError as error:
        raise InvalidFlow(say("the file cannot be read: {reason}", reason=error.strerror), where=str(path)) from None
    except InvalidRequest as error:
        raise InvalidFlow(
            _named(error.message, content),
            where=str(path),
            clause=error.clause,
            hint=say("examples/ holds flows that work"),
        ) from None


def _named(message: str, content: Any) -> str:
    """Name the components of the DAG in a message that has their places in it alone."""
    dag = content.get("dag") if isinstance(content, dict) else None
    components = dag.get("components") if isinstance(dag, dict) else None

    def name(match: re.Match[str]) -> str:
        place = int(match[1])
        each = components[place] if isinstance(components, list) and place < len(components) else None
        known = each.get("name") if isinstance(each, dict) else None
        said = known[:128] if isinstance(known, str) and known.isprintable() else ""
        return f"component {said}, " if said else f"component {place + 1} of the DAG, "

    return _AT.sub(name, message)
