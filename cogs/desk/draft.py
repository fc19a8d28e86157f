"""What a draft may become: which fields in which step, and from what was typed to params. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schedulezero.methods import Kind, MethodSpec, Parameter

FIELDS_A_STEP = 5  # of a modal; the first step gives one of them to *when*


@dataclass(frozen=True, slots=True)
class Filled:
    """What the values of a draft amount to.

    Attributes:
        params: what the job function will get, as far as it is right.
        errors: parameter name → what is wrong with it, in words.
        missing: required parameters that have no value yet.
    """

    params: dict[str, Any]
    errors: dict[str, str]
    missing: tuple[Parameter, ...]

    @property
    def complete(self) -> bool:
        return not self.errors and not self.missing


def steps(spec: MethodSpec) -> list[list[Parameter]]:
    """The parameters to ask for, step by step: the required ones first, as few steps as possible.

    The guild is never asked for: it is the one where the command was used.
    """
    asked = [parameter for parameter in spec.parameters if parameter.kind is not Kind.GUILD]
    asked.sort(key=lambda parameter: not parameter.required)  # stable: declared order within each
    first, rest = asked[: FIELDS_A_STEP - 1], asked[FIELDS_A_STEP - 1 :]
    return [first, *(rest[start : start + FIELDS_A_STEP] for start in range(0, len(rest), FIELDS_A_STEP))]


def fill(spec: MethodSpec, values: Mapping[str, Any], guild_id: str) -> Filled:
    """The params that the typed values mean.

    Parameters:
        spec: what the method declares.
        values: parameter name → what was typed or picked (texts, lists of ids, booleans).
        guild_id: the guild for which the job is made.
    """
    params: dict[str, Any] = {}
    errors: dict[str, str] = {}
    missing: list[Parameter] = []
    for parameter in spec.parameters:
        if parameter.kind is Kind.GUILD:
            params[parameter.name] = guild_id
            continue
        value = values.get(parameter.name)
        if value in (None, "", []):
            if parameter.required:
                missing.append(parameter)
            continue
        try:
            params[parameter.name] = _read(parameter, value)
        except ValueError as error:
            errors[parameter.name] = f"**{parameter.label}** {error}"
    return Filled(params, errors, tuple(missing))


def typed(spec: MethodSpec, params: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `fill`: what to type for these params."""
    values: dict[str, Any] = {}
    for parameter in spec.parameters:
        value = params.get(parameter.name)
        if value is None or parameter.kind is Kind.GUILD:
            continue
        if parameter.kind in (Kind.CHANNEL, Kind.ROLE, Kind.USER):
            values[parameter.name] = [str(value)]
        elif parameter.kind in (Kind.CHANNELS, Kind.USERS):
            values[parameter.name] = [str(item) for item in value]
        elif parameter.kind in (Kind.OBJECT, Kind.LIST):
            values[parameter.name] = json.dumps(value, ensure_ascii=False)
        elif parameter.kind is Kind.BOOLEAN:
            values[parameter.name] = bool(value)
        else:
            values[parameter.name] = str(value)
    return values


def auto_name(spec: MethodSpec, params: Mapping[str, Any]) -> str:
    """A name for a job that was given none: how its text begins, else what its method does."""
    for key in ("title", "message", "question", "reason"):
        text = " ".join(str(params.get(key) or "").split())
        if text:
            return text if len(text) <= 60 else f"{text[:59]}…"
    return spec.summary.rstrip(".")[:60]


def _read(parameter: Parameter, value: Any) -> Any:
    kind = parameter.kind
    if kind in (Kind.CHANNEL, Kind.ROLE, Kind.USER):
        return str(value[0])
    if kind in (Kind.CHANNELS, Kind.USERS):
        return [str(item) for item in value]
    if kind is Kind.BOOLEAN:
        return bool(value)
    text = str(value).strip()
    if kind is Kind.INTEGER:
        if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit() or len(text) > 20:
            raise ValueError(f"must be a whole number such as 10, not “{text[:40]}”.")
        return int(text)
    if kind is Kind.NUMBER:
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            raise ValueError(f"must be a number such as 1.5, not “{text[:40]}”.") from None
        if not abs(number) < 1e15:
            raise ValueError(f"must be a reasonable number, not “{text[:40]}”.")
        return number
    if kind in (Kind.OBJECT, Kind.LIST):
        return _read_json(kind, text)
    if kind is Kind.URL and not text.startswith(("http://", "https://")):
        raise ValueError(f"must be an address that begins with https://, not “{text[:40]}”.")
    return str(value)


def _read_json(kind: Kind, text: str) -> Any:
    wanted, example = (dict, '{"title": "Hello"}') if kind is Kind.OBJECT else (list, '["one", "two"]')
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, wanted):
        raise ValueError(f"must be a {kind.value} such as `{example}`.")
    return value
