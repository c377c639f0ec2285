"""Makes the first version of a component: it runs at once, and its author changes it from there."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Final

from interconn.standard.errors import ContentConflict, InvalidRequest
from interconn.standard.self_description import SelfDescription

_FILES: Final = {
    "component.py": "component.py",
    "self_description.json": "self_description.json",
    "README.md": "README.md",
    "guest.0.table.csv": "data/guest.0.table.csv",
    "host.0.table.csv": "data/host.0.table.csv",
}


def scaffold(name: str, provider: str, folder: Path, *, title: str = "") -> list[Path]:
    """Write a component into a folder, and return the files.

    Args:
        name: of the component.
        provider: who makes it.
        folder: made where absent.
        title: for people; the name by default.

    Raises:
        InvalidRequest: name, provider or title cannot be those of a component, or the folder cannot be written.
        ContentConflict: the folder holds something already.
    """
    words = {"@NAME@": name, "@PROVIDER@": provider, "@TITLE@": title or name}
    for what, text in words.items():
        if not text.isprintable() or '"' in text or "\\" in text:
            message = "it may hold neither quotes nor backslashes nor control characters"
            raise InvalidRequest(message, where=what.strip("@").lower())
    contents = {target: _filled(template, words) for template, target in _FILES.items()}
    SelfDescription.parse(contents["self_description.json"].encode())
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            hint = "Name a folder that is not there yet"
            raise ContentConflict("there is something already", where=str(folder), hint=hint)
        (folder / "data").mkdir(parents=True)
        for target, content in contents.items():
            (folder / target).write_text(content, encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"the folder cannot be written: {error.strerror}", where=str(folder)) from None
    return [folder / target for target in contents]


def _filled(template: str, words: dict[str, str]) -> str:
    text = resources.files("interconn.lab").joinpath(f"data/component/{template}.template").read_text(encoding="utf-8")
    for mark, word in words.items():
        text = text.replace(mark, json.dumps(word, ensure_ascii=False)[1:-1])
    return text
