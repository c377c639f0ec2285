"""What a data set is called and the metadata kept beside it (CMP-4.2-file, CMP-G4.1.1.4-dataset)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from interconn.standard.errors import InvalidRequest, StorageError
from interconn.standard.wire import parse_json, validate

# No leading dot: that keeps out "..", and hidden names are those of unfinished writes.
_NAME: Final = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]{0,199}")

ColumnType = Literal["int", "float", "string", "boolean"]


@dataclass(frozen=True, order=True)
class DatasetName:
    """A data set's namespace and name, both safe as names of directories.

    Raises:
        StorageError: a part holds anything but letters, digits, `_`, `.` and `-`, starts with a dot, or is
            longer than 200 characters.
    """

    namespace: str
    name: str

    def __post_init__(self) -> None:
        for member, value in (("namespace", self.namespace), ("name", self.name)):
            if not isinstance(value, str) or not _NAME.fullmatch(value):
                raise StorageError(
                    f"the data set's {member} is not usable as a name",
                    where=member,
                    clause="CMP-4.2-file",
                    hint="Use letters, digits, _, . and -, not starting with a dot, at most 200.",
                )

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, text: str, *, where: str) -> DatasetName:
        """Read the JSON object by which an input or output travels in the environment (CMP-3.4.3).

        Args:
            text: the variable's value.
            where: the variable's name, for the message.

        Raises:
            StorageError: no JSON object with namespace and name.
        """
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or not {"namespace", "name"} <= value.keys():
            raise StorageError("is no JSON object with namespace and name", where=where, clause="CMP-3.4.3")
        return cls(value["namespace"], value["name"])

    def to_json(self) -> dict[str, str]:
        """Return the members as they travel (CMP-3.4.3, CMP-3.4.4)."""
        return {"namespace": self.namespace, "name": self.name}


class Column(BaseModel):
    """A feature and its type word (CMP-G4.1.1.4-column)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    type: str


class DatasetMetadata(BaseModel):
    """The metadata object beside a data set's partitions (CMP-G4.1.1.4-dataset), as JSON."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    namespace: str
    count: int = Field(ge=0)
    partitions: int = Field(ge=1, le=1_000_000)
    column_info: tuple[Column, ...] = ()
    description: str = ""
    create_time: datetime = Field(default_factory=lambda: datetime.now(UTC))
    expire_time: datetime | None = None
    """End of validity; null means none."""
    file_type: str = "csv"
    data_type: str = "dense"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.column_info)

    def to_bytes(self) -> bytes:
        """Return the bytes of the metadata object."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_bytes(cls, body: bytes, *, where: str) -> DatasetMetadata:
        """Read a metadata object.

        Raises:
            StorageError: it is malformed; names the members at fault.
        """
        try:
            value: Any = parse_json(body)
            return validate(cls, value, clause="CMP-G4.1.1.4-dataset")
        except InvalidRequest as error:
            raise StorageError(
                f"the metadata cannot be used: {error.message}", where=where, clause="CMP-G4.1.1.4-dataset"
            ) from None
