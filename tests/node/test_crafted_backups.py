"""Backups that somebody else made, or changed: a node is made of its own only, and nothing lands outside its home."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interconn.identity.keys import Signer, generate, signer_of
from interconn.node import archive
from interconn.node.archive import MANIFEST, SIGNATURE, sign
from interconn.node.backup import back_up
from interconn.node.restore import restore
from interconn.node.settings import InitialSettings, NodeSection
from interconn.node.setup import Home, initialise
from interconn.standard.errors import ConfigurationError
from interconn.standard.management import AuthType

NODE = NodeSection(node_id="bank", inst_id="bank-institution", institution="Example Bank", name="Bank")
PASSPHRASE = "correct horse battery staple"
Change = Callable[["Crafted"], object]


class Crafted:
    """A backup taken apart, to be put together in another way."""

    def __init__(self, home: Home, backup: Path) -> None:
        self.home, self.backup = home, backup
        with tarfile.open(backup) as opened:
            self.members = [(member, opened.extractfile(member).read()) for member in opened]  # type: ignore[union-attr]

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(json.loads(self.get(MANIFEST)))

    def get(self, name: str) -> bytes:
        return next(content for member, content in self.members if member.name == name)

    def remove(self, name: str) -> None:
        self.members = [(member, content) for member, content in self.members if member.name != name]

    def add(self, name: str, content: bytes = b"x", **attributes: Any) -> tarfile.TarInfo:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        for attribute, value in attributes.items():
            setattr(member, attribute, value)
        self.members.append((member, content))
        return member

    def replace(self, name: str, content: bytes) -> None:
        self.remove(name)
        self.add(name, content)

    def say(self, **members: Any) -> None:
        """Have the manifest say something else, under the node's own signature: the node itself was made to lie."""
        self.replace(MANIFEST, json.dumps({**self.manifest, **members}).encode())
        self.sign(self.home.key_store().load())

    def name(self, name: str, content: bytes = b"x") -> None:
        """Have the manifest name a file as it should be, under the node's own signature."""
        said = self.manifest
        digest = hashlib.sha256(content).hexdigest()
        self.say(files={**said["files"], name: digest}, sizes={**said["sizes"], name: len(content)})

    def sign(self, signer: Any) -> None:
        self.replace(SIGNATURE, sign(signer, self.get(MANIFEST)))

    def write(self) -> None:
        with tarfile.open(self.backup, "w:gz") as made:
            for member, content in self.members:
                made.addfile(member, io.BytesIO(content) if member.isreg() else None)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """A node, and its backup with the keys sealed."""
    folder = tmp_path_factory.mktemp("made")
    home = Home(folder / "node")
    initialise(InitialSettings(home=home.root, node=NODE))
    (home.storage / "data_0").write_text("id\n1\n")
    (home.root / "policy.toml").write_text("# a policy\n")
    back_up(home.root, folder / "backup", passphrase=PASSPHRASE)
    return home, folder / "backup"


