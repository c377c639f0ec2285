"""Components that a node offers (MGT-6.1, MGT-6.2, MGT-6-component-identity)."""

import json

import pytest

from interconn.api import components as api
from interconn.components.registry import Registry
from interconn.standard import management as standard
from interconn.standard.errors import NotFound, PeerRefused
from interconn.standard.self_description import SelfDescription


def described(name, provider="maker", version="1.0.0", **members):
    return SelfDescription.model_validate(
        {
            "componentName": name,
            "title": name,
            "provider": provider,
            "version": version,
            "roleList": ["guest"],
            "storageEngine": ["file"],
            "inputParam": [],
            "inputData": [{"name": "table", "category": "dataset"}],
            "outputData": [],
            **members,
        }
    )


@pytest.fixture
def offering(operator):
    """Has operator offer these components."""

    def offer(*descriptions):
        operator.management._offers._registry = Registry(descriptions)

    return offer


async def test_mgt_6_1_and_6_2_of_the_shipped_components(network, bank, operator, contract_id):
    page = await bank.ask(api.COMPONENT_DISCOVER, node_id="operator")
    assert ("psi", "interconn") in {(record.code, record.developer) for record in page.records}
    for record in page.records:
        detail = await bank.ask(api.COMPONENT_SHOW, node_id="operator", code=record.code, version=record.version)
        assert (detail.status, detail.name) == ("ENABLED", record.code)
        assert detail.extension["self_description"]["inputData"] == detail.inputs


async def test_mgt_6_1_resolution_19_both_spellings_of_contract_id(network, bank, operator, contract_id):
    request = standard.ComponentList(contract_id=contract_id)
    own = await bank.client.call("operator", standard.COMPONENT_LIST, request, trace_id="t")
    asked = network.last(standard.COMPONENT_LIST).path
    assert f"contract_id={contract_id}" in asked and f"contract_Id={contract_id}" in asked

    class OneSpelling(standard.ComponentList):
        def to_wire(self):
            wire = super().to_wire()
            del wire[self._left_out]
            return wire

    for left_out in ("contract_id", "contract_Id"):
        OneSpelling._left_out = left_out
        question = OneSpelling(contract_id=contract_id)
        other = await bank.client.call("operator", standard.COMPONENT_LIST, question, trace_id="t")
        assert own == other and own.total


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        ({}, ["a", "b", "c"]),
        ({"category": "LOADER"}, ["a", "b"]),
        ({"developer": "one"}, ["b"]),
        ({"category": "LOADER", "developer": "two"}, []),
        ({"page_size": 2}, ["a", "b"]),
        ({"page_size": 2, "page_num": 2}, ["c"]),
        ({"page_size": 2, "page_num": 3}, []),
        ({"page_size": -1}, ["a", "b", "c"]),
    ],
)
async def test_mgt_6_1_filters_and_pages(network, bank, operator, contract_id, offering, members, codes):
    offering(
        described("a", "maker", category="LOADER"),
        described("b", "one", category="LOADER"),
        described("c", "two", category="FEATURE_ENGINEERING"),
    )
    page = await bank.call(operator, standard.COMPONENT_LIST, contract_id=contract_id, **members)
    assert [record.code for record in page.records] == codes
    paged = {"page_size", "page_num"} & members.keys()
    assert page.total == (3 if paged else len(codes))


async def test_mgt_6_component_identity_code_and_version_name_one(network, bank, operator, contract_id, offering):
    offering(described("psi", "one"), described("psi", "two"), described("psi", "one", "2.0.0"))
    page = await bank.ask(api.COMPONENT_DISCOVER, node_id="operator")
    keys = [(record.code, record.version) for record in page.records]
    assert sorted(keys) == [("one.psi", "1.0.0"), ("psi", "2.0.0"), ("two.psi", "1.0.0")]
    detail = await bank.ask(api.COMPONENT_SHOW, node_id="operator", code="two.psi", version="1.0.0")
    assert (detail.developer, detail.name) == ("two", "psi")


@pytest.mark.parametrize("asked", [{"code": "psi", "version": "9.9.9"}, {"code": "no", "version": "1.0.0"}])
async def test_mgt_6_2_unknown_component(network, bank, operator, contract_id, asked):
    with pytest.raises(PeerRefused) as refusal:
        await bank.ask(api.COMPONENT_SHOW, node_id="operator", **asked)
    assert refusal.value.peer_code == NotFound.code


async def test_contract_of_others_shows_nothing(network, bank, operator, clearing, contract_id):
    other = await network.cooperate(operator, clearing)
    for endpoint, members in (
        (standard.COMPONENT_LIST, {}),
        (standard.COMPONENT_QUERY, {"code": "psi", "version": "1.0.0"}),
    ):
        with pytest.raises(PeerRefused, match="no such contract"):
            await bank.call(operator, endpoint, contract_id=other, **members)


def test_json_of_a_page_is_the_standards(network):
    page = standard.ComponentPage(
        records=[standard.ComponentSummary(code="psi", version="1.0.0", developer="interconn")], total=1
    )
    assert json.loads(json.dumps(page.to_wire())) == {
        "records": [{"code": "psi", "developer": "interconn", "version": "1.0.0"}],
        "total": 1,
    }
