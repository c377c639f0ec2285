"""Data sets in directories: layout, atomic publication, and names that lead nowhere else (CMP-4.2-file)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from interconn.standard.errors import StorageError
from interconn.storage.dataset import DatasetMetadata, DatasetName
from interconn.storage.files import FileStore

NAME = DatasetName("space", "table")


def metadata(dataset: DatasetName = NAME, partitions: int = 1) -> DatasetMetadata:
    return DatasetMetadata(name=dataset.name, namespace=dataset.namespace, count=1, partitions=partitions)


def write(store: FileStore, body: bytes = b"a\n1\n", *, replace: bool = False, dataset: DatasetName = NAME) -> None:
    with store.create(dataset, replace=replace) as draft:
        draft.open().write(body)
        draft.describe(metadata(dataset))


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "root")


def test_layout_is_namespace_name_partition_and_metadata(store: FileStore, tmp_path: Path) -> None:
    """Resolution 15, CMP-G4.1.1.4-dataset."""
    with store.create(NAME) as draft:
        draft.open(0).write(b"one")
        draft.open(1).write(b"two")
        draft.describe(metadata(partitions=2))
    assert files(tmp_path / "root") == ["space/table/data_0", "space/table/data_1", "space/table/metadata"]
    members = json.loads((tmp_path / "root/space/table/metadata").read_bytes())
    assert {
        "name", "namespace", "count", "partitions", "column_info", "description", "create_time", "expire_time",
        "file_type", "data_type",
    } <= set(members)  # fmt: skip
    with store.open(NAME, 1) as source:
        assert source.read() == b"two"
    assert store.metadata(NAME).partitions == 2
    assert list(store.names()) == [NAME]
    assert list(store.names("other")) == []


def test_nothing_is_seen_before_the_end(store: FileStore) -> None:
    with store.create(NAME) as draft:
        draft.open().write(b"half")
        assert not store.exists(NAME)
        assert list(store.names()) == []
        draft.describe(metadata())
    assert store.exists(NAME)


def test_an_error_on_the_way_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), store.create(NAME) as draft:
        draft.open().write(b"half")
        raise RuntimeError
    assert not store.exists(NAME)
    assert list((tmp_path / "root/space").iterdir()) == []


def test_a_data_set_without_metadata_is_not_published(store: FileStore) -> None:
    with pytest.raises(StorageError), store.create(NAME) as draft:
        draft.open().write(b"x")
    assert not store.exists(NAME)


def test_an_existing_data_set_is_kept_unless_replaced(store: FileStore) -> None:
    write(store, b"old")
    with pytest.raises(StorageError, match="exists"):
        write(store, b"new")
    with store.open(NAME) as source:
        assert source.read() == b"old"
    write(store, b"new", replace=True)
    with store.open(NAME) as source:
        assert source.read() == b"new"


def test_a_reader_keeps_what_it_opened_when_the_data_set_is_replaced(store: FileStore) -> None:
    write(store, b"old")
    with store.open(NAME) as source:
        write(store, b"new", replace=True)
        assert source.read() == b"old"


def test_deleting_takes_all_of_it_and_may_be_repeated(store: FileStore, tmp_path: Path) -> None:
    write(store)
    store.delete(NAME)
    store.delete(NAME)
    assert not store.exists(NAME)
    assert list((tmp_path / "root/space").iterdir()) == []


FULL = """
import resource, signal, sys
from pathlib import Path
from interconn.standard.errors import StorageError
from interconn.storage.dataset import DatasetMetadata, DatasetName
from interconn.storage.files import FileStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
name = DatasetName("space", "table")
try:
    with FileStore(Path(sys.argv[1])).create(name) as draft:
        sink = draft.open()
        for _ in range(64):
            sink.write(bytes(1 << 16))
        draft.describe(DatasetMetadata(name="table", namespace="space", count=0, partitions=1))
except StorageError as error:
    print(error)
"""


@pytest.mark.parametrize("blocks", [64, 17])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, blocks: int) -> None:
    """The limit on file sizes stands in for the disk; 17 blocks are still buffered when the block ends."""
    script = FULL.replace("range(64)", f"range({blocks})")
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "root")], capture_output=True, text=True, check=True
    )
    assert "no room" in run.stdout, run.stderr
    assert files(tmp_path) == []


@pytest.mark.fault
def test_a_killed_writer_leaves_nothing_visible(tmp_path: Path) -> None:
    script = FULL.replace("range(64)", "range(4)").replace(
        "        draft.describe", "        print(1, flush=True); sys.stdin.read()\n        draft.describe"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "root")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    store = FileStore(tmp_path / "root")
    assert not store.exists(NAME)
    assert list(store.names()) == []
    write(store)
    assert store.exists(NAME)


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("..", "x"), ("x", ".."), (".", "x"), ("", "x"), ("x", ""), ("a/b", "x"), ("x", "/etc"), ("x", ".hidden"),
        ("a\\b", "x"), ("x", "a\0b"), ("x", "a\nb"), ("x" * 201, "x"), ("名", "x"),
    ],
)  # fmt: skip
def test_names_that_could_lead_elsewhere_are_refused(namespace: str, name: str) -> None:
    with pytest.raises(StorageError):
        DatasetName(namespace, name)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"namespace":"a"}', '{"namespace":1,"name":"x"}', "a/b", "[" * 9999]
)
def test_a_place_that_is_no_object_with_namespace_and_name_is_refused(text: str) -> None:
    """CMP-3.4.3."""
    with pytest.raises(StorageError):
        DatasetName.parse(text, where="runtime.component.input.table")


def test_a_namespace_that_is_a_link_is_not_followed(store: FileStore, tmp_path: Path) -> None:
    write(FileStore(tmp_path / "elsewhere"))
    (tmp_path / "root").mkdir()
    (tmp_path / "root/space").symlink_to(tmp_path / "elsewhere/space")
    for attempt in (
        lambda: store.open(NAME),
        lambda: store.metadata(NAME),
        lambda: write(store, replace=True),
        lambda: store.delete(NAME),
        lambda: store.exists(NAME),
    ):
        with pytest.raises(StorageError):
            attempt()
    assert list(store.names()) == []
    assert files(tmp_path / "elsewhere") == ["space/table/data_0", "space/table/metadata"]


def test_a_partition_that_is_a_link_or_a_pipe_is_not_read(store: FileStore, tmp_path: Path) -> None:
    write(store)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    data = tmp_path / "root/space/table/data_0"
    data.unlink()
    data.symlink_to(secret)
    with pytest.raises(StorageError):
        store.open(NAME)
    data.unlink()
    os.mkfifo(data)
    with pytest.raises(StorageError, match="no regular file"):
        store.open(NAME)


def test_the_single_object_of_the_guide_is_read_not_written(store: FileStore, tmp_path: Path) -> None:
    """Resolution 15."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root/space-table").write_bytes(b"id\n1\n")
    assert store.exists(NAME)
    with store.open(NAME) as source:
        assert source.read() == b"id\n1\n"
    write(store)
    with store.open(NAME) as source:
        assert source.read() == b"a\n1\n"


def test_what_is_missing_is_said(store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no such data set"):
        store.open(NAME)
    write(store)
    with pytest.raises(StorageError, match="data_7"):
        store.open(NAME, 7)
    (tmp_path / "root/space/table/metadata").write_bytes(b"{}")
    with pytest.raises(StorageError, match="metadata"):
        store.metadata(NAME)
