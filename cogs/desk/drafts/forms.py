"""Convert a draft's declared parameters to a modal's fields, and the submitted fields to values.

A modal cannot be answered with a modal and has at most five fields; each line of the card has its own form,
with the fields that `draft.fields_by_form` puts together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord
from discord import ui

from cogs.desk.drafts.draft import (
    ALERT,
    END,
    MANAGERS,
    MISSED,
    NAME,
    OVERLAP,
    PING,
    QUIET,
    fields_by_form,
    first_fields,
    label_of,
    said_choice,
)
from cogs.desk.drafts.secrecy import kept_hidden
from cogs.desk.kit.components import TEXT_CHANNELS, objects
from cogs.desk.kit.in_words import in_words
from cogs.desk.kit.modals import Form, choice_field, new_form, text_field
from cogs.desk.kit.wording import IN_QUIET_HOURS, MAX_LABEL, MAX_OPTION, cut
from cogs.desk.kit.wording import MISSED as MISSED_WORDS
from cogs.desk.kit.wording import OVERLAP as OVERLAP_WORDS
from cogs.language import example, example_day, mark, shown_locale, t, translated, with_colon
from cogs.memory import Draft
from cogs.services import Refused
from schedulezero.client.dialect import Feature
from schedulezero.clocks import in_clocks_of
from schedulezero.compose import limits
from schedulezero.methods.parameters import Kind, Parameter
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import MissedPolicy, OverlapPolicy

WHEN_FIELD = "when"
SOON_FIELD = "soon"
_PARAMETER_FIELD = "p:"
_OPTION_FIELD = "o:"
_LONGEST_TEXT = 4000
_LONGEST_WHEN = 200
_MOST_OPTIONS = 25  # of a select
_IN_TEXTS = "@Moderators · #general · :party: · {date} · {in:2h|R} · {countdown:2030-01-01}"
_KEPT_HIDDEN = mark("Hidden from you. Leave it empty to keep the current value.")
# Read as: where alerts about a job go, its wording in the form.
ALERTS = {
    "guild": mark("where this server's alerts go"),
    "creator": mark("to its creator"),
    "off": mark("nowhere"),
}

FIRST = "first"
"""The form that ``/schedule create`` opens: the first step, and when."""


def build_form(
    spec: MethodSpec,
    draft: Draft,
    group: str,
    *,
    keeps: str | None = None,
    lacks: Collection[Feature] = frozenset(),
    handy: Sequence[tuple[str, str]] = (),
) -> Form:
    """Return the form of a line of a draft's card, filled with the draft's values.

    Parameters:
        spec: what the method declares.
        draft: the input so far.
        group: `FIRST`, ``when``, ``options``, or a name of `draft.fields_by_form`.
        keeps: for an edit, the present schedule in words, which an empty field keeps.
        lacks: the features that the server lacks; their fields are left out.
        handy: times to pick instead of typing one: a label, and the text that means it.
    """
    verb = t("Edit") if draft.job_id else t("Schedule")
    title = cut(f"{with_colon(verb)} {t(spec.summary).rstrip('.')}", MAX_LABEL)
    target = f"{draft.id}.{group}"
    if group == "options":
        return new_form("draft", "form", target, t("Options"), _option_fields(draft))
    if group == "when":
        end = text_field(
            f"{_OPTION_FIELD}{END}",
            t("End (optional)"),
            value=_text(draft, END),
            description=t("The last day on which it may run"),
            placeholder=example_day(),
        )
        fields = [_when_field(draft, keeps)]
        fields += [end] if Feature.CALENDAR not in lacks else []
        fields += _timing(draft) if Feature.POLICIES not in lacks else []
        if handy:
            options = [discord.SelectOption(label=cut(label, 100), value=text) for label, text in handy]
            fields.append(choice_field(SOON_FIELD, t("Or pick a time (optional)"), options, required=False))
        return new_form("draft", "form", target, title, fields)
    parameters = first_fields(spec) if group == FIRST else fields_by_form(spec).get(group, [])
    hidden = kept_hidden(draft)
    # A form would cut them off; they stay as they are, and the list of texts changes them.
    parameters = [item for item in parameters if not _exceeds_a_form(item, draft.values.get(item.name))]
    if not parameters and group != FIRST:
        raise Refused(t("This text is too long for a form. *More…* shows it as a list of texts."))
    fields = [
        parameter_field(
            replace(parameter, required=False, help=_KEPT_HIDDEN) if parameter.name in hidden else parameter,
            draft.values.get(parameter.name),
            example=_IN_TEXTS
            if parameter.kind is Kind.LONG_TEXT and parameter.name in spec.variables
            else None,
        )
        for parameter in parameters
    ]
    if group == FIRST:
        fields.append(_when_field(draft, keeps))
    return new_form("draft", "form", target, title, fields)


def parameter_field(parameter: Parameter, value: Any, *, example: str | None = None) -> ui.Label[Any]:
    """Return the field of a parameter, filled with its value; an empty one shows the example."""
    described = _help(parameter)
    if parameter.kind is Kind.FILES and value:  # what was uploaded can't be put into a form again
        described = t("New files are added to the existing ones: {names}", names=in_words(Kind.FILES, value))
    return ui.Label(
        text=cut(_label(parameter), MAX_LABEL),
        description=cut(described, MAX_OPTION) or None,
        component=_field(parameter, value, example),
    )


def read_form(submitted: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return the draft's values that the form changes, and the text of *when* if the form asked for it."""
    values: dict[str, Any] = {}
    when: str | None = None
    picked: str | None = None
    for custom_id, value in submitted.items():
        if custom_id == WHEN_FIELD:
            when = str(value or "").strip()
        elif custom_id == SOON_FIELD:
            picked = str(value[0]) if value else None
        elif custom_id.startswith(_PARAMETER_FIELD):
            values[custom_id.removeprefix(_PARAMETER_FIELD)] = value
        elif custom_id.startswith(_OPTION_FIELD):
            name = custom_id.removeprefix(_OPTION_FIELD)
            chosen = value[0] if isinstance(value, list) and name != MANAGERS and value else value
            values[name] = chosen or None
    return values, picked or when


