"""Every word that a person reads from the command line passes through here, ready for translation."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path


def say(text: str, **values: object) -> str:
    """Return a text in the person's language, with `{name}` replaced by the values given."""
    translated = _catalogue().gettext(text)
    return translated.format(**values) if values else translated


@cache
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation("interconn", Path(__file__).parent / "locale", fallback=True)
