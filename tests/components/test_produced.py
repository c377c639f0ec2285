"""Models that components leave: found, digested and named alike by every party (MGT-G2.1.1.1-model)."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from interconn.components.environment import Order, OrderParty, by_input, references
from interconn.components.produced import model_id, produced_models
from interconn.components.registry import Registry
from interconn.standard.errors import InvalidFlow
from interconn.standard.self_description import InputData, OutputData
from interconn.storage.dataset import DatasetMetadata, DatasetName
from interconn.storage.digests import digest_of
from interconn.storage.files import FileStore

TRAIN = (
    Registry.shipped()
    .all[0]
    .model_copy(
        update={
            "output_data": (
                OutputData(name="scores", category="dataset"),
                OutputData(name="weights", category="model"),
            ),
        }
    )
)
PARTIES = [("guest", 0, "bank"), ("host", 0, "operator"), ("host", 1, "bank")]


def order(role: str, index: int, *, keys: list[str] | None = None) -> Order:
    return Order(
        job_id="job-1",
        task_id="task_1",
        task_name="train",
        role=role,
        index=index,
        component="lr",
        provider="maker",
        version="1.0.0",
        session_id="session_job-1",
        trace_id="t",
        parties=[OrderParty(role=r, index=i, node_id=n, inst_id=f"inst-{n}") for r, i, n in PARTIES],
        output_keys=keys or ["scores", "model"],
    )


def write(store: FileStore, name: DatasetName, *partitions: bytes) -> None:
    with store.create(name) as draft:
        for number, content in enumerate(partitions):
            draft.open(number).write(content)
        draft.describe(DatasetMetadata(name=name.name, namespace=name.namespace, count=0, partitions=len(partitions)))


def made(folder: Path, role: str, index: int) -> list[tuple[str, str, tuple[str, ...]]]:
    found = produced_models(order(role, index), TRAIN, f"file://{folder}")
    return [(model.model_id, model.digest, model.parties) for model in found]


def test_a_model_is_what_the_self_description_calls_one(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    write(store, DatasetName("job-1-guest-0", "task_1-scores"), b"no model")
    assert made(tmp_path, "guest", 0) == []  # the component wrote none
    write(store, DatasetName("job-1-guest-0", "task_1-model"), b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert made(tmp_path, "guest", 0) == [(model_id("job-1", "task_1", "model"), digest, ("bank", "operator"))]
    [model] = produced_models(order("guest", 0), TRAIN, f"file://{tmp_path}")
    assert (model.name, model.algorithm, model.size) == ("model", "maker/lr 1.0.0", 7)


def test_all_parties_give_a_model_one_id_and_two_shares_on_one_node_two(tmp_path: Path) -> None:
    for role, index, _ in PARTIES:
        write(FileStore(tmp_path), DatasetName(f"job-1-{role}-{index}", "task_1-model"), role.encode())
    [(guest, _, _)], [(host, _, _)], [(second, _, _)] = (made(tmp_path, role, index) for role, index, _ in PARTIES)
    assert guest == host
    assert second == f"{guest}-host.1"
    assert model_id("job-1", "task_1", "model") != model_id("job-1", "task_1", "other")


@pytest.mark.parametrize("partitions", [(b"",), (b"one",), (b"one", b"two"), (b"onetwo", b"")])
def test_a_digest_is_what_sha256sum_prints(tmp_path: Path, partitions: tuple[bytes, ...]) -> None:
    name = DatasetName("n", "m")
    write(FileStore(tmp_path), name, *partitions)
    files = [f"data_{number}" for number in range(len(partitions))]
    printed = subprocess.run(["sha256sum", *files], cwd=tmp_path / "n" / "m", capture_output=True, check=True).stdout
    expected = printed[:64].decode() if len(files) == 1 else hashlib.sha256(printed).hexdigest()
    assert digest_of(FileStore(tmp_path), name) == (expected, sum(map(len, partitions)))


TABLE, WEIGHTS = InputData(name="table", category="dataset"), InputData(name="weights", category="model")


@pytest.mark.parametrize(
    ("free", "source", "wanted"),
    [
        ((TABLE,), {"dataset_id": "d"}, [{"dataset_id": "d"}]),
        ((WEIGHTS,), {"model_id": "m"}, [{"model_id": "m"}]),
        ((TABLE, WEIGHTS), {"model_id": "m", "dataset_id": "d"}, [{"dataset_id": "d"}, {"model_id": "m"}]),
        ((WEIGHTS, TABLE), {"dataset_id": "d", "model_id": "m"}, [{"model_id": "m"}, {"dataset_id": "d"}]),
        ((WEIGHTS,), {}, []),
    ],
)
def test_sources_come_in_the_order_of_the_inputs(
    free: tuple[InputData, ...], source: dict[str, str], wanted: list[dict[str, str]]
) -> None:
    assert by_input(source, free) == wanted
    assert sorted(map(str, references(source))) == sorted(map(str, wanted))


@pytest.mark.parametrize("free", [(), (TABLE,), (TABLE, TABLE), (TABLE, WEIGHTS)])
def test_a_model_where_none_is_read_is_refused(free: tuple[InputData, ...]) -> None:
    with pytest.raises(InvalidFlow, match="model"):
        by_input({"model_id": "m"}, free)