def _when_field(draft: Draft, keeps: str | None) -> ui.Label[Any]:
    return text_field(
        WHEN_FIELD,
        t("When"),
        value=draft.when,
        description=t("Leave it empty to keep: {schedule}", schedule=keeps)
        if keeps
        else example("in 10 minutes · tomorrow at 9 · every Monday at 18:00 · 0 9 * * 1-5"),
        placeholder=example("tomorrow at 9"),
        most=_LONGEST_WHEN,
    )


def _timing(draft: Draft) -> list[ui.Label[Any]]:
    missed = _text(draft, MISSED) or MissedPolicy.LATEST.value
    overlap = _text(draft, OVERLAP) or OverlapPolicy.ALLOW.value
    return [
        choice_field(
            f"{_OPTION_FIELD}{MISSED}",
            t("Runs missed while I was offline"),
            _options({key.value: word for key, word in MISSED_WORDS.items()}, missed),
        ),
        choice_field(
            f"{_OPTION_FIELD}{OVERLAP}",
            t("If the previous run is still running"),
            _options({key.value: word for key, word in OVERLAP_WORDS.items()}, overlap),
        ),
    ]


def _option_fields(draft: Draft) -> list[ui.Label[Any]]:
    alert = _text(draft, ALERT) or "guild"
    return [
        text_field(f"{_OPTION_FIELD}{NAME}", t("Name (optional)"), value=_text(draft, NAME), most=100),
        choice_field(f"{_OPTION_FIELD}{ALERT}", t("Report failed and missed runs"), _options(ALERTS, alert)),
        ui.Label(
            text=cut(t("Only these roles may change it"), MAX_LABEL),
            description=cut(
                t(
                    "In addition to its creator and administrators. Leave empty for everyone who "
                    "may schedule."
                ),
                100,
            ),
            component=ui.RoleSelect(
                custom_id=f"{_OPTION_FIELD}{MANAGERS}",
                required=False,
                max_values=25,
                default_values=objects(draft.values.get(MANAGERS), discord.Role),
            ),
        ),
        text_field(
            f"{_OPTION_FIELD}{PING}",
            t("Call after each successful run (optional)"),
            value=_text(draft, PING),
            description=t(_KEPT_HIDDEN)
            if PING in kept_hidden(draft)
            else t("An address that alerts you when the calls stop, such as one from healthchecks.io"),
            placeholder="https://hc-ping.com/…",
            most=500,
        ),
        choice_field(
            f"{_OPTION_FIELD}{QUIET}",
            t("In the server's quiet hours"),
            _options(IN_QUIET_HOURS, _text(draft, QUIET) or "skip"),
            description=t("To let a job run then, you need the Manage Server permission"),
        ),
    ]


