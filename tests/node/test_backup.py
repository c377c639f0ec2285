"""Backup and restore of a home: whole or not at all, nothing secret in it unasked, and a restored node says so."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from interconn.identity import sealing
from interconn.identity.nonces import NonceStore
from interconn.node import restored, settings
from interconn.node.backup import back_up
from interconn.node.migration import migrate, standing
from interconn.node.restore import restore
from interconn.node.running import only_one
from interconn.node.settings import InitialSettings, NodeSection
from interconn.node.setup import Home, initialise
from interconn.standard.errors import ConfigurationError, StaleClock
from interconn.state import schema
from interconn.state.database import Database
from interconn.trail.entries import AuditEntry, verify
from tests.state.test_database import message
from tests.trail.test_entries import entry

NODE = NodeSection(node_id="bank", inst_id="bank-institution", institution="Example Bank", name="Bank")
PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new node's home, to copy."""
    root = tmp_path_factory.mktemp("initialised") / "node"
    initialise(InitialSettings(home=root, node=NODE))
    return root


@pytest.fixture(autouse=True)
def cheap_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second and 128 MiB make guessing dear, which is what tests/identity/test_sealing.py sees."""
    monkeypatch.setattr(sealing, "_COST", 2**10)


@pytest.fixture
def home(tmp_path: Path, migrated_database: str, kind_of_database: str, initialised: Path) -> Iterator[Home]:
    """A node with a decision, a waiting message and a data set, on each kind of database."""
    made = Home(shutil.copytree(initialised, tmp_path / "node"))
    if kind_of_database == "postgresql":
        (made.root / "database.url").write_text(migrated_database)
        (made.root / "database.url").chmod(0o600)
        with made.configuration.open("a") as file:
            file.write('\n[state]\ndatabase_file = "database.url"\n')
    (made.storage / "data_0").write_text("id\n1\n")
    (made.root / "policy.toml").write_text("# a policy\n")
    made.nonces.write_bytes(b"nonces")
    (made.journal / "1").write_bytes(b"under way")
    return made


async def decide(home: Home) -> None:
    database = Database(home.database_url(settings.load(home.root).state))

    def work(session) -> None:  # type: ignore[no-untyped-def]
        entry(session, 1)
        message(session)

    await database.write(work)
    database.close()


def names(backup: Path) -> set[str]:
    with tarfile.open(backup) as archive:
        return set(archive.getnames())


async def test_a_node_is_made_again_elsewhere(home: Home, tmp_path: Path) -> None:
    await decide(home)
    made = back_up(home.root, tmp_path / "backup", passphrase=PASSPHRASE)
    assert (made.node_id, made.schema, made.rows["outbox"], made.rows["audit_trail"]) == ("bank", schema.HEAD, 1, 1)
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600
    restore(tmp_path / "backup", tmp_path / "new", passphrase=PASSPHRASE, database="sqlite")
    new = Home(tmp_path / "new")
    assert settings.load(new.root).node == NODE
    assert new.key_store().load().credential == home.key_store().load().credential
    for path in ("tls/node.pem", "tls/node.key", "storage/data_0", "policy.toml", "state/journal/1"):
        assert (new.root / path).read_bytes() == (home.root / path).read_bytes()
    for secret in (new.admin_token, new.root / "tls/node.key", new.keys / "signing_key.pem"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert new.admin_token.read_text() != home.admin_token.read_text()
    assert not new.nonces.exists()
    assert not leftovers(tmp_path)


def leftovers(folder: Path) -> list[Path]:
    return [*folder.glob(".*"), *folder.glob("*.partial")]


async def test_what_a_backup_leaves_out(home: Home, tmp_path: Path) -> None:
    await decide(home)
    back_up(home.root, tmp_path / "backup", data=False)
    held = b"".join(contents(tmp_path / "backup").values())
    assert not {name for name in names(tmp_path / "backup") if "nonces" in name or "keys" in name or "storage" in name}
    for secret in (home.admin_token, home.root / "tls/node.key", home.keys / "signing_key.pem"):
        assert secret.read_bytes() not in held
    assert b"postgresql://" not in held


def contents(backup: Path) -> dict[str, bytes]:
    with tarfile.open(backup) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


async def test_the_keys_may_come_from_another_home(home: Home, tmp_path: Path) -> None:
    back_up(home.root, tmp_path / "backup")
    with pytest.raises(ConfigurationError, match="keys are missing"):
        restore(tmp_path / "backup", tmp_path / "new", database="sqlite")
    assert not (tmp_path / "new").exists()
    restore(tmp_path / "backup", tmp_path / "new", keys_from=home.root, database="sqlite")
    assert Home(tmp_path / "new").key_store().load().credential == home.key_store().load().credential


@pytest.mark.parametrize("kind_of_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("content", [b"", b"no backup", None], ids=["empty", "something else", "cut off"])
async def test_a_file_that_is_no_whole_backup_is_refused(home: Home, tmp_path: Path, content: bytes | None) -> None:
    back_up(home.root, tmp_path / "backup")
    (tmp_path / "backup").write_bytes((tmp_path / "backup").read_bytes()[:-200] if content is None else content)
    with pytest.raises(ConfigurationError):
        restore(tmp_path / "backup", tmp_path / "new", keys_from=home.root)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kind_of_database", ["sqlite"], indirect=True)
async def test_nothing_is_overwritten(home: Home, tmp_path: Path) -> None:
    back_up(home.root, tmp_path / "backup", passphrase=PASSPHRASE)
    with pytest.raises(ConfigurationError, match="exists already"):
        back_up(home.root, tmp_path / "backup")
    with pytest.raises(ConfigurationError, match="not empty"):
        restore(tmp_path / "backup", home.root, passphrase=PASSPHRASE)
    with pytest.raises(ConfigurationError, match="do not open"):
        restore(tmp_path / "backup", tmp_path / "new", passphrase=f"not {PASSPHRASE}")
    with pytest.raises(ConfigurationError, match="password does not belong"):
        restore(tmp_path / "backup", tmp_path / "new", passphrase=PASSPHRASE, database="postgresql://a:b@c/d")


async def test_a_restored_node_says_so_and_refuses_what_was_sent_before(home: Home, tmp_path: Path) -> None:
    await decide(home)
    back_up(home.root, tmp_path / "backup", passphrase=PASSPHRASE)
    made = restore(tmp_path / "backup", tmp_path / "new", passphrase=PASSPHRASE, database="sqlite")
    new = Home(tmp_path / "new")
    assert restored.notice(new) == made
    assert restored.notice(home) is None
    assert "interconn state diff" in restored.warning(made)
    database = Database(new.database_url(settings.load(new.root).state))
    for _ in range(2):  # also of a node that is killed at its first start
        await database.write(lambda session: restored.tell(session, made, made.restored_at + 1))
    entries = await database.read(lambda session: list(session.scalars(select(AuditEntry).order_by(AuditEntry.number))))
    assert verify(entries) == 2
    assert (entries[-1].action, entries[-1].details["messages_sent_again"]) == ("node.restored", 1)
    assert entries[-1].details["backup_made_at"] == made.made_at
    database.close()
    begun = made.restored_at + 1000
    for start in (begun, begun + 5000):
        nonces = NonceStore(new.nonces, now=start, restored=True)
        with pytest.raises(StaleClock):
            nonces.accept("operator", "nonce-seen-before", begun - 1, start)
        nonces.close()


@pytest.mark.parametrize("kind_of_database", ["sqlite"], indirect=True)
async def test_the_schema_is_moved_only_while_the_node_does_not_run(home: Home) -> None:
    assert standing(home.root) == (schema.HEAD, schema.HEAD)
    with only_one(home), pytest.raises(ConfigurationError, match="running already"):
        migrate(home.root, "0001")
    assert migrate(home.root, "0001") == "0001"
    assert standing(home.root) == ("0001", schema.HEAD)
    migrate(home.root, schema.HEAD)
    assert standing(home.root)[0] == schema.HEAD


async def test_a_backup_of_an_earlier_schema_is_restored_and_upgraded(home: Home, tmp_path: Path) -> None:
    url = home.database_url(settings.load(home.root).state)
    migrate(home.root, "0001")
    assert back_up(home.root, tmp_path / "backup").schema == "0001"
    restore(tmp_path / "backup", tmp_path / "new", keys_from=home.root, database="sqlite")
    assert standing(tmp_path / "new") == ("0001", schema.HEAD)
    assert schema.current(url) == "0001"
    migrate(tmp_path / "new", schema.HEAD)
    connection = sqlite3.connect(Home(tmp_path / "new").database)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    shutil.rmtree(tmp_path / "new")
