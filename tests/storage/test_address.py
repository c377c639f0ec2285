"""Storage addresses (CMP-4.1-s3, CMP-4.1-hdfs, CMP-4.1-file)."""

from __future__ import annotations

from pathlib import Path

import pytest

from interconn.standard.errors import StorageError
from interconn.storage.address import parse_storage_address
from interconn.storage.files import FileStore
from interconn.storage.store import open_store


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file:///opt/iopy/", "/opt/iopy"),
        ("file:////opt//iopy", "/opt/iopy"),
        ("file://localhost/opt/iopy", "/opt/iopy"),
        ("FILE:///opt/with%20blank", "/opt/with blank"),
    ],
)
def test_file_addresses_name_a_directory(text: str, path: str) -> None:
    """CMP-4.1-file."""
    address = parse_storage_address(text)
    assert address.path == Path(path)
    assert isinstance(open_store(address), FileStore)


def test_the_example_of_the_standard_is_understood() -> None:
    """CMP-4.1-s3."""
    address = parse_storage_address("s3://192.168.1.1:9000?username=admin&password=123456&bucket=storage")
    assert (address.scheme, address.host, address.port) == ("s3", "192.168.1.1", 9000)
    assert (address.username, address.password, address.container) == ("admin", "123456", "storage")


def test_bucket_is_storage_unless_told() -> None:
    """Resolution 16: some peers give no bucket."""
    assert parse_storage_address("s3://h:1?username=&password=").container == "storage"


def test_hdfs_directory_comes_from_dir() -> None:
    """CMP-4.1-hdfs."""
    address = parse_storage_address("hdfs://192.168.1.1:9000?username=admin&password=123456&dir=lake")
    assert address.container == "lake"


def test_the_password_is_never_shown() -> None:
    address = parse_storage_address("hdfs://h:9000?username=u&password=very-secret&dir=x")
    assert "very-secret" not in repr(address)
    with pytest.raises(StorageError) as refused:
        open_store(address)
    assert "very-secret" not in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/opt",
        "file://relative",
        "file://host/path",
        "ftp://h:1/x",
        "s3://h",
        "s3://:9000",
        "s3://h:port?x",
        "file:///a%00b",
    ],
)
def test_unusable_addresses_are_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(StorageError) as refused:
        parse_storage_address(text + "?password=hidden" if "://" in text and "file" not in text else text)
    assert "hidden" not in str(refused.value)