def _options(words: Mapping[str, str], chosen: str) -> list[discord.SelectOption]:
    return [
        discord.SelectOption(label=cut(t(word), 100), value=value, default=value == chosen)
        for value, word in words.items()
    ]


def _text(draft: Draft, key: str) -> str | None:
    value = draft.values.get(key)
    return str(value) if value else None


def _label(parameter: Parameter) -> str:
    label = label_of(parameter)
    return label if parameter.required else t("{label} (optional)", label=label)


def _help(parameter: Parameter) -> str:
    said = t(parameter.help) if parameter.help else ""
    if parameter.default is not None:
        return t("{help} ({default} if left empty)", help=said, default=translated(parameter.default)).strip()
    return said


def _field(parameter: Parameter, value: Any, example: str | None) -> ui.Item[Any]:
    """Return the type of field that suits a parameter, filled with its value."""
    custom_id, required, kind = f"{_PARAMETER_FIELD}{parameter.name}", parameter.required, parameter.kind
    if kind in (Kind.CHANNEL, Kind.CHANNELS):
        return ui.ChannelSelect(
            custom_id=custom_id,
            channel_types=[discord.ChannelType[name] for name in parameter.channels] or TEXT_CHANNELS,
            required=required,
            max_values=25 if kind is Kind.CHANNELS else 1,
            default_values=objects(value, discord.abc.GuildChannel),
        )
    if kind in (Kind.ROLE, Kind.ROLES):
        return ui.RoleSelect(
            custom_id=custom_id,
            required=required,
            max_values=25 if kind is Kind.ROLES else 1,
            default_values=objects(value, discord.Role),
        )
    if kind is Kind.FILES:
        return ui.FileUpload(
            custom_id=custom_id, required=required, min_values=0, max_values=limits.FILES.most
        )
    if kind in (Kind.USER, Kind.USERS):
        return ui.UserSelect(
            custom_id=custom_id,
            required=required,
            max_values=25 if kind is Kind.USERS else 1,
            default_values=objects(value, discord.User),
        )
    if kind is Kind.BOOLEAN:
        return ui.Checkbox(custom_id=custom_id, default=bool(value))
    if kind is Kind.CHOICE and len(parameter.choices) <= _MOST_OPTIONS:
        chosen = value[0] if isinstance(value, list) and value else value or parameter.default
        options = [
            discord.SelectOption(
                label=cut(item if parameter.options is not None else said_choice(item), MAX_OPTION),
                value=item,
                default=item == chosen,
            )
            for item in parameter.choices
        ]
        return ui.Select(custom_id=custom_id, options=options, required=required)
    if parameter.options is not None and isinstance(value, list):
        value = next(iter(value), None)  # as it was picked
    if kind is Kind.TIME and value is not None:
        value = in_clocks_of(shown_locale(), str(value))
    long = kind in (Kind.LONG_TEXT, Kind.OBJECT, Kind.LIST)
    return ui.TextInput(
        custom_id=custom_id,
        style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
        required=required,
        max_length=_longest(parameter),
        placeholder=_example(parameter) or example,
        default=cut(str(value), _longest(parameter)) if value not in (None, "") else None,
    )


def _example(parameter: Parameter) -> str | None:
    if parameter.default:
        default = translated(parameter.default)
        return cut(
            in_clocks_of(shown_locale(), default) if parameter.kind is Kind.TIME else default, MAX_OPTION
        )
    if parameter.kind is Kind.CHOICE:
        return cut(", ".join(parameter.choices), MAX_OPTION)
    if parameter.counts_seconds:
        return "30 s · 5 min"
    if parameter.kind is Kind.DATE:
        return example_day()
    if parameter.kind is Kind.TIME:
        return in_clocks_of(shown_locale(), "18:30")
    return "2h 30m" if parameter.kind is Kind.DURATION else None


def _exceeds_a_form(parameter: Parameter, value: Any) -> bool:
    return parameter.kind is Kind.LONG_TEXT and isinstance(value, str) and len(value) > _longest(parameter)


def _longest(parameter: Parameter) -> int:
    if parameter.longest is not None:
        return min(parameter.longest, _LONGEST_TEXT)
    if parameter.kind in (Kind.INTEGER, Kind.NUMBER) and not parameter.counts_seconds:
        return 20
    return _LONGEST_TEXT if parameter.kind in (Kind.LONG_TEXT, Kind.OBJECT, Kind.LIST) else 256
