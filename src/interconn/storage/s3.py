"""Data sets as objects of an S3 service (CMP-4.1-s3, CMP-4.2-s3, resolutions 15 and 16).

Objects cannot be renamed, so what makes a data set appear is its metadata: it is written last and taken away first.
Data that has no metadata, as a killed writer leaves it, is seen by nobody and cleared away by the next writer. Who
reads a data set while it is replaced is told so when it comes to the end, unless both happen within one second.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, Final, cast

from pyarrow import fs

from interconn.standard.errors import StorageError
from interconn.storage.address import StorageAddress
from interconn.storage.dataset import DatasetMetadata, DatasetName
from interconn.storage.files import MAXIMUM_METADATA_BYTES, METADATA

CONNECT_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 60.0
ATTEMPTS: Final = 4
"""Of each call: a service that is busy answers 503, and is asked again after growing pauses."""
_BUFFER_BYTES: Final = 8 << 20
"""Read by one call, and written at least: each call is a round trip."""
_CLAUSE: Final = "CMP-4.2-s3"
_SAID: Final = re.compile(r"AWS Error ([A-Z_]+)(?: \(HTTP status ([0-9]{3})\))?")
_REASONS: Final = {
    "ACCESS_DENIED": ("the store refuses this user", "Look at user, password and the rights of that user."),
    "INVALID_ACCESS_KEY_ID": ("the store knows no such user", "Look at the user in the storage address."),
    "SIGNATURE_DOES_NOT_MATCH": ("the store refuses the password", "Look at the password in the storage address."),
    "NO_SUCH_BUCKET": ("the store has no such bucket", "Create it, or name another in the storage address."),
    "NETWORK_CONNECTION": ("the store does not answer", "Look whether it runs and can be reached from here."),
    "REQUEST_TIMEOUT": ("the store does not answer in time", "Look whether it is overloaded."),
    "SLOW_DOWN": ("the store is overloaded", "Try again later."),
    "SERVICE_UNAVAILABLE": ("the store is overloaded", "Try again later."),
    "INTERNAL_FAILURE": ("the store has failed", "Try again later."),
    "503": ("the store is overloaded", "Try again later."),
    "500": ("the store has failed", "Try again later."),
}


class S3Store:
    """A `DatasetStore` in one bucket, which has to be there.

    Args:
        address: of the service, with user, password and bucket.
        request_seconds: how long the service may take for each call.
        attempts: how often it is asked.

    Raises:
        StorageError: the address names no user or password.
    """

    def __init__(
        self, address: StorageAddress, *, request_seconds: float = REQUEST_SECONDS, attempts: int = ATTEMPTS
    ) -> None:
        if not (address.username and address.password and address.container):
            raise StorageError(
                "the storage address lacks user or password", where="system.storage", clause="CMP-4.1-s3"
            )
        self._bucket = address.container
        self._fs = fs.S3FileSystem(
            access_key=address.username,
            secret_key=address.password,
            endpoint_override=f"{address.host}:{address.port}",
            scheme="https" if address.tls else "http",
            region=address.region,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=request_seconds,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=attempts),
        )

    def __repr__(self) -> str:
        return "S3Store()"

    def exists(self, dataset: DatasetName) -> bool:
        """See `DatasetStore.exists`."""
        return self._is_there(self._path(dataset, METADATA), dataset) or self._is_there(self._alias(dataset), dataset)

    def names(self, namespace: str | None = None) -> Iterator[DatasetName]:
        """See `DatasetStore.names`. Objects that belong to no data set are passed over."""
        root = f"{self._bucket}/{namespace}" if namespace else self._bucket
        for path in sorted(self._below(root, "the bucket", recursive=True)):
            parts = path.split("/")
            if len(parts) == 4 and parts[3] == METADATA:
                with suppress(StorageError):
                    yield DatasetName(parts[1], parts[2])

    def metadata(self, dataset: DatasetName) -> DatasetMetadata:
        """See `DatasetStore.metadata`."""
        with self._open(self._path(dataset, METADATA), dataset, METADATA) as source:
            body = source.read(MAXIMUM_METADATA_BYTES + 1)
        return DatasetMetadata.from_bytes(body, where=str(dataset))

    def open(self, dataset: DatasetName, partition: int = 0) -> BinaryIO:
        """See `DatasetStore.open`. The guide's `{namespace}-{name}` is read as partition 0 (resolution 15)."""
        if self._is_there(self._path(dataset, METADATA), dataset):
            return self._open(self._path(dataset, f"data_{int(partition)}"), dataset, f"data_{int(partition)}")
        if partition == 0 and self._is_there(self._alias(dataset), dataset):
            return self._open(self._alias(dataset), dataset, "data_0")
        raise _missing(dataset)

    @contextmanager
    def create(self, dataset: DatasetName, *, replace: bool = False) -> Iterator[S3Draft]:
        """See `DatasetStore.create`."""
        if not replace and self.exists(dataset):
            raise StorageError("exists already", where=str(dataset), hint="Choose another name.")
        self.delete(dataset)
        draft = S3Draft(self._fs, f"{self._bucket}/{dataset.namespace}/{dataset.name}", dataset)
        try:
            yield draft
            draft.finish()
        except BaseException:
            draft.give_up()
            with suppress(StorageError):  # what is left is seen by nobody, and the next writer clears it away
                self.delete(dataset)
            raise

    def delete(self, dataset: DatasetName) -> None:
        """See `DatasetStore.delete`."""
        place = f"{self._bucket}/{dataset.namespace}/{dataset.name}"
        if not self._below(place, str(dataset)):
            return
        for remove, path in ((self._fs.delete_file, self._path(dataset, METADATA)), (self._fs.delete_dir, place)):
            try:
                remove(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _refused(error, str(dataset)) from None

    def _path(self, dataset: DatasetName, name: str) -> str:
        return f"{self._bucket}/{dataset.namespace}/{dataset.name}/{name}"

    def _alias(self, dataset: DatasetName) -> str:
        return f"{self._bucket}/{dataset.namespace}-{dataset.name}"

    def _is_there(self, path: str, dataset: DatasetName) -> bool:
        try:
            return bool(self._fs.get_file_info(path).type == fs.FileType.File)
        except OSError as error:
            raise _refused(error, str(dataset)) from None

    def _below(self, path: str, where: str, *, recursive: bool = False) -> list[str]:
        selector = fs.FileSelector(path, allow_not_found=True, recursive=recursive)
        try:
            return [found.path for found in self._fs.get_file_info(selector) if found.type == fs.FileType.File]
        except OSError as error:
            raise _refused(error, where) from None

    def _open(self, path: str, dataset: DatasetName, what: str) -> BinaryIO:
        try:
            return cast("BinaryIO", io.BufferedReader(_Reading(self._fs, path, str(dataset)), _BUFFER_BYTES))
        except FileNotFoundError:
            raise _missing(dataset, what) from None
        except OSError as error:
            raise _refused(error, str(dataset)) from None


class S3Draft:
    """A `DatasetDraft` whose parts are uploaded as they are written."""

    def __init__(self, filesystem: fs.S3FileSystem, path: str, dataset: DatasetName) -> None:
        self._fs = filesystem
        self._path = path
        self._dataset = dataset
        self._open_files: list[BinaryIO] = []
        self._metadata: DatasetMetadata | None = None

    def open(self, partition: int = 0) -> BinaryIO:
        """See `DatasetDraft.open`."""
        return self._create(f"data_{int(partition)}")

    def describe(self, metadata: DatasetMetadata) -> None:
        """See `DatasetDraft.describe`."""
        self._metadata = metadata

    def finish(self) -> None:
        """Complete the partitions, and write the metadata that makes them a data set."""
        if self._metadata is None:
            raise StorageError("has no metadata", where=str(self._dataset), clause="CMP-G4.1.1.4-dataset")
        for file in self._open_files:
            file.close()
        file = self._create(METADATA)
        file.write(self._metadata.to_bytes())
        file.close()

    def give_up(self) -> None:
        """Close what is open; the objects that come of it are the store's to delete."""
        for file in self._open_files:
            with suppress(OSError, StorageError):
                file.close()

    def _create(self, name: str) -> BinaryIO:
        try:
            stream = self._fs.open_output_stream(f"{self._path}/{name}")
        except OSError as error:
            raise _refused(error, str(self._dataset)) from None
        file = cast("BinaryIO", io.BufferedWriter(_Writing(stream, str(self._dataset)), buffer_size=_BUFFER_BYTES))
        self._open_files.append(file)
        return file


class _Reading(io.RawIOBase):
    """An object that is read; one that is replaced meanwhile is an error at its end."""

    def __init__(self, filesystem: fs.S3FileSystem, path: str, where: str) -> None:
        super().__init__()
        self._fs = filesystem
        self._path = path
        self._where = where
        self._began = filesystem.get_file_info(path)
        self._file = filesystem.open_input_file(path)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any, /) -> int:
        try:
            body = self._file.read(len(buffer))
            now = self._fs.get_file_info(self._path) if not body else self._began
        except OSError as error:
            raise _refused(error, self._where) from None
        if (now.size, now.mtime_ns) != (self._began.size, self._began.mtime_ns):
            raise StorageError("was replaced while it was read", where=self._where, hint="Read it again.")
        buffer[: len(body)] = body
        return len(body)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class _Writing(io.RawIOBase):
    """An object that is uploaded; it is there once it is closed."""

    def __init__(self, stream: Any, where: str) -> None:
        super().__init__()
        self._stream = stream
        self._where = where

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        try:
            self._stream.write(data)
        except OSError as error:
            raise _refused(error, self._where) from None
        return len(data)

    def close(self) -> None:
        if not self.closed:
            try:
                self._stream.close()
            except OSError as error:
                raise _refused(error, self._where) from None
            finally:
                super().close()


def _missing(dataset: DatasetName, what: str | None = None) -> StorageError:
    message = f"{what} of the data set is missing" if what else "there is no such data set"
    return StorageError(message, where=str(dataset), clause=_CLAUSE)


def _refused(error: OSError, where: str) -> StorageError:
    # The library's own words may name the request, the bucket and the key; the kind of failure is enough.
    said = _SAID.search(str(error))
    kind, status = said.groups() if said else ("", "")
    unknown = ("the store refuses", "Look at the store's own log.")
    message, hint = _REASONS.get(kind) or _REASONS.get(status or "", unknown)
    return StorageError(message, where=where, clause=_CLAUSE, hint=hint)
