"""A draft's fields by form, and the conversion of typed values to params. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from cogs.desk.kit.wording import MAX_FIELDS, plain
from cogs.language import example_day, locale, t, translated, with_colon
from schedulezero.compose.blanks import blanks_in
from schedulezero.methods.colours import parse_colour
from schedulezero.methods.message_links import read_message_link
from schedulezero.methods.parameters import Kind, Parameter
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.values import as_id, errors_in
from schedulezero.when.language.day_text import clock_of, day_of
from schedulezero.when.language.span_text import span_of

# Keys of a draft's values that are not parameters; a parameter's name cannot begin with #.
NAME = "#name"
MISSED = "#missed"
OVERLAP = "#overlap"
QUIET = "#quiet"
"""The key that holds ``run`` if the job also runs in the guild's quiet hours."""
END = "#end"
ALERT = "#alert"
PING = "#ping"
MANAGERS = "#managers"
OWN = "#own"
"""The key that holds the text of the sprocket's own schedule from which the draft was made."""
CHANGES = "#changes"
"""The key that holds what a second person asks to change before they approve the edited job."""
KEPT = "#kept"
HIDDEN = "#hidden"
"""The key that holds the names of the job's values that the draft's writer may not read."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The result of filling in a draft.

    Attributes:
        params: what the job function will get, as far as it is valid.
        errors: parameter name → what is wrong with it, in words.
        missing: required parameters that have no value yet.
    """

    params: dict[str, Any]
    errors: dict[str, str]
    missing: tuple[Parameter, ...]

    @property
    def complete(self) -> bool:
        return not self.errors and not self.missing


def first_fields(spec: MethodSpec) -> list[Parameter]:
    """Return the parameters of the first form, which also asks when: required ones first, as many as fit.

    No form asks for the guild; it is the one where the command was used. A job that declares groups has its
    first group here.
    """
    if spec.groups:
        return next(iter(fields_by_form(spec).values()))[: MAX_FIELDS - 1]
    asked = [parameter for parameter in spec.parameters if parameter.kind is not Kind.GUILD]
    asked.sort(key=lambda parameter: not parameter.required)  # stable: declared order within each
    return asked[: MAX_FIELDS - 1]


WHERE = (Kind.CHANNEL, Kind.CHANNELS, Kind.ROLE, Kind.ROLES, Kind.USER, Kind.USERS)
STRUCTURED = (Kind.EMBEDS, Kind.FILES, Kind.BUTTONS, Kind.POLL, Kind.LAYOUT)
"""Kinds whose values a draft holds as they are in the params, because they have editors of their own."""


def edited_apart(spec: MethodSpec) -> list[Parameter]:
    """Return the parameters that have an editor of their own, whatever group they are in."""
    return [parameter for parameter in spec.parameters if parameter.kind in STRUCTURED]


def switches(spec: MethodSpec) -> list[Parameter]:
    """Return the parameters that are switched on and off on the card, without a form.

    They are the optional yes-or-no parameters of a job that declares groups. One that another parameter
    depends on is left out: it is asked for in its group's form, beside that parameter.
    """
    if not spec.groups:
        return []
    asked = {item.only_with for item in spec.parameters}
    return [
        item
        for item in spec.parameters
        if item.kind is Kind.BOOLEAN and not item.required and item.name not in asked
    ]


def group_label(name: str) -> str:
    """Return the label of a group in the reader's language."""
    return t(name.replace("_", " ").capitalize())


