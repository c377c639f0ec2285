"""Keys in a backup: opened by their passphrase alone, and only as they were sealed."""

from __future__ import annotations

import pytest

from interconn.identity.sealing import seal, unseal
from interconn.standard.errors import ConfigurationError

PASSPHRASE = "correct horse battery staple"
KEY = b"-----BEGIN PRIVATE KEY-----"


def test_what_was_sealed_is_opened_by_its_passphrase() -> None:
    sealed = seal(KEY, PASSPHRASE)
    assert KEY not in sealed
    assert unseal(sealed, PASSPHRASE) == KEY
    assert seal(KEY, PASSPHRASE) != sealed


def test_another_passphrase_or_a_changed_byte_opens_nothing() -> None:
    sealed = seal(KEY, PASSPHRASE)
    flipped = [sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :] for place in (40, len(sealed) - 1)]
    spoilt = [*flipped, sealed[:60], b"", sealed[5:]]
    for content, passphrase in [(sealed, f"{PASSPHRASE} "), *((one, PASSPHRASE) for one in spoilt)]:
        with pytest.raises(ConfigurationError, match="do not open"):
            unseal(content, passphrase)


def test_a_short_passphrase_is_none() -> None:
    with pytest.raises(ConfigurationError, match="fewer than 12"):
        seal(KEY, "short")
