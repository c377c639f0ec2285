"""Data sets in directories: local disks and mounted shares (CMP-4.2-file, resolution 15).

Every step from the root down is opened relative to the directory before it and refuses symbolic links, so no
name and no link planted below the root leads out of it. A data set is written to a hidden sibling and renamed,
so that whoever looks sees all of it or nothing.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from interconn.standard.errors import StorageError
from interconn.storage.dataset import DatasetMetadata, DatasetName

METADATA: Final = "metadata"
MAXIMUM_METADATA_BYTES: Final = 8 * 1024 * 1024

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HIDDEN: Final = re.compile(r"\.[0-9a-f]{16}")
_FRESH_SECONDS: Final = 10.0
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FileStore:
    """A `DatasetStore` below one directory.

    Args:
        root: the directory; made when the first data set is written.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __repr__(self) -> str:
        return "FileStore()"

    def exists(self, dataset: DatasetName) -> bool:
        """See `DatasetStore.exists`."""
        with ExitStack() as stack:
            try:
                self._enter(stack, dataset)
            except FileNotFoundError:
                return self._alias(dataset).is_file()
            except OSError as error:
                raise _refused(error, str(dataset)) from None
            return True

    def names(self, namespace: str | None = None) -> Iterator[DatasetName]:
        """See `DatasetStore.names`. Directories that are no data sets are passed over."""
        for directory in sorted(_directories(self._root)):
            if namespace is None or directory.name == namespace:
                for entry in sorted(_directories(directory)):
                    with suppress(StorageError):
                        yield DatasetName(directory.name, entry.name)

    def metadata(self, dataset: DatasetName) -> DatasetMetadata:
        """See `DatasetStore.metadata`."""
        with self._open(dataset, METADATA) as source:
            body = source.read(MAXIMUM_METADATA_BYTES + 1)
        return DatasetMetadata.from_bytes(body, where=str(dataset))

    def open(self, dataset: DatasetName, partition: int = 0) -> BinaryIO:
        """See `DatasetStore.open`. The guide's `{namespace}-{name}` is read as partition 0 (resolution 15)."""
        if partition == 0 and not self.exists(dataset):
            raise _missing(dataset)
        return self._open(dataset, f"data_{int(partition)}")

    @contextmanager
    def create(self, dataset: DatasetName, *, replace: bool = False) -> Iterator[FileDraft]:
        """See `DatasetStore.create`."""
        with ExitStack() as stack:
            try:
                self._root.mkdir(parents=True, exist_ok=True)
                namespace = self._namespace(stack, dataset, make=True)
                if not replace and _exists(dataset.name, namespace):
                    raise StorageError("exists already", where=str(dataset), hint="Choose another name.")
                hidden = f".{secrets.token_hex(8)}"
                os.mkdir(hidden, dir_fd=namespace, mode=0o750)
            except OSError as error:
                raise _refused(error, str(dataset)) from None
            stack.callback(_remove, hidden, namespace)
            directory = stack.enter_context(_opened(hidden, namespace, _DIRECTORY))
            with suppress(OSError):  # a share that knows no locks: `sweep` leaves drafts alone there
                fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with FileDraft(dataset, directory) as draft:
                yield draft
                draft.finish()
            try:
                _publish(hidden, dataset.name, namespace, replace=replace)
            except OSError as error:
                raise _refused(error, str(dataset)) from None

    def delete(self, dataset: DatasetName) -> None:
        """See `DatasetStore.delete`."""
        with ExitStack() as stack:
            try:
                namespace = self._namespace(stack, dataset)
                hidden = f".{secrets.token_hex(8)}"
                os.rename(dataset.name, hidden, src_dir_fd=namespace, dst_dir_fd=namespace)
            except FileNotFoundError:
                return
            except OSError as error:
                raise _refused(error, str(dataset)) from None
            _remove(hidden, namespace)

    def sweep(self) -> int:
        """Remove drafts whose writers were killed: nobody else ever would, and they hold data.

        A writer holds its draft's lock as long as it lives. Fresh drafts are left alone, as theirs is taken a moment
        after they are made.

        Returns:
            How many there were.
        """
        found = 0
        for namespace in _directories(self._root):
            for entry in _directories(namespace):
                if _HIDDEN.fullmatch(entry.name) and _is_abandoned(entry):
                    shutil.rmtree(entry, ignore_errors=True)
                    found += 1
        return found

    def _alias(self, dataset: DatasetName) -> Path:
        return self._root / f"{dataset.namespace}-{dataset.name}"

    def _namespace(self, stack: ExitStack, dataset: DatasetName, *, make: bool = False) -> int:
        # The root itself is configuration: an operator may well point it at a link.
        root = stack.enter_context(_opened(self._root, None, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        if make:
            with suppress(FileExistsError):
                os.mkdir(dataset.namespace, dir_fd=root, mode=0o750)
        return stack.enter_context(_opened(dataset.namespace, root, _DIRECTORY))

    def _enter(self, stack: ExitStack, dataset: DatasetName) -> int:
        return stack.enter_context(_opened(dataset.name, self._namespace(stack, dataset), _DIRECTORY))

    def _open(self, dataset: DatasetName, file: str) -> BinaryIO:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        with ExitStack() as stack:
            try:
                try:
                    descriptor = os.open(file, flags, dir_fd=self._enter(stack, dataset))
                except FileNotFoundError:
                    if file != "data_0":
                        raise
                    descriptor = os.open(self._alias(dataset), flags)
            except FileNotFoundError:
                raise _missing(dataset, file) from None
            except OSError as error:
                raise _refused(error, str(dataset)) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise StorageError(f"{file} is no regular file", where=str(dataset), clause="CMP-4.2-file")
        return os.fdopen(descriptor, "rb", buffering=1 << 20)


class FileDraft:
    """A `DatasetDraft` in a hidden directory."""

    def __init__(self, dataset: DatasetName, directory: int) -> None:
        self._dataset = dataset
        self._directory = directory
        self._open_files: list[BinaryIO] = []
        self._metadata: DatasetMetadata | None = None

    def open(self, partition: int = 0) -> BinaryIO:
        """See `DatasetDraft.open`."""
        return self._create(f"data_{int(partition)}")

    def describe(self, metadata: DatasetMetadata) -> None:
        """See `DatasetDraft.describe`."""
        self._metadata = metadata

    def finish(self) -> None:
        """Write the metadata and bring everything to the disk."""
        if self._metadata is None:
            raise StorageError("has no metadata", where=str(self._dataset), clause="CMP-G4.1.1.4-dataset")
        self._create(METADATA).write(self._metadata.to_bytes())
        try:
            for file in self._open_files:
                if not file.closed:
                    file.flush()
                    os.fsync(file.fileno())
                    file.close()
            os.fsync(self._directory)
        except OSError as error:
            raise _refused(error, str(self._dataset)) from None

    def __enter__(self) -> FileDraft:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._open_files:
            # After a failed write the buffer still holds bytes, and closing would try them again.
            with suppress(OSError, StorageError):
                file.close()

    def _create(self, name: str) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(name, flags, 0o640, dir_fd=self._directory)
        except OSError as error:
            raise _refused(error, str(self._dataset)) from None
        raw = _DraftFile(descriptor, str(self._dataset))
        file = cast("BinaryIO", io.BufferedWriter(raw, buffer_size=1 << 20))
        self._open_files.append(file)
        return file


class _DraftFile(io.FileIO):
    """A file whose failed writes are storage errors, and which is on the disk once it is closed."""

    def __init__(self, descriptor: int, where: str) -> None:
        super().__init__(descriptor, "wb", closefd=True)
        self._where = where

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            raise _refused(error, self._where) from None

    def close(self) -> None:
        if not self.closed:
            try:
                os.fsync(self.fileno())
            except OSError as error:
                super().close()
                raise _refused(error, self._where) from None
        super().close()


@contextmanager
def _opened(path: str | Path, parent: int | None, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _publish(hidden: str, name: str, namespace: int, *, replace: bool) -> None:
    old = None
    if replace and _exists(name, namespace):
        old = f".{secrets.token_hex(8)}"
        os.rename(name, old, src_dir_fd=namespace, dst_dir_fd=namespace)
    try:
        os.rename(hidden, name, src_dir_fd=namespace, dst_dir_fd=namespace)
    except OSError:
        if old:
            os.rename(old, name, src_dir_fd=namespace, dst_dir_fd=namespace)
        raise
    os.fsync(namespace)
    if old:
        _remove(old, namespace)


def _exists(name: str, parent: int) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _remove(name: str, parent: int) -> None:
    shutil.rmtree(name, ignore_errors=True, dir_fd=parent)


def _directories(path: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _is_abandoned(draft: Path) -> bool:
    try:
        with _opened(draft, None, _DIRECTORY) as descriptor:
            if time.time() - os.fstat(descriptor).st_mtime < _FRESH_SECONDS:
                return False
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except OSError:  # its writer lives, or it has just been published, or the share knows no locks
        return False


def _missing(dataset: DatasetName, file: str | None = None) -> StorageError:
    what = f"{file} of the data set is missing" if file else "there is no such data set"
    return StorageError(what, where=str(dataset), clause="CMP-4.2-file")


def _refused(error: OSError, where: str) -> StorageError:
    if error.errno in _NO_ROOM:
        return StorageError(
            "there is no room left to write it; nothing was kept of it",
            where=where,
            hint="Free some space, or have the quota raised, and try again.",
        )
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return StorageError(
            "a symbolic link or file stands where a directory should", where=where, clause="CMP-4.2-file"
        )
    return StorageError(f"the store refuses: {os.strerror(error.errno or 0)}", where=where)