def fields_by_form(spec: MethodSpec) -> dict[str, list[Parameter]]:
    """Return the parameters by line of a draft's card; each line has its own form.

    A job that declares groups has those, without what is edited or switched elsewhere; files may be attached
    in a form, too. Otherwise ``where`` holds the required places and people, ``what`` the first of the
    remaining parameters, ``more1`` and up the rest. Lines without parameters are left out.
    """
    if spec.groups:
        apart = {item.name for item in edited_apart(spec) if item.kind is not Kind.FILES}
        apart |= {item.name for item in switches(spec)}
        listed = {
            name: [spec.parameter(item) for item in items if item not in apart]
            for name, items in spec.groups.items()
        }
        found = {name: [item for item in items if item is not None] for name, items in listed.items()}
        return {name: items for name, items in found.items() if items}
    asked = [parameter for parameter in spec.parameters if parameter.kind is not Kind.GUILD]
    where = [item for item in asked if item.kind in WHERE and item.required][:MAX_FIELDS]
    rest = sorted((item for item in asked if item not in where), key=lambda item: not item.required)
    found = {"where": where, "what": rest[:MAX_FIELDS]}
    for number, start in enumerate(range(MAX_FIELDS, len(rest), MAX_FIELDS), 1):
        found[f"more{number}"] = rest[start : start + MAX_FIELDS]
    return {name: parameters for name, parameters in found.items() if parameters}


def label_of(parameter: Parameter) -> str:
    """Return a parameter's label in the reader's language."""
    return t(parameter.label)


def said_choice(value: str) -> str:
    """Return the label of a choice in the reader's language."""
    return t(value.replace("_", " "))


def fill(spec: MethodSpec, values: Mapping[str, Any], guild_id: str) -> Filled:
    """Convert typed values to params.

    Parameters:
        spec: what the method declares.
        values: parameter name → typed or picked value (texts, lists of ids, booleans).
        guild_id: the guild for which the job is made.
    """
    params: dict[str, Any] = {}
    errors = {
        name: t(
            "“{name}” doesn't belong to this job. Choose the job again, or discard this draft.",
            name=plain(name)[:60],
        )
        for name in strangers_in(spec, values)
    }
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
            errors[parameter.name] = f"**{with_colon(label_of(parameter))}** {error}"
    for name, said in errors_in(spec, params).items():
        parameter = spec.parameter(name)
        if parameter is not None:
            errors.setdefault(name, f"**{with_colon(label_of(parameter))}** {translated(said)}")
    for name in params:
        parameter, blanks = spec.parameter(name), blanks_in(values.get(name))
        if parameter is not None and blanks:
            names = plain(", ".join(blank.name for blank in blanks))[:200]
            said = t("has blanks: {names}. Fill them in with *More…*.", names=names)
            errors.setdefault(name, f"**{with_colon(label_of(parameter))}** {said}")
    return Filled(params, errors, tuple(missing))


def strangers_in(spec: MethodSpec, values: Mapping[str, Any]) -> list[str]:
    """Return the names in a draft that its job does not take, such as those of a job that has changed."""
    return [name for name in values if not name.startswith("#") and spec.parameter(name) is None]


