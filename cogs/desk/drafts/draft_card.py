"""The card of a draft: a line for each group of fields, with its own edit button, and a preview of the
post."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import discord
from discord import ui

from cogs import formats
from cogs.desk.drafts.draft import (
    ALERT,
    CHANGES,
    HIDDEN,
    MANAGERS,
    MISSED,
    NAME,
    OVERLAP,
    PING,
    QUIET,
    edited_apart,
    fields_by_form,
    group_label,
    label_of,
    said_choice,
    switches,
)
from cogs.desk.drafts.forms import ALERTS
from cogs.desk.drafts.post_preview import Post, is_composed, post_items
from cogs.desk.drafts.review import Review
from cogs.desk.drafts.secrecy import kept_hidden
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.in_words import in_words
from cogs.desk.kit.layout import MOST_COMPONENTS, count_of, panel_of, row_of
from cogs.desk.kit.suggesting import time_options
from cogs.desk.kit.wording import BAD, NEUTRAL, WAITING, cut, full, mentioned, plain, quoted, relative
from cogs.desk.kit.wording import MISSED as MISSED_WORDS
from cogs.desk.kit.wording import OVERLAP as OVERLAP_WORDS
from cogs.formats import zone_name
from cogs.language import locale, shown_locale, t, translated, with_colon
from cogs.memory import Draft
from schedulezero.client.dialect import Feature
from schedulezero.methods.parameters import Kind, Parameter
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import MissedPolicy, OverlapPolicy
from schedulezero.web.address import shortened
from schedulezero.when.language.day_text import clock_of, day_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.preview import warnings

_LONG = (Kind.LONG_TEXT, Kind.OBJECT, Kind.LIST)


def shown(parameter: Parameter, value: object, length: int = 300) -> str:
    """Format a parameter with its value for people; quote a long text."""
    label = label_of(parameter)
    if parameter.options is not None and isinstance(value, list):
        value = cast("list[str]", value)[0]  # as it was picked
    if (mentions := mentioned(parameter.kind, value)) is not None:
        return f"**{with_colon(label)}** {mentions}"
    if (words := in_words(parameter.kind, value)) is not None:
        return f"**{with_colon(label)}** {cut(words, length)}"
    if parameter.kind is Kind.BOOLEAN:
        return f"**{with_colon(label)}** {t('yes') if value else t('no')}"
    if parameter.kind is Kind.CHOICE:
        chosen = cast("list[str]", value)[0] if isinstance(value, list) else str(value)
        return f"**{with_colon(label)}** {plain(said_choice(chosen))}"
    if (formatted := _day_or_time(parameter, str(value))) is not None:
        return f"**{with_colon(label)}** {formatted}"
    if parameter.kind in _LONG:
        quoted = "\n".join(f"> {line}" for line in cut(str(value), length).splitlines())
        return f"**{with_colon(label)}**\n{quoted}"
    if parameter.secret:
        value = shortened(str(value))
    return f"**{with_colon(label)}** {cut(plain(str(value)), length)}"


def _day_or_time(parameter: Parameter, typed: str) -> str | None:
    """Return a day or a time of day as the reader's language writes it; None for what is neither."""
    if parameter.kind is Kind.DATE and (day := day_of(typed, locale())) is not None:
        return formats.day(day, shown_locale())
    if parameter.kind is Kind.TIME and (at := clock_of(typed)) is not None:
        return formats.clock(at, shown_locale())
    return None


def parameter_lines(
    parameters: Iterable[Parameter], values: Mapping[str, Any], length: int = 300
) -> list[str]:
    """Return a line for each parameter that has a value, and for each whose default applies without one.

    Parameters:
        parameters: which parameters.
        values: name → value, as typed.
        length: the most characters of a text.
    """
    lines: list[str] = []
    for parameter in parameters:
        if parameter.only_with is not None and not values.get(parameter.only_with):
            continue
        value = values.get(parameter.name)
        if value not in (None, "", [], False):
            lines.append(shown(parameter, value, length))
        elif (said := default_line(parameter, value)) is not None:
            lines.append(said)
    return lines


def default_line(parameter: Parameter, value: object) -> str | None:
    """Return the line of a default that a job function uses because there is no value; None if it uses none.

    An empty text is a value of its own, as in `schedulezero.methods.values.check_params`.
    """
    is_text = parameter.kind in (Kind.TEXT, Kind.LONG_TEXT)
    left_out = value in (None, []) or (value == "" and not is_text)
    default = parameter.default
    if not left_out or not default or (parameter.kind is Kind.BOOLEAN and default.casefold() != "true"):
        return None
    said = cut(plain(translated(default)), 100)
    if parameter.kind is Kind.BOOLEAN:
        said = t("yes")
    elif parameter.kind is Kind.CHOICE:
        said = plain(said_choice(default))
    elif (formatted := _day_or_time(parameter, default)) is not None:
        said = formatted
    return f"**{with_colon(label_of(parameter))}** {t('{value} (default)', value=said)}"


