"""Data sets as bytes and tables: addresses, stores, streamed reading and writing, intake of a user's CSV file.

Values of a table are personal data: no error, log line or finding made here ever holds one.
"""

from interconn.storage.address import StorageAddress, parse_storage_address
from interconn.storage.dataset import Column, DatasetMetadata, DatasetName
from interconn.storage.files import FileStore
from interconn.storage.ingest import Ingested, ingest_csv
from interconn.storage.store import DatasetDraft, DatasetStore, open_store
from interconn.storage.tables import Table, TableWriter, create_table

__all__ = [
    "Column",
    "DatasetDraft",
    "DatasetMetadata",
    "DatasetName",
    "DatasetStore",
    "FileStore",
    "Ingested",
    "StorageAddress",
    "Table",
    "TableWriter",
    "create_table",
    "ingest_csv",
    "open_store",
    "parse_storage_address",
]