def fitting(spec: MethodSpec, before: MethodSpec | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values to keep when a draft changes its method: those both take, of the same kind."""

    def fits(name: str) -> bool:
        wanted, had = spec.parameter(name), before.parameter(name) if before is not None else None
        return wanted is not None and (before is None or (had is not None and had.kind is wanted.kind))

    return {name: value for name, value in values.items() if name.startswith("#") or fits(name)}


def typed(spec: MethodSpec, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values to type for these params: the inverse of `fill`."""
    values: dict[str, Any] = {}
    for parameter in spec.parameters:
        value = params.get(parameter.name)
        if value is None or parameter.kind is Kind.GUILD:
            continue
        if parameter.kind in (Kind.CHANNEL, Kind.ROLE, Kind.USER):
            values[parameter.name] = [str(value)]
        elif parameter.kind in (Kind.CHANNELS, Kind.ROLES, Kind.USERS):
            items: list[Any] = value if isinstance(value, list) else [value]
            values[parameter.name] = [str(item) for item in items]
        elif parameter.kind in STRUCTURED:
            values[parameter.name] = value
        elif parameter.kind in (Kind.OBJECT, Kind.LIST):
            values[parameter.name] = json.dumps(value, ensure_ascii=False)
        elif parameter.kind is Kind.BOOLEAN:
            values[parameter.name] = value
        elif parameter.kind is Kind.DURATION and isinstance(value, int | float):
            values[parameter.name] = f"{value:g} s"
        elif parameter.kind is Kind.CHOICE:
            values[parameter.name] = parameter.choice_of(value)
        else:
            values[parameter.name] = str(value)
    return values


def _read(parameter: Parameter, value: Any) -> Any:
    kind = parameter.kind
    if kind in (Kind.CHANNEL, Kind.ROLE, Kind.USER):
        items = _ids(value)
        return items[0] if len(items) == 1 else items  # `errors_in` refuses several
    if kind in (Kind.CHANNELS, Kind.ROLES, Kind.USERS):
        return _ids(value)
    if kind is Kind.BOOLEAN or kind in STRUCTURED:
        return value
    if (kind is Kind.CHOICE or parameter.options is not None) and isinstance(value, list):
        return str(cast("list[Any]", value)[0])
    text = str(value).strip()
    if parameter.counts_seconds:
        return _read_seconds(text)
    if kind is Kind.INTEGER:
        if not _is_whole(text):
            raise ValueError(t("must be a whole number such as 10, not “{text}”.", text=text[:40]))
        return int(text)
    if kind is Kind.NUMBER:
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            raise ValueError(t("must be a number such as 1.5, not “{text}”.", text=text[:40])) from None
        if not abs(number) < 1e15:
            raise ValueError(t("must be a number within the allowed range, not “{text}”.", text=text[:40]))
        return number
    if kind in (Kind.OBJECT, Kind.LIST):
        return _read_json(kind, text)
    if kind is Kind.MESSAGE and read_message_link(text) is None:
        raise ValueError(t("must be a message link: right-click the message, then Copy Message Link."))
    if kind is Kind.DURATION and span_of(text) is None:
        raise ValueError(t("must be a duration such as 90 minutes or 2h 30m, not “{text}”.", text=text[:40]))
    if kind is Kind.DATE:
        day = day_of(text, locale())
        if day is None:
            raise ValueError(
                t("must be a date such as {example}, not “{text}”.", example=example_day(), text=text[:40])
            )
        return day.isoformat()
    if kind is Kind.TIME:
        at = clock_of(text)
        if at is None:
            raise ValueError(t("must be a time of day such as 18:30, not “{text}”.", text=text[:40]))
        return at.isoformat("auto" if at.second else "minutes")
    if kind is Kind.COLOUR and parse_colour(text) is None:
        raise ValueError(t("must be a colour such as #5865F2 or blue, not “{text}”.", text=text[:40]))
    beginnings = ("http://", "https://", *(("webcal://",) if parameter.secret else ()))
    if kind is Kind.URL and not text.casefold().startswith(beginnings):
        raise ValueError(t("must be an address that begins with https://."))
    return str(value)


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(text) <= 20


def _read_seconds(text: str) -> int:
    """Return a whole number of seconds, typed as such or as a length of time."""
    if _is_whole(text):
        return int(text)
    length = span_of(text)
    if length is None or length % timedelta(seconds=1):
        raise ValueError(
            t(
                "must be a whole number of seconds such as 30, or a duration such as 5 "
                "minutes, not “{text}”.",
                text=text[:40],
            )
        )
    return int(length.total_seconds())


def _ids(value: Any) -> list[Any]:
    """Return ids as the strings of digits that the job function gets; anything else stays as it is."""
    items: list[Any] = value if isinstance(value, list) else [value]
    found = [(item, as_id(item)) for item in items]
    return [str(item) if identifier is None else str(identifier) for item, identifier in found]


def _read_json(kind: Kind, text: str) -> Any:
    wanted, example = (dict, '{"title": "Hello"}') if kind is Kind.OBJECT else (list, '["one", "two"]')
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, wanted):
        said = (
            t("must be a JSON object such as {example}.")
            if kind is Kind.OBJECT
            else t("must be a JSON list such as {example}.")
        )
        raise ValueError(said.replace("{example}", f"`{example}`"))
    return value
