"""The self-description of a component (CMP-2, CTL-6.1 to CTL-6.5), and the check of parameters against it.

The source's own example is no strict JSON and contradicts the tables, so reading is lenient where resolution 21
says so, and writing is strict: `optional` goes out as a boolean, `groupTag` and `dependsOn` as lists.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from interconn.standard.environment_text import from_environment_text, to_environment_text
from interconn.standard.errors import InvalidFlow
from interconn.standard.patterns import pattern
from interconn.standard.wire import parse_json, validate

ROLES: Final = ("guest", "host", "arbiter")
INPUT_CATEGORIES: Final = ("model", "dataset", "training_set", "test_set", "datasets")
OUTPUT_CATEGORIES: Final = ("model", "dataset", "training_set", "test_set", "report", "metric")
TYPE_WORDS: Final = ("string", "int", "float", "boolean", "integer", "number", "object")

MAXIMUM_CHECKED_TEXT: Final = 4096
"""Longest text a validator's expression is tried on, characters; a bound on what a bad expression can cost."""


def _boolean_or_word(value: Any) -> Any:
    words = {"true": True, "false": False}
    return words.get(value.strip().lower(), value) if isinstance(value, str) else value


def _list_or_text(value: Any) -> Any:
    if isinstance(value, str):
        return [value] if value else []
    return [] if value is None else value


def _text_or_scalar(value: Any) -> Any:
    """Defaults are text (CTL-6.5); numbers and booleans written bare by others are taken too."""
    if isinstance(value, bool | int | float | list | dict):
        return to_environment_text(value)
    return value


VariableName = Annotated[
    str,
    Field(pattern=pattern(r"^[A-Za-z0-9_.\-]{1,128}$", 'such a name is of 1 to 128 letters, digits, "_", "." and "-"')),
]
"""A name that becomes the end of an environment variable's name (CMP-3.4.2 to CMP-3.4.4)."""

_Flag = Annotated[bool, BeforeValidator(_boolean_or_word)]
_Texts = Annotated[tuple[str, ...], BeforeValidator(_list_or_text)]


class _Part(BaseModel):
    # Members we do not know survive registration unchanged, as makers add their own.
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True, str_max_length=100_000
    )


class Choice(_Part):
    """One entry of a static bindingData list (CMP-2-binding)."""

    label: Annotated[str, BeforeValidator(_text_or_scalar)]
    value: Any = None


