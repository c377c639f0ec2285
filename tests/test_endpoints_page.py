"""Each of the 32 calls of the management layer can be made and answered by a person, by every way there is."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import Any

import pytest

import interconn.api
from interconn.client import AsyncNodeClient, NodeAccess, NodeClient
from interconn.client.verb import Verb
from interconn.standard import management
from interconn.standard.openapi import document
from tests.cli.test_help import COMMANDS

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
maker = importlib.import_module("endpoints_page")

OWN = {
    row.name: row
    for module in pkgutil.iter_modules(interconn.api.__path__, "interconn.api.")
    for row in getattr(importlib.import_module(module.name), "ENDPOINTS", ())
}
STANDARD = {row.clause: row for row in reversed(management.ENDPOINTS)}  # the first row of a clause counts
PARTNER = document("partner", "0", management.ENDPOINTS)
ADMIN = document("admin", "0", OWN.values(), bearer=True)


def test_mgt_1_scope_there_are_32_and_each_is_in_the_table() -> None:
    assert len(maker.COUNTERPARTS) == 32
    assert set(maker.COUNTERPARTS) == {clause for clause in STANDARD if clause.count("-") == 1 and "." in clause}


@pytest.mark.parametrize("clause", maker.COUNTERPARTS)
def test_a_call_has_a_row_a_command_a_verb_and_a_place_in_both_documents(clause: str) -> None:
    row, by = STANDARD[clause], maker.COUNTERPARTS[clause]
    assert PARTNER["paths"][row.path][row.method.lower()]["x-interconn-clause"] == clause
    for name in by.own:
        assert OWN[name].method.lower() in ADMIN["paths"][OWN[name].path]
    for command in by.commands:
        assert tuple(command.split()) in COMMANDS
    access = NodeAccess("http://127.0.0.1:1", "token")
    clients: tuple[Any, ...] = (NodeClient(access), AsyncNodeClient(access))
    for client in clients:
        for verb in by.verbs:
            noun, _, name = verb.partition(".")
            assert isinstance(vars(type(getattr(client, noun)))[name], Verb)
    clients[0].close()


def test_the_page_of_the_calls_is_fresh() -> None:
    assert maker.PAGE.read_text() == maker.page(), "run .venv/bin/python tools/endpoints_page.py"