@pytest.fixture
def crafted(made: tuple[Home, Path], tmp_path: Path) -> Crafted:
    home, backup = made
    return Crafted(home, Path(shutil.copy(backup, tmp_path / "backup")))


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with keys of later."""
    home = Home(tmp_path_factory.mktemp("present") / "node")
    initialise(InitialSettings(home=home.root, node=NODE, auth_type=AuthType.CERT))
    return home


def refused(crafted: Crafted, told: str) -> None:
    """It is refused; nothing is left of it, in its place or anywhere else."""
    crafted.write()
    folder = crafted.backup.parent
    with pytest.raises(ConfigurationError, match=told):
        restore(crafted.backup, folder / "new", keys_from=crafted.home.root)
    assert list(folder.rglob("*")) == [crafted.backup]


def test_sealed_keys_prove_a_backup_as_well(crafted: Crafted) -> None:
    crafted.replace(MANIFEST, json.dumps({**crafted.manifest, "node_id": "x"}).encode())
    crafted.write()
    with pytest.raises(ConfigurationError, match="not signed"):
        restore(crafted.backup, crafted.backup.parent / "new", passphrase=PASSPHRASE)


def test_a_backup_is_restored_as_it_was_made(crafted: Crafted, tmp_path: Path) -> None:
    crafted.write()
    restore(crafted.backup, tmp_path / "new", passphrase=PASSPHRASE)
    assert (tmp_path / "new" / "policy.toml").read_text() == "# a policy\n"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda made: made.replace("tables/outbox.jsonl", b"[]\n"), "outbox.jsonl was changed"),
        (lambda made: made.replace("home/policy.toml", b"# no policy"), "policy.toml was changed"),
        (lambda made: made.remove("home/policy.toml"), "policy.toml was changed"),
        (lambda made: made.add("home/tls/trusted/mallory.pem"), "mallory.pem was changed, added"),
        (lambda made: made.remove(MANIFEST), "no backup"),
        (lambda made: made.replace(MANIFEST, b"{}"), "no backup"),
        (lambda made: made.replace(MANIFEST, b'{"format": ' + b"[" * 100_000), "no backup"),
        (lambda made: made.replace(MANIFEST, json.dumps({**made.manifest, "node_id": "x"}).encode()), "not signed"),
        (lambda made: made.remove(SIGNATURE), "not signed"),
        (lambda made: made.replace(SIGNATURE, b"[]"), "not signed"),
        (lambda made: made.replace(SIGNATURE, b"\xff"), "not signed"),
        (lambda made: made.sign(mallory()), "not among the node's keys"),
        (lambda made: made.say(format=1), "format 1"),
        (lambda made: made.say(schema="9999"), "no schema 9999"),
        (lambda made: made.say(rows={}), "fewer or more rows"),
        (lambda made: made.say(files={}), "was changed, added"),
        (lambda made: made.say(sizes={}), "was changed, added"),
        (lambda made: made.name("home/never-there"), "never-there was changed, added or removed"),
    ],
    ids=[
        "a table changed", "a file changed", "a file removed", "a file added", "no manifest", "an empty manifest",
        "a deep manifest", "a manifest changed after it was signed", "no signature", "a signature that is a list",
        "a signature that is no text", "somebody else's signature", "an unsigned format", "a schema of tomorrow",
        "other counts", "no digests", "no sizes", "a file that is named and not there",
    ],
)  # fmt: skip
def test_a_backup_that_is_not_as_it_was_made_is_refused(crafted: Crafted, change: Change, told: str) -> None:
    change(crafted)
    refused(crafted, told)


def mallory() -> Signer:
    return signer_of(generate(AuthType.SHA256_ECDSA), AuthType.SHA256_ECDSA)


def named_and_added(name: str) -> Change:
    """What a manifest names is refused all the same, where its name is none for a backup."""

    def change(made: Crafted) -> None:
        made.name(name)
        made.add(name)

    return change


@pytest.mark.parametrize(
    "name",
    [
        "../escaped", "home/../../escaped", "home/./escaped", "home//escaped", "/tmp/escaped", "//escaped", "home/..",
        "escaped", "opened/keys/signing_key.pem", "home",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(crafted: Crafted, name: str) -> None:
    named_and_added(name)(crafted)
    refused(crafted, "leads elsewhere|nothing that a backup holds|cannot be read")


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "keys"),
        (tarfile.LNKTYPE, "home/node.toml"),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
        (tarfile.DIRTYPE, ""),
        (tarfile.CONTTYPE, ""),
        (tarfile.GNUTYPE_SPARSE, ""),
    ],
    ids=[
        "a symbolic link outside", "a symbolic link inside", "a hard link inside", "a hard link outside",
        "a character device", "a block device", "a pipe", "a folder", "a contiguous file", "a sparse file",
    ],
)  # fmt: skip
def test_what_is_no_plain_file_is_refused(crafted: Crafted, kind: bytes, target: str) -> None:
    crafted.name("home/innocent", b"")
    crafted.add("home/innocent", b"", type=kind, linkname=target)
    refused(crafted, "is no plain file|cannot be read")


def test_a_link_and_a_file_behind_it_are_refused(crafted: Crafted) -> None:
    crafted.name("home/door/escaped")
    crafted.members.insert(0, (linked("home/door", ".."), b""))
    crafted.add("home/door/escaped")
    refused(crafted, "home/door is no plain file")


def linked(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


@pytest.mark.parametrize("name", ["home/policy.toml", MANIFEST, SIGNATURE])
def test_a_name_that_is_there_twice_is_refused(crafted: Crafted, name: str) -> None:
    crafted.add(name, crafted.get(name))
    refused(crafted, "is there twice")


def test_a_file_that_is_larger_than_the_manifest_says_is_refused_before_it_is_written(crafted: Crafted) -> None:
    crafted.replace("home/policy.toml", b"#" * 10_000_000)
    refused(crafted, "policy.toml was changed")


def test_a_manifest_that_is_a_bomb_is_not_read(crafted: Crafted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_MANIFEST", 1_000_000)
    crafted.replace(MANIFEST, b" " * 1_000_001)
    refused(crafted, "manifest.json is larger than it can be")


def test_files_without_number_are_not_gone_through(crafted: Crafted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", len(crafted.members) + 5)
    for number in range(10):
        crafted.add(f"home/{number}", b"")
    refused(crafted, "more files than a node has")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME], ids=["pax", "gnu"])
def test_a_name_that_is_a_bomb_is_not_read(crafted: Crafted, kind: bytes) -> None:
    crafted.write()
    head = tarfile.TarInfo("name")
    head.type, head.size = kind, 1 << 30
    with gzip.open(crafted.backup, "wb") as file:
        file.write(head.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(1 << 20))
    with pytest.raises(ConfigurationError, match="longer than any can be"):
        restore(crafted.backup, crafted.backup.parent / "new", keys_from=crafted.home.root)


def test_a_file_that_is_cut_in_its_middle_is_refused(crafted: Crafted) -> None:
    crafted.write()
    with gzip.open(crafted.backup) as file:
        whole = file.read()
    with gzip.open(crafted.backup, "wb") as file:
        file.write(whole[: len(whole) // 2])
    with pytest.raises(ConfigurationError):
        restore(crafted.backup, crafted.backup.parent / "new", keys_from=crafted.home.root)


def test_a_backup_older_than_the_nodes_keys_is_restored_by_who_knows_the_former_one(
    crafted: Crafted, present: Home, tmp_path: Path
) -> None:
    former = crafted.home.key_store().load().credential.fingerprint
    crafted.write()
    for wrong in ("", "ab" * 32):
        with pytest.raises(ConfigurationError, match="not among the node's keys") as caught:
            restore(crafted.backup, tmp_path / "new", keys_from=present.root, signed_by=wrong)
        assert "--signed-by" in str(caught.value.hint)
    restore(crafted.backup, tmp_path / "new", keys_from=present.root, signed_by=former)
    assert Home(tmp_path / "new").key_store().load().credential == present.key_store().load().credential


def test_a_key_that_calls_itself_the_former_one_is_refused(crafted: Crafted, present: Home, tmp_path: Path) -> None:
    former = crafted.home.key_store().load().credential.fingerprint
    crafted.sign(mallory())
    crafted.replace(SIGNATURE, json.dumps({**json.loads(crafted.get(SIGNATURE)), "fingerprint": former}).encode())
    crafted.write()
    with pytest.raises(ConfigurationError, match="not signed"):
        restore(crafted.backup, tmp_path / "new", keys_from=present.root, signed_by=former)


def test_the_key_of_a_nodes_own_authority_is_a_key_and_goes_with_the_keys(present: Home, tmp_path: Path) -> None:
    home = present
    key = home.own_authority.with_suffix(".key")
    back_up(home.root, tmp_path / "backup", passphrase=PASSPHRASE)
    with tarfile.open(tmp_path / "backup") as opened:
        held = b"".join(opened.extractfile(member).read() for member in opened)  # type: ignore[union-attr]
    assert key.read_bytes() not in held
    restore(tmp_path / "backup", tmp_path / "new", passphrase=PASSPHRASE)
    assert Home(tmp_path / "new").own_authority.with_suffix(".key").read_bytes() == key.read_bytes()
