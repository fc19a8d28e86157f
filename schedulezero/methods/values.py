"""Converts values from the wire to what a job function expects, with a message for each invalid one."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from schedulezero.errors import ParameterError
from schedulezero.interrupts import is_its_own
from schedulezero.methods.message_links import read_message_link
from schedulezero.methods.parameters import Kind, Parameter, kind_of
from schedulezero.methods.spec import META_KEY, MethodSpec
from schedulezero.methods.unusable import unusable_because
from schedulezero.said_values import said_span
from schedulezero.sentences import Sentence
from schedulezero.when.language.span_text import span_of

log = logging.getLogger(__name__)


class MissingKey(KeyError):
    """A function looked up a param that it doesn't have."""


class CheckedParams(dict[str, Any]):
    """Params as a function expects them: what is converted once isn't converted again.

    A validator of a sprocket's author may turn a value into one that it wouldn't take itself.
    """

    def __init__(self, values: Mapping[str, Any], parameters: tuple[Parameter, ...]) -> None:
        super().__init__(values)
        self.parameters = parameters

    def __missing__(self, key: str) -> Any:
        raise MissingKey(key)


def check_params(spec: MethodSpec, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the params as the function expects them: without our metadata, and with ids as integers.

    Ids arrive as integers or as strings of digits, because JavaScript clients can't represent a snowflake as
    a number; a sprocket can rely on integers. Undeclared keys pass unchanged. Raises ParameterError if a
    required parameter is missing or a value doesn't match its declared type. Params that it returned for the
    same parameters come back as they are.
    """
    if isinstance(params, CheckedParams) and params.parameters is spec.parameters:
        return params
    clean = {key: value for key, value in params.items() if key != META_KEY}
    for parameter in spec.parameters:
        value = clean.get(parameter.name)
        if value is None or (value == "" and parameter.kind not in (Kind.TEXT, Kind.LONG_TEXT)):
            if parameter.required:
                raise ParameterError(
                    parameter.name,
                    "{name} needs {name2!r}.",
                    code="parameter_missing",
                    name=spec.name,
                    name2=parameter.name,
                )
            clean.pop(parameter.name, None)
            continue
        clean[parameter.name] = _read(spec.name, parameter, value)
    return CheckedParams(clean, spec.parameters)


@dataclass(frozen=True, slots=True)
class ReadParams:
    """Params from the wire, converted as far as possible.

    Attributes:
        values: name → the value that the job function will get.
        errors: name → why the value can't be converted.
    """

    values: Mapping[str, Any]
    errors: Mapping[str, ParameterError]


def read_params(spec: MethodSpec, params: Mapping[str, Any]) -> ReadParams:
    """Convert params for a check, by the same rules as `check_params` uses for the function.

    Each value ends up in ``values`` or in ``errors``, so that a check never misses one. A missing or empty
    parameter is in neither. An undeclared one is read by its name (`kind_of`): a plain job function may use
    it as the id that its name suggests.
    """
    values: dict[str, Any] = {}
    errors: dict[str, ParameterError] = {}
    for name, value in params.items():
        parameter = spec.parameter(name)
        if name == META_KEY or value is None:
            continue
        if parameter is None:
            parameter = Parameter(name, kind_of(name, ""))
            if parameter.kind not in (*_ID_KINDS, *_ID_LIST_KINDS, Kind.MESSAGE):
                values[name] = value
                continue
            if value in ("", []):
                continue
        elif value == "" and parameter.kind not in (Kind.TEXT, Kind.LONG_TEXT):
            continue
        try:
            values[name] = _read(spec.name, parameter, value)
        except ParameterError as error:
            errors[name] = error
    return ReadParams(values, errors)


def errors_in(spec: MethodSpec, params: Mapping[str, Any]) -> dict[str, str]:
    """Return the problems of the declared params that are present: name → text to read after the name.

    Missing params are ignored.
    """
    return {
        name: error.values["wrong"]
        for name, error in read_params(spec, params).errors.items()
        if spec.parameter(name) is not None
    }


def _read(method: str, parameter: Parameter, value: Any) -> Any:
    value = _convert(method, parameter, value)
    if parameter.adapter is None:
        return value
    try:
        return parameter.adapter.validate_python(value)
    except ValidationError as error:
        raise _unusable(method, parameter.name, _wrong(error, parameter)) from error
    except BaseException as error:
        # A validator of the sprocket's author may raise anything.
        if not is_its_own(error):
            raise
        log.error("checking %r of %s failed", parameter.name, method, exc_info=error)
        raise _unusable(method, parameter.name, _failed_check(error, parameter)) from error


def _failed_check(error: BaseException, parameter: Parameter) -> Sentence:
    reason = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - its own methods may fail as well
        text = ""
    if text and not parameter.secret:  # it may quote the value
        reason += f": {text[:200].rstrip('.')}"
    return Sentence("can't be used{where}: {reason}.", "value_not_usable", where="", reason=reason)


def _unusable(method: str, name: str, wrong: Sentence) -> ParameterError:
    """Return the error for an invalid value.

    Parameters:
        method: the method's name.
        name: the parameter's name.
        wrong: how the value breaks the declaration, to read after the name.
    """
    return ParameterError(
        name,
        "{name!r} of {method} {wrong}",
        code="parameter_unusable",
        name=name,
        method=method,
        wrong=wrong,
    )


def _wrong(error: ValidationError, parameter: Parameter) -> Sentence:
    """Return how a value breaks its annotation, to read after its name."""
    first = error.errors(include_url=False, include_context=True)[0]
    said: dict[str, Any] = first.get("ctx", {})
    where = "".join(f" ({part})" for part in first["loc"] if not str(part).startswith("function"))
    match first["type"]:
        case "literal_error" | "enum":
            return _not_among(parameter, first["input"])
        case "greater_than_equal":
            return Sentence(
                "must be {least} or more, not {shown}.",
                "value_too_small",
                least=_said(said["ge"]),
                shown=_said(first["input"]),
            )
        case "less_than_equal":
            return Sentence(
                "must be {most} or less, not {shown}.",
                "value_too_large",
                most=_said(said["le"]),
                shown=_said(first["input"]),
            )
        case "string_too_long":
            return Sentence(
                "has {length} characters; the limit is {most}.",
                "value_too_long",
                length=len(str(first["input"])),
                most=said["max_length"],
            )
        case "too_long":
            return Sentence(
                "has {length} entries; the limit is {most}.",
                "value_of_too_many",
                length=said["actual_length"],
                most=said["max_length"],
            )
        case "too_short":
            return Sentence(
                "has too few entries ({length}); it needs at least {least}.",
                "value_of_too_few",
                length=said["actual_length"],
                least=said["min_length"],
            )
        case _:
            return Sentence(
                "can't be used{where}: {reason}.",
                "value_not_usable",
                where=where,
                reason=unusable_because(first),
            )


def _not_among(parameter: Parameter, value: Any) -> Sentence:
    return Sentence(
        "must be one of {choices}, not {shown!r}.",
        "value_not_among",
        choices=parameter.choices,
        shown=str(value)[:80],
    )


_ID_KINDS = (Kind.CHANNEL, Kind.ROLE, Kind.USER, Kind.GUILD)
_ID_LIST_KINDS = (Kind.CHANNELS, Kind.ROLES, Kind.USERS)
_LIST_KINDS = (Kind.LIST, Kind.EMBEDS, Kind.FILES, Kind.BUTTONS, Kind.LAYOUT)
_MAX_ID = 2**64 - 1


def _convert(method: str, parameter: Parameter, value: Any) -> Any:
    kind, name = parameter.kind, parameter.name
    # A value meant as an address may contain a secret.
    shown = type(value).__name__ if kind is Kind.URL else str(value)[:80]

    def wrong(expected: Sentence) -> ParameterError:
        said = Sentence(
            "must be {expected}, not {shown!r}.", "value_of_wrong_type", expected=expected, shown=shown
        )
        return _unusable(method, name, said)

    if kind in _ID_KINDS:
        identifier = as_id(value)
        if identifier is None:
            raise wrong(Sentence("an ID (a whole number)", "expected_id"))
        return identifier
    if kind in _ID_LIST_KINDS:
        items = cast("list[Any]", value) if isinstance(value, list) else None
        identifiers = [as_id(item) for item in items] if items else None
        if not identifiers or None in identifiers:
            raise wrong(Sentence("a list of IDs", "expected_ids"))
        return identifiers
    if kind is Kind.INTEGER:
        number = _as_integer(value)
        if number is None:
            raise wrong(Sentence("a whole number", "expected_integer"))
        return number
    if kind is Kind.NUMBER and not (isinstance(value, int | float) and not isinstance(value, bool)):
        raise wrong(Sentence("a number", "expected_number"))
    if kind is Kind.BOOLEAN and not isinstance(value, bool):
        raise wrong(Sentence("true or false", "expected_boolean"))
    if kind is Kind.MESSAGE and read_message_link(value) is None:
        raise wrong(
            Sentence("a message link such as https://discord.com/channels/1…/2…/3…", "expected_message")
        )
    if kind is Kind.DURATION:
        length = _as_duration(value)
        if length is None:
            raise wrong(Sentence("a duration such as `90 minutes` or `2h 30m`", "expected_duration"))
        return length
    if kind is Kind.DATE:
        day = _as_date(value)
        if day is None:
            raise wrong(Sentence("a date such as `2026-12-31`", "expected_day"))
        return day
    if kind is Kind.TIME:
        at = _as_time(value)
        if at is None:
            raise wrong(Sentence("a time of day such as `18:30`", "expected_time_of_day"))
        return at
    if kind is Kind.CHOICE and parameter.values:
        choice = parameter.choice_of(value)
        if choice not in parameter.choices:
            raise _unusable(method, name, _not_among(parameter, value))
        return parameter.values[parameter.choices.index(choice)]
    if kind in (Kind.TEXT, Kind.LONG_TEXT, Kind.URL, Kind.CHOICE) and not isinstance(value, str):
        raise wrong(Sentence("text", "expected_text"))
    if kind in (Kind.OBJECT, Kind.POLL) and not isinstance(value, dict | BaseModel):
        raise wrong(Sentence("a JSON object", "expected_object"))
    if kind in _LIST_KINDS and not isinstance(value, list):
        raise wrong(Sentence("a JSON list", "expected_list"))
    return cast(Any, value)


def _said(value: Any) -> str:
    return said_span(value) if isinstance(value, timedelta) else str(value)[:80]


def as_id(value: Any) -> int | None:
    """Return a Discord id from an integer or a string of digits; None for anything else."""
    number = _as_integer(value)
    return number if number is not None and 0 < number <= _MAX_ID else None


def _as_integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,20}", value.strip(), re.ASCII):
        return int(value)
    return None


def _as_date(value: Any) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _as_time(value: Any) -> time | None:
    if isinstance(value, str):
        try:
            value = time.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, time) and value.tzinfo is None else None


def _as_duration(value: Any) -> timedelta | None:
    """Return a duration from seconds or a text such as ``2h 30m``."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value) if 0 < value < 1e10 else None
    return span_of(value) if isinstance(value, str) else None
