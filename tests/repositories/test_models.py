"""Models and with whom they are shared."""

from __future__ import annotations

from interconn.api.models import MODEL_LIST
from interconn.management.models.tables import Model, ModelReader
from tests.management.holder import Holder
from tests.repositories import rows
from tests.repositories.contract import Repository


class TestModels(Repository):
    tables = (
        Model,
        ModelReader,
    )

    async def test_a_list_is_in_one_order_and_found_by_a_part_of_its_name(self, node: Holder) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            for number, model_id in enumerate(rows.IDS):
                session.add(
                    Model(
                        model_id=model_id,
                        name=rows.NAMES[number % len(rows.NAMES)],
                        parties=["bank"],
                        digest="",
                        size=2**60,
                        namespace="models",
                        stored_name=model_id,
                        created_at=5,
                        removed_at=9 if model_id == "z" else None,
                    )
                )
            session.flush()
            node.management.models.share(session, session.get_one(Model, "a"), reversed(rows.IDS))

        await node.database.write(write)
        shown = [model_id for model_id in rows.IDS if model_id != "z"]
        page = await node.ask(MODEL_LIST, page_num=2, page_size=5)
        assert ([one.model_id for one in page.models], page.total) == (shown[5:10], len(shown))
        [one] = [one for one in page.models if one.model_id == "a"]
        assert one.shared_with == list(rows.IDS)
        found = await node.ask(MODEL_LIST, name="a_B", page_num=1, page_size=-1)
        assert {one.name for one in found.models} == {"A_b"}

        def share_with_nobody(session):  # type: ignore[no-untyped-def]
            node.management.models.share(session, session.get_one(Model, "a"), [])
            return node.management.models.views(session, [session.get_one(Model, "a")])[0].shared_with

        assert await node.database.write(share_with_nobody) == []
