"""Components are found by name, provider and version; who asks for another is told what there is."""

from pathlib import Path

import pytest

from interconn.components.registry import Registry
from interconn.standard.errors import ConfigurationError, InvalidFlow
from interconn.standard.self_description import SelfDescription


def described(name: str = "psi", provider: str = "interconn", version: str = "1.0.0") -> SelfDescription:
    return SelfDescription.model_validate({
        "componentName": name, "title": name, "provider": provider, "version": version, "roleList": ["guest"],
        "storageEngine": ["file"], "inputParam": [], "inputData": [], "outputData": [], "result": [],
    })  # fmt: skip


def test_the_shipped_components_are_found_without_importing_them(repository: Path) -> None:
    registry = Registry.shipped()
    files = list((repository / "src/interconn/algorithms").glob("*/self_description.json"))
    assert len(registry.all) == len(files) > 0
    for description in registry.all:
        assert registry.find(description.component_name, description.provider, description.version) is description
        assert description.findings() == ()


@pytest.mark.parametrize(("key", "words"), [
    (("psy", "interconn", "1.0.0"), ["component psy is not known here; known are psi, sum"]),
    (("psi", "other", "1.0.0"), ["psi is known here from interconn 1.0.0, interconn 2.0.0, not from other 1.0.0"]),
    (("psi", "interconn", "3"), ["not from interconn 3"]),
])  # fmt: skip
def test_who_asks_for_another_is_told_what_there_is(key: tuple[str, str, str], words: list[str]) -> None:
    registry = Registry([described(), described(version="2.0.0"), described("sum")])
    with pytest.raises(InvalidFlow) as caught:
        registry.find(*key)
    for word in words:
        assert word in str(caught.value)


def test_one_component_described_twice() -> None:
    with pytest.raises(ConfigurationError, match="twice"):
        Registry([described(), described()])
