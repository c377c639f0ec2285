"""Values as texts of an environment, and back (CMP-2-types, CMP-G3.2.2.2-values)."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from interconn.standard.errors import InvalidFlow


def to_environment_text(value: Any) -> str:
    """Return the text by which a JSON value travels in the environment (CMP-G3.2.2.2-values).

    Booleans are `True` and `False`, as the source's sample and example have them; objects and lists are JSON.

    Raises:
        InvalidFlow: the value is null or of no JSON type, or a number that JSON lacks.
    """
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidFlow("a text with a zero byte fits no environment", clause="CMP-G3.2.2.2-values")
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    raise InvalidFlow(f"a value of type {type(value).__name__} has no environment text", clause="CMP-G3.2.2.2-values")


def from_environment_text(text: str, type_word: str) -> Any:
    """Return the value an environment text stands for (CMP-2-types).

    Args:
        text: the variable's value.
        type_word: int, float, boolean, integer, number, object, or any other word, which means text.

    Raises:
        ValueError: the text is no value of the type; the message names the rule, not the text.
    """
    word = text.strip()
    if type_word == "boolean":
        if word.lower() not in ("true", "false"):
            raise ValueError("must be true or false")
        return word.lower() == "true"
    if type_word == "integer" and word.lower() in ("", "none", "null"):
        return None
    if type_word in ("int", "integer"):
        if not re.fullmatch(r"[+-]?[0-9]{1,1000}", word):
            raise ValueError("must be a whole number")
        return int(word)
    if type_word in ("float", "number"):
        if type_word == "number" and re.fullmatch(r"[+-]?[0-9]{1,1000}", word):
            return int(word)
        try:
            number = float(word)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError("must be a number")
        return number
    if type_word == "object":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("must be JSON") from None
    return text
