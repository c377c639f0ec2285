"""What is particular to S3: a service that refuses, is overloaded or silent, and data that is replaced (CMP-4.1-s3)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from interconn.standard.errors import StorageError
from interconn.storage.address import StorageAddress, parse_storage_address
from interconn.storage.dataset import DatasetMetadata, DatasetName
from interconn.storage.s3 import S3Store
from interconn.storage.store import open_store
from tests.storage.services import PASSWORD, address, answering, filesystem, s3_service

NAME = DatasetName("space", "table")


@pytest.fixture
def service() -> Iterator[StorageAddress]:
    with s3_service() as found:
        yield found


def attempts(store: S3Store) -> Iterator[str]:
    """What each kind of use ends with."""

    def write() -> None:
        with store.create(NAME, replace=True) as draft:
            draft.open().write(b"x")
            draft.describe(DatasetMetadata(name="table", namespace="space", count=1, partitions=1))

    for use in (lambda: store.exists(NAME), lambda: list(store.names()), lambda: store.open(NAME), write,
                lambda: store.metadata(NAME), lambda: store.delete(NAME)):  # fmt: skip
        with pytest.raises(StorageError) as caught:
            use()
        assert PASSWORD not in str(caught.value.to_json())
        assert caught.value.hint or caught.value.clause == "CMP-4.2-s3"
        yield caught.value.message


def test_the_address_of_the_standard_opens_a_store(service: StorageAddress) -> None:
    """CMP-4.1-s3; the password is shown nowhere."""
    store = open_store(service)
    assert not store.exists(NAME)
    assert PASSWORD not in repr(store) + repr(service)


def test_an_address_may_ask_for_tls_and_a_region() -> None:
    found = parse_storage_address("s3://store:9000?username=a&password=b&tls=true&region=cn-north-1")
    assert (found.container, found.tls, found.region) == ("storage", True, "cn-north-1")
    assert not address(9000).tls


@pytest.mark.parametrize("text", ["s3://h:1", "s3://h:1?username=a", "s3://h:1?username=a&password=b&bucket="])
def test_an_address_without_user_or_password_is_refused(text: str) -> None:
    with pytest.raises(StorageError, match="lacks user or password"):
        open_store(parse_storage_address(text))


def test_a_bucket_that_is_not_there(service: StorageAddress) -> None:
    store = S3Store(parse_storage_address(f"s3://127.0.0.1:{service.port}?username=a&password=b&bucket=other"))
    with pytest.raises(StorageError, match="no such bucket") as caught, store.create(NAME) as draft:
        draft.open().write(b"x")
        draft.describe(DatasetMetadata(name="table", namespace="space", count=1, partitions=1))
    assert "Create it" in (caught.value.hint or "")


@pytest.mark.parametrize(("status", "message"), [(503, "overloaded"), (500, "failed"), (403, "refuses")])
def test_a_service_that_answers_with_failures_is_told_as_such(status: int, message: str) -> None:
    with answering(status) as found:
        said = set(attempts(S3Store(found, attempts=1)))
    assert {message in one for one in said} == {True}
    assert all(one.startswith("the store") for one in said)


def test_a_service_that_is_silent_is_given_up(service: StorageAddress) -> None:
    with answering(None) as found:
        store = S3Store(found, request_seconds=0.3, attempts=1)
        began = time.monotonic()
        with pytest.raises(StorageError, match="does not answer"):
            store.exists(NAME)
        assert time.monotonic() - began < 25


def test_nobody_listens_there() -> None:
    with answering(200) as found:
        pass
    with pytest.raises(StorageError, match="does not answer"):
        S3Store(found, attempts=1).exists(NAME)


def test_what_is_replaced_while_it_is_read_is_no_half_of_two(service: StorageAddress) -> None:
    outside = filesystem(service)
    for name, body in (("data_0", b"old" * 2_000_000), ("metadata", b"{}")):
        with outside.open_output_stream(f"storage/space/table/{name}") as stream:
            stream.write(body)
    with S3Store(service).open(NAME) as source:
        source.read(1)
        with outside.open_output_stream("storage/space/table/data_0") as stream:
            stream.write(b"new" * 1_000_000)
        with pytest.raises(StorageError):
            source.read()


def test_a_data_set_that_vanishes_while_it_is_read_is_told(service: StorageAddress) -> None:
    outside = filesystem(service)
    for name, body in (("data_0", b"x" * 6_000_000), ("metadata", b"{}")):
        with outside.open_output_stream(f"storage/space/table/{name}") as stream:
            stream.write(body)
    with S3Store(service).open(NAME) as source:
        source.read(1)
        outside.delete_file("storage/space/table/data_0")
        with pytest.raises(StorageError):
            source.read()