class InputParameter(_Part):
    """A hyperparameter (CMP-2-inputParam, CTL-6.5)."""

    name: VariableName
    title: str
    description: str = ""
    type: str
    binding_data: tuple[Choice, ...] | str | None = None
    optional: _Flag = True
    default_value: Annotated[str | None, BeforeValidator(_text_or_scalar)] = None
    validator: str | None = None
    depends_on: _Texts = ()
    ui_pattern: str | None = Field(default=None, alias="UIPattern")
    group_tag: _Texts = ()
    ui_type: str | None = Field(default=None, alias="UIType")

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values of a static list; empty when anything goes or the list is fetched by a call."""
        if not isinstance(self.binding_data, tuple):
            return ()
        return tuple(choice.value for choice in self.binding_data if choice.value is not None)

    def read(self, text: str) -> Any:
        """Return the value an environment text stands for, by this parameter's type word (CMP-2-types).

        Raises:
            InvalidFlow: the text is no value of the type.
        """
        if text in {to_environment_text(choice) for choice in self.choices}:
            # The source lists the text "all" among the choices of an integer (CMP-2-binding).
            try:
                return from_environment_text(text, self.type)
            except ValueError:
                return text
        try:
            return from_environment_text(text, self.type)
        except ValueError as error:
            raise self._fault(str(error), "CMP-2-types") from None

    def check(self, value: Any) -> None:
        """Check a JSON value given in a job.

        The maker's own default and listed choices always pass: the source's example has a default outside of
        its own bounds (CMP-2-validator).

        Raises:
            InvalidFlow: names the parameter and the rule broken, never the value.
        """
        if value is None:
            if self.type == "integer" or self.optional:
                return
            raise self._fault("must be given", "CMP-2-inputParam")
        text = to_environment_text(value)
        chosen = value if isinstance(value, list) else [value]
        choices = {to_environment_text(choice) for choice in self.choices}
        if choices:
            if all(to_environment_text(one) in choices for one in chosen):
                return
            raise self._fault(f"must be one of {', '.join(sorted(choices))}", "CMP-2-binding")
        try:
            parsed = from_environment_text(text, self.type)
        except ValueError as error:
            raise self._fault(str(error), "CMP-2-types") from None
        if text == self.default_value or not self.validator:
            return
        self._check_validator(parsed, text)

    def conditions(self, names: Collection[str]) -> list[tuple[str, str | None]]:
        """Return of what this parameter depends: parameters, each with the text it has to have, None for any.

        Entries are `<parameter>.<value>`, and in the source's example the bare name of a parameter; several are
        alternatives (CMP-2-dependsOn). What names no parameter of the component is no condition.

        Args:
            names: of all parameters of the component.
        """
        found: list[tuple[str, str | None]] = []
        for entry in self.depends_on:
            # Names may hold dots: the longest that fits is meant.
            fitting = [name for name in names if entry == name or entry.startswith(f"{name}.")]
            if fitting:
                name = max(fitting, key=len)
                found.append((name, entry[len(name) + 1 :] or None))
        return found

    def _check_validator(self, value: Any, text: str) -> None:
        rule = read_validator(self.validator or "")
        if isinstance(rule, Bounds):
            number = value if isinstance(value, int | float) else math.nan
            if not rule.lowest <= number <= rule.highest:
                raise self._fault(f"must be a number within {self.validator}", "CMP-2-validator")
        elif rule is not None and (len(text) > MAXIMUM_CHECKED_TEXT or not rule.fullmatch(text)):
            raise self._fault(f"must match {rule.pattern}", "CMP-2-validator")

    def _fault(self, rule: str, clause: str) -> InvalidFlow:
        return InvalidFlow(rule, where=f"parameter {self.name}", clause=clause)


class InputData(_Part):
    """A data set the component reads (CMP-2-inputData, CTL-6.4)."""

    name: VariableName
    description: str = ""
    category: str
    data_format: _Texts = ()


class OutputData(_Part):
    """Something the component writes (CMP-2-outputData, CTL-6.3)."""

    name: VariableName
    description: str = ""
    category: str
    data_format: _Texts = ()


class Result(_Part):
    """A failure the component can report (CMP-2-result, CTL-6.2)."""

    result_code: str
    result_message: str


class SelfDescription(_Part):
    """What a component is and needs (CMP-2, CTL-6.1)."""

    component_name: VariableName
    title: str
    provider: str = Field(min_length=1)
    version: str = Field(min_length=1)
    description: str = ""
    role_list: Annotated[tuple[str, ...], BeforeValidator(_list_or_text)] = Field(min_length=1)
    des_version: str | None = None
    storage_engine: Annotated[tuple[str, ...], BeforeValidator(_list_or_text)] = Field(min_length=1)
    input_parameters: tuple[InputParameter, ...] = Field(
        alias="inputParam", validation_alias=AliasChoices("inputParam", "input_parameters")
    )
    input_data: tuple[InputData, ...]
    output_data: tuple[OutputData, ...]
    result: tuple[Result, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> SelfDescription:
        for kind, entries in (
            ("inputParam", self.input_parameters),
            ("inputData", self.input_data),
            ("outputData", self.output_data),
        ):
            names = [entry.name for entry in entries]
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(f"{kind} names {', '.join(repeated)} more than once")
        return self

    @classmethod
    def parse(cls, body: bytes) -> SelfDescription:
        """Read a self-description file.

        Raises:
            InvalidRequest: names every member at fault.
            MalformedBody: not JSON, too large or too deep.
        """
        return validate(cls, parse_json(body), clause="CMP-2")

    def to_json(self) -> dict[str, Any]:
        """Return the file's members, strictly as the tables have them; empty optional members are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def parameter(self, name: str) -> InputParameter | None:
        """Return the parameter of that name, or None."""
        return next((entry for entry in self.input_parameters if entry.name == name), None)

    def findings(self) -> tuple[str, ...]:
        """Return what a person should look at though it is no reason to refuse a registration."""
        found: list[str] = []
        for role in self.role_list:
            if role not in ROLES:
                found.append(f"roleList: {role} is not one of {', '.join(ROLES)}")
        for data in self.input_data:
            if data.category not in INPUT_CATEGORIES:
                found.append(f"inputData {data.name}: category {data.category} is not in CTL-6.4")
        for output in self.output_data:
            if output.category not in OUTPUT_CATEGORIES:
                found.append(f"outputData {output.name}: category {output.category} is not in CTL-6.3")
        for parameter in self.input_parameters:
            if parameter.type not in TYPE_WORDS:
                found.append(f"inputParam {parameter.name}: type {parameter.type} is not in CMP-2-types")
            if len(parameter.conditions([each.name for each in self.input_parameters])) < len(parameter.depends_on):
                found.append(f"inputParam {parameter.name}: dependsOn names what is no parameter (CMP-2-dependsOn)")
            if parameter.validator and read_validator(parameter.validator) is None:
                found.append(f"inputParam {parameter.name}: validator is neither bounds nor regular (CMP-2-validator)")
        return tuple(found)

    def check_parameters(self, values: Mapping[str, Any]) -> None:
        """Check the parameters of a job against this description.

        Names the description does not know are let through: peers pass their own beside ours (CMP-3.4.2).

        Raises:
            InvalidFlow: names the first parameter at fault and the rule it breaks.
        """
        for parameter in self.input_parameters:
            unmet = self._unmet(parameter, values)
            value = values.get(parameter.name)
            if value is not None and unmet and to_environment_text(value) != parameter.default_value:
                message = f"is given, though it counts only where {unmet}"
                raise InvalidFlow(message, where=f"parameter {parameter.name}", clause="CMP-2-dependsOn")
            if parameter.name in values:
                parameter.check(value)
            elif not parameter.optional and parameter.default_value is None and not unmet:
                raise InvalidFlow("must be given", where=f"parameter {parameter.name}", clause="CMP-2-inputParam")

    def _unmet(self, parameter: InputParameter, values: Mapping[str, Any]) -> str:
        """Return the condition of a parameter that does not hold, for a person; empty where it holds."""
        by_name = {each.name: each for each in self.input_parameters}
        conditions = parameter.conditions(by_name)
        for name, wanted in conditions:
            other = by_name[name]
            value = values.get(name, other.default_value)
            text = None if value is None else to_environment_text(value)
            if text is not None and (wanted is None or _alike(text, wanted, other.type)):
                return ""
        return " or ".join(f"{name} is {'given' if wanted is None else wanted}" for name, wanted in conditions)

    def read_parameters(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return typed values for environment texts: defaults filled in, each value checked.

        Parameters without a text and without a default are None; texts of unknown names stay text.

        Raises:
            InvalidFlow: names the first parameter at fault and the rule it breaks.
        """
        values: dict[str, Any] = dict(texts)
        for parameter in self.input_parameters:
            text = texts.get(parameter.name, parameter.default_value)
            if text is None:
                if not parameter.optional:
                    raise InvalidFlow("must be given", where=f"parameter {parameter.name}", clause="CMP-2-inputParam")
                values[parameter.name] = None
                continue
            value = parameter.read(text)
            if parameter.name in texts:
                parameter.check(value)
            values[parameter.name] = value
        return values


Identity = tuple[str, str, str]
"""Name, provider and version: together they name one component (CTL-6.7)."""


def identity(description: SelfDescription) -> Identity:
    """Return what names a component."""
    return description.component_name, description.provider, description.version


def _alike(text: str, wanted: str, type_word: str) -> bool:
    return text.lower() == wanted.lower() if type_word == "boolean" else text == wanted


class Bounds(BaseModel):
    """Numeric bounds, both inclusive; an absent one is infinite (CMP-2-validator leaves both open)."""

    model_config = ConfigDict(frozen=True)

    lowest: float
    highest: float


_BOUNDS = re.compile(r"[(\[]\s*([^,\s]*)\s*,\s*([^,\s]*)\s*[)\]]")
_REGULAR = re.compile(r"regular\s*[:\-]\s*(?P<quote>['\"]?)(?P<expression>.*)(?P=quote)", re.DOTALL)


def read_validator(text: str) -> Bounds | re.Pattern[str] | None:
    """Read a validator text (CMP-2-validator).

    Returns:
        Bounds for `(0,1000)`, an expression for `regular:'…'` (the source's example writes `regular-`), and
        None for what is neither: the clause is a hint, so nothing is refused over it.
    """
    regular = _REGULAR.fullmatch(text.strip())
    if regular:
        try:
            return re.compile(regular["expression"])
        except re.error:
            return None
    bounds = _BOUNDS.fullmatch(text.strip())
    if not bounds:
        return None
    try:
        return Bounds(lowest=float(bounds[1] or "-inf"), highest=float(bounds[2] or "inf"))
    except ValueError:
        return None
