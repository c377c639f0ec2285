"""What holds of data sets in every kind of store: one contract, run against each (CMP-4.2-file, CMP-4.2-s3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import fs

from interconn.standard.errors import StorageError
from interconn.storage.address import StorageAddress
from interconn.storage.dataset import Column, DatasetMetadata, DatasetName
from interconn.storage.files import FileStore
from interconn.storage.s3 import S3Store
from interconn.storage.store import DatasetStore
from interconn.storage.tables import Table, create_table
from tests.storage.services import filesystem, s3_service

NAME = DatasetName("space", "table")


@dataclass
class Place:
    """A store, and a look at what lies there that does not pass through it."""

    store: DatasetStore
    files: Callable[[], list[str]]
    read: Callable[[str], bytes]
    plant: Callable[[str, bytes], None]


@pytest.fixture(scope="module")
def service() -> Iterator[StorageAddress]:
    with s3_service() as address:
        yield address


@pytest.fixture(params=["file", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "file":
        root = tmp_path / "root"

        def plant(name: str, body: bytes) -> None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(body)

        return Place(
            FileStore(root),
            lambda: sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()),
            lambda name: (root / name).read_bytes(),
            plant,
        )
    address: StorageAddress = request.getfixturevalue("service")
    outside = filesystem(address)
    outside.delete_dir_contents("storage")

    def put(name: str, body: bytes) -> None:
        with outside.open_output_stream(f"storage/{name}") as stream:
            stream.write(body)

    return Place(
        S3Store(address),
        lambda: sorted(
            found.path.removeprefix("storage/")
            for found in outside.get_file_info(fs.FileSelector("storage", recursive=True))
            if found.type == fs.FileType.File
        ),
        lambda name: outside.open_input_file(f"storage/{name}").read(),
        put,
    )


def metadata(partitions: int = 1) -> DatasetMetadata:
    return DatasetMetadata(name=NAME.name, namespace=NAME.namespace, count=1, partitions=partitions)


def write(place: Place, *parts: bytes, replace: bool = False) -> None:
    with place.store.create(NAME, replace=replace) as draft:
        for number, body in enumerate(parts):
            draft.open(number).write(body)
        draft.describe(metadata(len(parts)))


def content(place: Place, partition: int = 0) -> bytes:
    with place.store.open(NAME, partition) as source:
        return source.read()


class TestEveryStore:
    def test_layout_is_namespace_name_partition_and_metadata(self, place: Place) -> None:
        """CMP-4.2-s3, CMP-4.2-file, resolution 15: two partitions and one metadata object."""
        write(place, b"one", b"two")
        assert place.files() == ["space/table/data_0", "space/table/data_1", "space/table/metadata"]
        assert json.loads(place.read("space/table/metadata"))["partitions"] == 2
        assert (content(place, 0), content(place, 1)) == (b"one", b"two")
        assert place.store.metadata(NAME).partitions == 2
        assert list(place.store.names()) == [NAME]
        assert list(place.store.names("other")) == []

    def test_nothing_is_seen_before_the_end(self, place: Place) -> None:
        with place.store.create(NAME) as draft:
            sink = draft.open()
            sink.write(b"half")
            sink.close()
            assert not place.store.exists(NAME)
            assert list(place.store.names()) == []
            with pytest.raises(StorageError):
                place.store.open(NAME)
            draft.describe(metadata())
        assert place.store.exists(NAME)

    def test_an_error_on_the_way_leaves_nothing(self, place: Place) -> None:
        with pytest.raises(RuntimeError), place.store.create(NAME) as draft:
            draft.open().write(b"half")
            raise RuntimeError
        assert not place.store.exists(NAME)
        assert place.files() == []

    def test_a_data_set_without_metadata_is_not_published(self, place: Place) -> None:
        with pytest.raises(StorageError, match="no metadata"), place.store.create(NAME) as draft:
            draft.open().write(b"x")
        assert not place.store.exists(NAME)
        assert place.files() == []

    def test_an_existing_data_set_is_kept_unless_replaced(self, place: Place) -> None:
        write(place, b"old", b"older")
        with pytest.raises(StorageError, match="exists"):
            write(place, b"new")
        assert content(place) == b"old"
        write(place, b"new", replace=True)
        assert content(place) == b"new"
        assert place.files() == ["space/table/data_0", "space/table/metadata"]

    def test_what_a_killed_writer_left_is_seen_by_nobody_and_cleared_away(self, place: Place) -> None:
        if isinstance(place.store, S3Store):  # a file store's drafts are hidden elsewhere: `test_file_store`
            place.plant("space/table/data_7", b"left")
            assert not place.store.exists(NAME)
            assert list(place.store.names()) == []
        write(place, b"new")
        assert place.files() == ["space/table/data_0", "space/table/metadata"]

    def test_deleting_takes_all_of_it_and_may_be_repeated(self, place: Place) -> None:
        write(place, b"one", b"two")
        place.store.delete(NAME)
        place.store.delete(NAME)
        assert not place.store.exists(NAME)
        assert place.files() == []

    def test_what_is_not_there_is_told(self, place: Place) -> None:
        for attempt in (lambda: place.store.open(NAME), lambda: place.store.metadata(NAME)):
            with pytest.raises(StorageError, match=r"no such data set|is missing"):
                attempt()
        write(place, b"one")
        with pytest.raises(StorageError, match="data_1 of the data set is missing"):
            place.store.open(NAME, 1)

    def test_the_guides_other_name_is_read_and_not_written(self, place: Place) -> None:
        """Resolution 15."""
        place.plant("space-table", b"guide")
        assert place.store.exists(NAME)
        assert content(place) == b"guide"

    def test_broken_metadata_is_an_error_that_names_it(self, place: Place) -> None:
        """CMP-G4.1.1.4-dataset."""
        place.plant("space/table/data_0", b"x")
        place.plant("space/table/metadata", b'{"name": 7}')
        with pytest.raises(StorageError, match="metadata cannot be used"):
            place.store.metadata(NAME)

    def test_partitions_are_read_anywhere(self, place: Place) -> None:
        write(place, bytes(range(256)) * 20_000)
        with place.store.open(NAME) as source:
            assert source.seekable()
            source.seek(5_000_001)
            assert source.read(3) == bytes([65, 66, 67])
            assert source.tell() == 5_000_004
            source.seek(0)
            assert sum(len(block) for block in iter(lambda: source.read(1 << 16), b"")) == 5_120_000

    def test_a_table_of_several_batches_comes_back_as_it_was(self, place: Place) -> None:
        """CMP-G4.1.1.4-column: written and read as a stream."""
        columns = [Column(name="id", type="string"), Column(name="n", type="int")]
        batches = [pa.RecordBatch.from_pydict({"id": [f"u{n}" for n in range(start, start + 5000)],
                                               "n": [str(n) for n in range(start, start + 5000)]})
                   for start in range(0, 60_000, 5000)]  # fmt: skip
        with create_table(place.store, NAME, columns) as table:
            for batch in batches:
                table.write(batch)
        read = Table(place.store, NAME)
        assert sum(batch.num_rows for batch in read.batches()) == 60_000
        assert place.store.metadata(NAME).count == 60_000
