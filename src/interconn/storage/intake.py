"""Intake of a user's file in a process of its own.

A large file keeps a processor busy for minutes and the libraries that read it weigh forty megabytes; neither
belongs into a process that must answer partners meanwhile.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from interconn.standard.errors import StorageError
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.findings import Ingested


def take_in(
    source: Path,
    store: FileStore,
    dataset: DatasetName,
    *,
    key_columns: Sequence[str],
    description: str,
    work_directory: Path | None = None,
) -> Ingested:
    """Take a CSV file into a store, in the place of what an interrupted intake may have left there.

    Raises:
        DataError, StorageError: as `ingest_csv`.
    """
    # A fresh interpreter: this one has threads, which do not survive a fork.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(
                _ingest, source, store, dataset, tuple(key_columns), description, work_directory
            ).result()
        except BrokenProcessPool:
            raise StorageError(
                "the process that takes in the file was killed", where=source.name, hint="Was there too little memory?"
            ) from None


def _ingest(
    source: Path,
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
