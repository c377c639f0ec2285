"""Configuration: a file, overridden by the environment, nothing misspelt."""

from __future__ import annotations

from pathlib import Path

import pytest

from interconn.node import settings
from interconn.standard.errors import ConfigurationError

MINIMAL = """
[node]
node_id = "bank"
inst_id = "bank-institution"
institution = "Example Bank"
name = "Bank"
"""


def _home(tmp_path: Path, text: str) -> Path:
    (tmp_path / settings.FILE_NAME).write_text(text)
    return tmp_path


def test_the_partner_port_is_the_standards_by_default(tmp_path: Path) -> None:
    """TRN-G5.1.1.1-port."""
    assert settings.load(_home(tmp_path, MINIMAL)).partner.port == 7304


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("INTERCONN_PARTNER__PORT", "7999", lambda s: s.partner.port == 7999),
        ("INTERCONN_PARTNER__TLS", "false", lambda s: s.partner.tls is False),
        ("INTERCONN_ADMIN__HOST", "127.0.0.2", lambda s: s.admin.host == "127.0.0.2"),
        ("INTERCONN_NODE__NAME", "Other", lambda s: s.node.name == "Other"),
        ("INTERCONN_SECURITY__CLOCK_WINDOW_SECONDS", "60", lambda s: s.security.clock_window_seconds == 60),
        ("INTERCONN_CONTROL__PATIENCE_SECONDS", "5", lambda s: s.control.patience_seconds == 5),
        ("INTERCONN_TRANSPORT__SESSION_BYTES", "4096", lambda s: s.transport.session_bytes == 4096),
        ("INTERCONN_STATE__DATABASE", "sqlite:///x.db", lambda s: s.state.database == "sqlite:///x.db"),
        ("INTERCONN_LOG__LEVEL", "debug", lambda s: s.log.level == "debug"),
    ],
)
def test_the_environment_outranks_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, read: object
) -> None:
    monkeypatch.setenv(variable, value)
    assert callable(read)
    assert read(settings.load(_home(tmp_path, MINIMAL + "\n[partner]\nport = 7000\n")))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("misspelt member", MINIMAL + "[partner]\nprot = 1\n", "partner.prot"),
        ("misspelt table", MINIMAL + "[partnr]\nport = 1\n", "partnr"),
        ("port out of range", MINIMAL + "[partner]\nport = 70000\n", "partner.port"),
        ("address with a path", MINIMAL + '[partner]\naddress = "https://x/y"\n', "partner.address"),
        ("node id with a space", MINIMAL.replace('"bank"', '"ba nk"'), "node.node_id"),
        ("two listeners on one port", MINIMAL + "[admin]\nport = 7304\n", "admin.port: the listener has port 7304"),
        ("no node", "[partner]\nport = 1\n", "node"),
        ("no toml", "this is no toml", "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_and_the_member_named(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.load(_home(tmp_path, text))
    assert words in str(caught.value), name


@pytest.mark.parametrize(
    ("variable", "named"),
    [("INTERCONN_PARTNR__PORT", "no table partnr"), ("INTERCONN_PARTNER__PROT", "partner.prot")],
    ids=["table", "member"],
)
def test_a_misspelt_variable_of_the_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, named: str
) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ConfigurationError, match=named):
        settings.load(_home(tmp_path, MINIMAL))


def test_a_home_without_a_node_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="interconn node init"):
        settings.load(tmp_path)