def draft_panel(
    spec: MethodSpec,
    draft: Draft,
    reviewed: Review,
    *,
    now: datetime,
    post: Post | None = None,
    notice: str | None = None,
    hint: str | None = None,
    told: str | None = None,
    parts: Sequence[str] | None = None,
    queues: Sequence[tuple[str, str]] = (),
    queue: str | None = None,
) -> ui.LayoutView:
    """Return the card.

    Parameters:
        spec, draft, reviewed: what to show.
        now: the present instant.
        post: the preview of the post, if the job posts anything.
        notice: something that just happened, such as why saving failed.
        hint: a note on how the times were read.
        told: the job's own report of what it would do.
        parts: a line for each thing that it does before and after its own runs; None if it can't do any.
        queues: the guild's queues, each with its id and name, that the job could wait in.
        queue: the name of the one whose slot the draft takes; None if it is in none.
    """
    missing, trouble = _missing(reviewed, draft), _trouble(reviewed, draft)
    title = t("Your change") if draft.job_id else t("Check before you schedule")
    if draft.job_id and draft.values.get(NAME):
        title += f": {cut(plain(str(draft.values[NAME])), 100)}"
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {title}"), _job_line(spec, draft)]
    optional: list[ui.Item[Any]] = []  # rows that save typing, the least needed first
    said_when = _when(reviewed, draft, now, hint, queue)
    when: list[ui.Item[Any]] = [_line("when", draft, said_when, wanted=reviewed.trigger is None)]
    if reviewed.handy:
        taps = [(f"{draft.id}.{_epoch(text)}", label) for label, text in reviewed.handy]
        optional.append(row_of(*(DeskButton("draft", "soon", target, label) for target, label in taps)))
        when.append(optional[-1])
    if spec.groups:
        items += group_lines(spec, draft, when, _options(spec, draft, reviewed.lacks))
    else:
        items += _parameter_lines(spec, draft, brief=post is not None)
        items += [*when, _line("options", draft, _options(spec, draft, reviewed.lacks))]
    if draft.values.get(CHANGES):
        asked = f"**✋ {with_colon(t('Changes requested'))}**\n{quoted(str(draft.values[CHANGES]))}"
        items.insert(1, ui.TextDisplay(asked))
    if parts is not None:
        before = DeskButton("draft", "parts", draft.id, t("Edit"))
        text = cut(
            "\n".join([f"**{with_colon(t('Before and after'))}**", *(parts or [f"*{t('nothing yet')}*"])]),
            900,
        )
        items.append(ui.Section(ui.TextDisplay(text), accessory=before))
    if draft.values.get(HIDDEN):
        items.append(ui.TextDisplay(f"-# 🔒 {_hidden(spec, draft)}"))
    if missing:
        items.append(ui.TextDisplay(f"**{t('Still missing:')}** {', '.join(missing)}"))
    if trouble:
        listed = "\n".join(f"- {line}" for line in trouble)
        heading = t("Fix these first")
        items += [ui.Separator(), ui.TextDisplay(cut(f"**⚠ {heading}**\n{listed}", 1200))]
    if (offers := _offers(draft, reviewed)) is not None:
        items.append(offers)
    if queues and not draft.job_id:
        options = [discord.SelectOption(label=cut(name, 100), value=key) for key, name in queues[:25]]
        optional.append(row_of(DeskSelect("draft", "queue", draft.id, t("Add to a queue…"), options)))
        items.append(optional[-1])
    if notice:
        items += [ui.Separator(), ui.TextDisplay(cut(f"**⚠ {t('Not saved:')}** {notice}", 600))]
    if reviewed.needs_approval and reviewed.ready:
        said = t("Needs approval: this job mass-pings, changes roles, or deletes or locks something.")
        items.append(ui.TextDisplay(f"-# ✋ {said}\n✋ {_until_approved(draft, reviewed)}"))
    if reviewed.cautions:
        items.append(ui.TextDisplay("\n".join(f"-# ⚠ {caution}" for caution in reviewed.cautions)))
    if told:
        between = "\n" if "\n" in told else " "
        items.append(ui.TextDisplay(cut(f"🔎{between}{told}", 600)))
    items.append(_buttons(spec, draft, reviewed))
    if is_composed(spec):
        items.append(_trying(draft, reviewed))
    colour = BAD if trouble or notice else WAITING if reviewed.needs_approval else NEUTRAL
    most = MOST_COMPONENTS - 1  # the frame is one
    if reviewed.handy and post is not None:  # seeing the whole post matters more than times to tap
        items = _within(most - sum(map(count_of, post_items(post))), items, optional[:1])
    panel = panel_of(*_within(most, items, optional), colour=colour)
    for item in post_items(post, MOST_COMPONENTS - count_of(panel)) if post is not None else ():
        panel.add_item(item)
    return panel


