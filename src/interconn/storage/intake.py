"""Intake of a user's file in a process of its own.

A large file keeps a processor busy for minutes and the libraries that read it weigh forty megabytes; neither
belongs into a process that must answer partners meanwhile.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, TypeVar

from interconn.standard.errors import DataError, InterconnError, StorageError
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.findings import Ingested, Preflight
from interconn.storage.opened import Source

Found = TypeVar("Found", Ingested, Preflight)

_LOOK_SECONDS: Final = 0.2


def take_in(
    source: Source,
    store: FileStore,
    dataset: DatasetName,
    *,
    key_columns: Sequence[str],
    description: str,
    work_directory: Path | None = None,
    given_up: threading.Event | None = None,
) -> Ingested:
    """Take a CSV file into a store, in the place of what an interrupted intake may have left there. Blocks.

    Args:
        source, store, dataset, key_columns, description, work_directory: as for `ingest_csv`.
        given_up: once set, the process is killed: nobody waits for it any more.

    Raises:
        DataError, StorageError: as `ingest_csv`.
    """
    work = partial(_ingest, source, store, dataset, tuple(key_columns), description, work_directory)
    return _elsewhere(work, source.name, given_up)


def look_over(
    source: Source,
    *,
    key_columns: Sequence[str],
    label_columns: Sequence[str],
    given_up: threading.Event | None = None,
) -> Preflight:
    """Say what is wrong or odd about a CSV file. Blocks.

    Args:
        source, key_columns, label_columns: as for `preflight`.
        given_up: once set, the process is killed: nobody waits for it any more.

    Raises:
        DataError, StorageError: as `preflight`.
    """
    return _elsewhere(partial(_look, source, tuple(key_columns), tuple(label_columns)), source.name, given_up)


def _elsewhere(work: Callable[[], Found], name: str, given_up: threading.Event | None) -> Found:
    """Do some work on a file in a process of its own, and return what it returns."""
    # A fresh interpreter: this one has threads, which do not survive a fork.
    context = multiprocessing.get_context("spawn")
    answers, said = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(said, work), daemon=True)
    try:
        process.start()
        said.close()
        while not answers.poll(_LOOK_SECONDS):
            if given_up and given_up.is_set():
                raise StorageError("reading the file was given up", where=name)
        answer: Found | InterconnError = answers.recv()
    except EOFError:
        raise StorageError(
            "the process that reads the file was killed", where=name, hint="Was there too little memory?"
        ) from None
    finally:
        process.kill()
        process.join()
        process.close()
        answers.close()
    if isinstance(answer, InterconnError):
        raise answer
    return answer


def _answer(said: Connection, work: Callable[[], Any]) -> None:
    """Do the work, in the process of its own, and say what came of it."""
    threading.Thread(target=_end_with_the_node, daemon=True).start()
    try:
        said.send(work())
    except InterconnError as error:
        said.send(error)
    except OSError as error:
        said.send(DataError("the file cannot be read", hint=error.strerror))


def _end_with_the_node() -> None:
    node = multiprocessing.parent_process()
    assert node
    node.join()
    os._exit(1)  # nobody hears what comes of it


def _ingest(
    source: Source,
    store: FileStore,
    dataset: DatasetName,
    key_columns: tuple[str, ...],
    description: str,
    work_directory: Path | None,
) -> Ingested:
    from interconn.storage.ingest import ingest_csv

    return ingest_csv(
        source,
        store,
        dataset,
        key_columns=key_columns,
        description=description,
        replace=True,
        work_directory=work_directory,
    )


def _look(source: Source, key_columns: tuple[str, ...], label_columns: tuple[str, ...]) -> Preflight:
    from interconn.storage.preflight import preflight

    return preflight(source, key_columns=key_columns, label_columns=label_columns)
