"""Data sets and who may see them."""

from __future__ import annotations

import pytest

from interconn.api.datasets import DATASET_LIST
from interconn.management.datasets.tables import Dataset, DatasetReader, RemovedDataset
from interconn.standard.errors import NotFound
from interconn.standard.management import Paging
from tests.management.conftest import START
from tests.management.holder import Holder
from tests.repositories import rows
from tests.repositories.contract import Repository


def dataset(dataset_id: str, **members: object) -> Dataset:
    """A data set that nobody sees."""
    return Dataset(
        **{
            "dataset_id": dataset_id,
            "name": dataset_id,
            "count": 2**40,
            "key_columns": ["id"],
            "label_columns": [],
            "column_metas": [],
            "namespace": "data",
            "stored_name": f"stored-{dataset_id}",
            "findings": [],
            "added_at": START,
            **members,
        }
    )


class TestDatasets(Repository):
    tables = (Dataset, DatasetReader, RemovedDataset)

    async def test_mgt_4_1_what_is_published_is_in_one_order_page_by_page(self, node: Holder) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            for number, dataset_id in enumerate(reversed(rows.IDS)):
                session.add(dataset(dataset_id, published=dataset_id != "Z", for_all=number % 2 == 0))
            session.add(dataset("earlier", published=True, for_all=True, added_at=START - 1))
            session.flush()
            session.add_all(DatasetReader(dataset_id=one, node_id="bank") for one in ("B", "Z", "z", "a-"))
            session.add_all(DatasetReader(dataset_id=one, node_id="Bank") for one in rows.IDS)

        await node.database.write(write)
        catalogue = node.management.catalogue

        def page(number, node_id="bank"):  # type: ignore[no-untyped-def]
            return node.database.read(
                lambda session: catalogue.published(session, node_id, Paging(page_num=number, page_size=3))
            )

        pages = [await page(number) for number in range(1, 6)]
        for_all = [one for number, one in enumerate(reversed(rows.IDS)) if number % 2 == 0]
        expected = [one for one in rows.IDS if one != "Z" and one in {*for_all, "B", "z", "a-"}]
        assert [one.dataset_id for found, _ in pages for one in found] == ["earlier", *expected]
        assert {total for _, total in pages} == {len(expected) + 1}
        assert (await page(1, "Bank"))[1] == len(rows.IDS)
        assert (await page(1, "BANK"))[1] == len([one for one in for_all if one != "Z"]) + 1

    async def test_a_list_is_found_by_a_part_of_a_name_and_by_a_category_as_it_is(self, node: Holder) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            for number, name in enumerate(rows.NAMES):
                session.add(dataset(f"{number}", name=name, category="risk" if number % 2 else "Risk"))
            session.add(dataset("none", name="a_b", category=None))

        await node.database.write(write)
        for members, found in (
            ({"name": "a_b"}, ["A_b", "a_b"]),
            ({"name": "50 %"}, ["50 %"]),
            ({"name": "é"}, ["aéb"]),
            ({"category": "risk"}, ["50 x", "ACB", "AÉB"]),
            ({"name": "b", "category": "Risk"}, ["A_b", "aéb"]),
        ):
            listed = await node.ask(DATASET_LIST, **members, page_num=1, page_size=-1)
            assert [one.name for one in listed.datasets] == found, members

    async def test_what_a_job_names_is_found_as_it_is_written(self, node: Holder) -> None:
        await node.database.write(lambda session: session.add(dataset("data-é")))

        def find(session, **reference):  # type: ignore[no-untyped-def]
            return node.management.catalogue.find(session, reference).dataset_id

        place = {"namespace": "data", "name": "stored-data-é"}
        assert await node.database.read(lambda session: find(session, **place)) == "data-é"
        for wrong in (
            {"dataset_id": "data-É"},
            {"dataset_id": "data-e\u0301"},
            {"dataset_id": "data-é "},
            {**place, "namespace": "Data"},
        ):
            with pytest.raises(NotFound):
                await node.database.read(lambda session, wrong=wrong: find(session, **wrong))