def _within(most: int, items: Sequence[ui.Item[Any]], optional: Sequence[ui.Item[Any]]) -> list[ui.Item[Any]]:
    """Return the items without as many of the optional ones as have no room."""
    items, left_out = list(items), 0
    while left_out < len(optional) and sum(map(count_of, items)) > most:
        items = [item for item in items if item is not optional[left_out]]
        left_out += 1
    return items


# -------------------------------------------------------------------- lines


def _line(group: str, draft: Draft, text: str, *, wanted: bool = False) -> ui.Section[Any]:
    style = discord.ButtonStyle.primary if wanted else discord.ButtonStyle.secondary
    return ui.Section(
        ui.TextDisplay(cut(text, 1000)),
        accessory=DeskButton("draft", "edit", f"{draft.id}.{group}", t("Edit"), style=style),
    )


# Read as: a kind of part, and the panel that edits it.
EDITORS = {
    Kind.EMBEDS: "embeds", Kind.FILES: "files", Kind.BUTTONS: "links", Kind.POLL: "poll",
    Kind.LAYOUT: "layout",
}  # fmt: skip


def group_lines(
    spec: MethodSpec, draft: Draft, when: Iterable[ui.Item[Any]], options: str
) -> list[ui.Item[Any]]:
    """Return the lines of a job that declares groups, few enough to leave room for a preview.

    The first group, when, and the first part with an editor of its own have a line each; a menu leads to all
    others, and another one switches what is on or off.
    """
    forms, apart = fields_by_form(spec), edited_apart(spec)
    hidden = kept_hidden(draft)
    values = {name: value for name, value in draft.values.items() if value != ""}

    def said(parameters: Iterable[Parameter], length: int = 150) -> str:
        return "\n".join(
            parameter_lines([item for item in parameters if item.name not in hidden], values, length)
        )

    lines: list[ui.Item[Any]] = []
    first = next(iter(forms), "")
    missing = any(item.required and not draft.values.get(item.name) for item in forms.get(first, ()))
    text = said(forms.get(first, ()))
    text = "\n".join([*(_missing_lines(forms[first], draft) if text else []), text]) or (
        f"**{with_colon(group_label(first))}** *{t('nothing yet')}*"
    )
    lines.append(_line(first, draft, text, wanted=missing))
    main = next((item for item in apart if item.kind is not Kind.FILES), None)
    if main is not None:
        said_main = said([main], 400) or f"**{with_colon(label_of(main))}** *{t('nothing yet')}*"
        button = DeskButton(
            EDITORS[main.kind],
            "open",
            f"{draft.id}.{main.name}",
            t("Edit") if values.get(main.name) else t("Add"),
        )
        lines.append(ui.Section(ui.TextDisplay(cut(said_main, 600)), accessory=button))
    lines += when
    rest = [name for name in forms if name != first]
    others = [item for item in apart if item is not main and item.name not in spec.groups.get(first, ())]
    listed = [*others, *(item for name in rest for item in forms[name])]
    told = [*_missing_lines(listed, draft), said(listed), options]
    lines.append(ui.TextDisplay(cut("\n".join(part for part in told if part), 1000)))
    files = [item for item in apart if item is not main and item not in others and values.get(item.name)]
    choices = [
        *(_choice(item.name, label_of(item), t(item.help)) for item in (*files, *others)),
        *(_choice(name, group_label(name), ", ".join(map(label_of, forms[name]))) for name in rest),
        _choice("options", t("Options"), t("Name, alerts, who may change it")),
    ]
    lines.append(row_of(DeskSelect("draft", "more", draft.id, t("Add or change…"), choices)))
    if found := switches(spec):
        toggles = [
            discord.SelectOption(
                label=cut(label_of(item), 100),
                value=item.name,
                description=cut(t(item.help), 100) or None,
                default=bool(values.get(item.name)),
            )
            for item in found[:25]
        ]
        asked = t("What else should happen?")
        lines.append(
            row_of(DeskSelect("draft", "switch", draft.id, asked, toggles, least=0, most=len(toggles)))
        )
    return lines


