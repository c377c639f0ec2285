"""Intake of a user's file in a process of its own.

A large file keeps a processor busy for minutes and the libraries that read it weigh forty megabytes; neither
belongs into a process that must answer partners meanwhile.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from interconn.standard.errors import DataError, InterconnError, StorageError
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.findings import Ingested
from interconn.storage.opened import Source

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
    # A fresh interpreter: this one has threads, which do not survive a fork.
    context = multiprocessing.get_context("spawn")
    answers, said = context.Pipe(duplex=False)
    work = (said, source, store, dataset, tuple(key_columns), description, work_directory)
    process = context.Process(target=_answer, args=work, daemon=True)
    try:
        process.start()
        said.close()
        while not answers.poll(_LOOK_SECONDS):
            if given_up and given_up.is_set():
                raise StorageError("taking in the file was given up", where=source.name)
        answer: Ingested | InterconnError = answers.recv()
    except EOFError:
        raise StorageError(
            "the process that takes in the file was killed", where=source.name, hint="Was there too little memory?"
        ) from None
    finally:
        process.kill()
        process.join()
        process.close()
        answers.close()
    if isinstance(answer, InterconnError):
        raise answer
    return answer


def _answer(
    said: Connection,
    source: Source,
    store: FileStore,
    dataset: DatasetName,
    key_columns: tuple[str, ...],
    description: str,
    work_directory: Path | None,
) -> None:
    """Take in the file, in the process of its own, and say what came of it."""
    threading.Thread(target=_end_with_the_node, daemon=True).start()
    try:
        said.send(_ingest(source, store, dataset, key_columns, description, work_directory))
    except InterconnError as error:
        said.send(error)
    except OSError as error:
        said.send(DataError("the file cannot be read", where=source.name, hint=error.strerror))


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