def _choice(value: str, label: str, description: str) -> discord.SelectOption:
    return discord.SelectOption(label=cut(label, 100), value=value, description=cut(description, 100) or None)


def _trying(draft: Draft, reviewed: Review) -> ui.ActionRow[ui.LayoutView]:
    """Return the buttons that try a post out before it is scheduled."""
    unusable = not reviewed.filled.complete
    buttons = [
        DeskButton("trial", "show", draft.id, t("Show exact preview"), disabled=unusable),
        DeskButton("trial", "test", draft.id, t("Send me a test"), disabled=unusable),
    ]
    if draft.job_id is None:
        buttons.append(DeskButton("trial", "now", draft.id, t("Post now"), disabled=unusable))
    return row_of(*buttons)


def _job_line(spec: MethodSpec, draft: Draft) -> ui.Item[Any]:
    text = f"**{t('Job:')}** {plain(t(spec.summary)).rstrip('.')}"
    if draft.job_id:
        return ui.TextDisplay(text)
    return ui.Section(ui.TextDisplay(text), accessory=DeskButton("draft", "choose", draft.id, t("Change")))


def _parameter_lines(spec: MethodSpec, draft: Draft, *, brief: bool) -> list[ui.Item[Any]]:
    lines: list[ui.Item[Any]] = []
    further: list[DeskButton] = []
    # Read as: name of the group, its text while it is empty.
    empty = {"where": t("Where, or to whom"), "what": t("What")}
    hidden = kept_hidden(draft)
    values = {name: value for name, value in draft.values.items() if value != ""}
    for name, parameters in fields_by_form(spec).items():
        readable = [parameter for parameter in parameters if parameter.name not in hidden]
        said = parameter_lines(readable, values, 100 if brief else 600)
        if name.startswith("more") and name != "more1":
            further.append(DeskButton("draft", "edit", f"{draft.id}.{name}", t("More options")))
            lines += [ui.TextDisplay(cut("\n".join(said), 300))] if said and len(lines) < 4 else []
            continue
        missing = _missing_lines(parameters, draft) if said else []
        wanted = any(item.required and not draft.values.get(item.name) for item in parameters)
        nothing = t("nothing yet") if wanted else t("nothing chosen")
        text = "\n".join([*missing, *said]) or (
            f"**{with_colon(empty.get(name, t('More options')))}** *{nothing}*"
        )
        lines.append(_line(name, draft, text, wanted=wanted))
    if further:
        lines.append(row_of(*further[:5]))
    return lines


def _until_approved(draft: Draft, reviewed: Review) -> str:
    """Say what doesn't run until somebody approves a draft."""
    if not draft.job_id or not reviewed.runs:
        return t("It won't run until someone other than you approves it.")
    return t(
        "Until someone other than you approves the change, the job won't run at all, not even as it was "
        "before. Its next run would be {when}.",
        when=full(reviewed.runs[0]),
    )


def _missing_lines(parameters: Iterable[Parameter], draft: Draft) -> list[str]:
    """Return a line for each value that must be given and isn't, so that it is found where it belongs."""
    return [
        f"**{with_colon(label_of(item))}** *{t('nothing yet')}*"
        for item in parameters
        if item.required and draft.values.get(item.name) in (None, "", [])
    ]


def _when(reviewed: Review, draft: Draft, now: datetime, hint: str | None, queue: str | None) -> str:
    label = f"**{t('When:')}**"
    if reviewed.trigger is None or reviewed.schedule is None:
        said = f"{label} {cut(plain(draft.when), 200) or '*' + t('not set') + '*'}"
        return f"{said}\n-# {hint}" if hint else said
    zone, runs = reviewed.zone, list(reviewed.runs)
    waits = [t("In the queue “{name}”", name=cut(plain(queue), 100))] if queue else []
    lines = [f"{label} {describe(reviewed.trigger, zone, shown_locale())} ({zone_name(zone)})", *waits]
    skipped = {run: reason for run, reason in reviewed.forbidden}
    if len(runs) == 1:
        lines.append(full(runs[0]))
    elif runs:
        lines.append(f"**{t('Next runs:')}**")
        lines += [f"- {full(run)}{' ⏭' if run in skipped else ''}" for run in runs]
    if skipped:
        first, why = reviewed.forbidden[0]
        said = t("The run {when} would be skipped: {reason}", when=relative(first), reason=translated(why))
        lines.append(f"⏭ {said}")
    lines += [f"✏ {plain(note)}" for note in reviewed.notes]
    lines += [f"⚠ {translated(warning)}" for warning in warnings(reviewed.schedule, zone, now, runs)]
    if hint:
        lines.append(f"-# {hint}")
    return "\n".join(lines)


def _epoch(text: str) -> int:
    """Return an instant in a form that fits in a custom id."""
    return int(datetime.fromisoformat(text).timestamp())


def _offers(draft: Draft, reviewed: Review) -> ui.ActionRow[ui.LayoutView] | None:
    """A choice of what may have been meant by a time that was not understood, or not by everyone alike."""
    options = time_options(reviewed.offers)
    if not options or not draft.when.strip():
        return None
    asked = t("Which time did you mean?") if reviewed.trigger is None else t("Did you mean another time?")
    return row_of(DeskSelect("draft", "meant", draft.id, asked, options))


def _options(spec: MethodSpec, draft: Draft, lacks: Mapping[Feature, str]) -> str:
    values = draft.values
    missed = MissedPolicy(values.get(MISSED) or MissedPolicy.LATEST)
    overlap = OverlapPolicy(values.get(OVERLAP) or OverlapPolicy.ALLOW)
    name = cut(plain(str(values[NAME])), 100) if values.get(NAME) else f"*{t('from its text')}*"
    small = [t("Alerts: {where}", where=t(ALERTS.get(str(values.get(ALERT)), ALERTS["guild"])))]
    if Feature.POLICIES not in lacks:
        small = [
            t("Missed runs: {policy}", policy=t(MISSED_WORDS[missed])),
            t("Overlapping runs: {policy}", policy=t(OVERLAP_WORDS[overlap])),
            *small,
        ]
    if spec.watches or values.get(QUIET) == "run":
        small.append(t("Also runs in quiet hours"))
    parts = [f"**{t('Name:')}** {name}", f"-# {' · '.join(small)}"]
    parts += [f"-# {translated(lacks[Feature.TROUBLES])}"] if Feature.TROUBLES in lacks else []
    if values.get(PING):
        parts.append(
            f"-# {t('Call after each successful run: {url}', url=cut(plain(str(values[PING])), 100))}"
        )
    managers = values.get(MANAGERS)
    if isinstance(managers, list) and managers:
        roles = " ".join(f"<@&{role}>" for role in managers)
        parts.append(f"-# {with_colon(t('Only these roles may change it'))} {cut(roles, 300)}")
    return "\n".join(parts)


def _hidden(spec: MethodSpec, draft: Draft) -> str:
    """Say which parts of the job are hidden here, and whether they are kept."""
    found = [spec.parameter(name) for name in draft.values[HIDDEN]]
    names = ", ".join(
        t("Call after each successful run") if item is None else label_of(item) for item in found
    )
    if draft.job_id:
        return t("Hidden from you and kept unless you type something else: {names}", names=names)
    return t("Hidden from you and left empty in this copy: {names}", names=names)


def _buttons(spec: MethodSpec, draft: Draft, reviewed: Review) -> ui.ActionRow[ui.LayoutView]:
    incomplete = not reviewed.filled.complete or reviewed.trigger is None
    label = t("Save the change") if draft.job_id else t("Confirm")
    if reviewed.needs_approval:
        label = t("Ask for approval")
    # The click checks the rights again, so the button stays enabled while rights are missing.
    style = discord.ButtonStyle.success if reviewed.ready else discord.ButtonStyle.secondary
    return row_of(
        DeskButton("draft", "confirm", draft.id, label, style=style, disabled=incomplete),
        *(
            [DeskButton("draft", "try", draft.id, t("What would it do now?"))]
            if spec.dry_run is not None and reviewed.filled.complete and not reviewed.problems
            else []
        ),
        DeskButton("draft", "later", draft.id, t("Save for later")),
        DeskButton("tools", "open", draft.id, t("More…")),
        DeskButton("draft", "cancel", draft.id, t("Discard")),
    )


def _missing(reviewed: Review, draft: Draft) -> list[str]:
    """List the values not given yet; these are not errors."""
    found = [label_of(parameter) for parameter in reviewed.filled.missing]
    return [*found, *([t("When")] if reviewed.when_error and not draft.when.strip() else [])]


def _trouble(reviewed: Review, draft: Draft) -> list[str]:
    """List the values that are not valid."""
    lines = list(reviewed.filled.errors.values())
    if reviewed.when_error and draft.when.strip():
        lines.append(f"**{t('When:')}** {reviewed.when_error}")
    return lines + reviewed.problems
