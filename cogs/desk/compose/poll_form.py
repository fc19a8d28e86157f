"""The form of a poll; without a question, the post has none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from discord import ui

from cogs.desk.compose.part import part_of, save
from cogs.desk.creating.draft_view import show_draft
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import cut, plain
from cogs.language import t
from schedulezero.compose import limits
from schedulezero.compose.parts import answer_length
from schedulezero.methods.parameters import Kind
from schedulezero.when.language.span_text import span_of

_HOURS = 24
_HOUR = timedelta(hours=1)


async def open_form(desk: Desk, target: str) -> None:
    """Open the form of a draft's poll."""
    part = await part_of(desk, target, Kind.POLL)
    poll: dict[str, Any] = part.value if isinstance(part.value, dict) else {}
    hours = poll.get("hours") or _HOURS
    fields = [
        text_field(
            "question",
            t("Question"),
            value=poll.get("question"),
            description=t("Leave it empty for no poll"),
            most=limits.POLL_QUESTION.most,
        ),
        text_field(
            "answers",
            t("Answers"),
            value="\n".join(map(str, cast("list[Any]", poll.get("answers") or []))),
            description=t("One per line, up to {most}", most=limits.POLL_ANSWERS.most),
            long=True,
            most=limits.POLL_ANSWERS.most * (2 * limits.POLL_ANSWER.most + 1),
        ),
        text_field(
            "hours",
            t("Open for"),
            value=f"{hours} h",
            description=t("From 1 hour to {most} days", most=limits.POLL_HOURS.most // 24),
            placeholder="24 h",
            most=40,
        ),
        ui.Label(
            text=t("Multiple answers"),
            component=ui.Checkbox(custom_id="several", default=bool(poll.get("several"))),
        ),
    ]
    await ask(desk, "poll", "form", part.target(), t("Poll"), fields)


async def submitted(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Save the form of a poll."""
    part = await part_of(desk, target, Kind.POLL)
    question = str(given.get("question") or "").strip()
    if not question:
        part = await save(desk, part.changed(None))
        await show_draft(desk, part.draft, part.spec)
        return
    answers = [line.strip() for line in str(given.get("answers") or "").splitlines() if line.strip()]
    wrong = [
        t(
            "The answer “{text}” has {count} characters; Discord allows {most}.",
            text=cut(plain(answer), 30),
            count=answer_length(answer),
            most=limits.POLL_ANSWER.most,
        )
        for answer in answers
        if answer_length(answer) > limits.POLL_ANSWER.most
    ]
    if len(answers) > limits.POLL_ANSWERS.most:
        wrong.append(t("A poll can have at most {most} answers.", most=limits.POLL_ANSWERS.most))
    if not answers:
        wrong.append(t("A poll needs at least one answer."))
    hours, said = _hours(str(given.get("hours") or "").strip())
    poll: dict[str, Any] = {"question": question, "answers": answers, "hours": hours}
    if given.get("several"):
        poll["several"] = True
    # What is too long stays in the draft, for the form to show again; the card says that it can't be saved.
    part = await save(desk, part.changed(poll))
    notice = " ".join([*wrong, *([said] if said else [])])
    await show_draft(desk, part.draft, part.spec, notice=notice or None)


def _hours(typed: str) -> tuple[int, str | None]:
    """Return for how many hours a poll is open, and why that isn't what was typed."""
    if typed.isascii() and typed.isdecimal() and len(typed) < 6:
        length = int(typed) * _HOUR
    else:
        length = span_of(typed) if typed else _HOURS * _HOUR
    least, most = limits.POLL_HOURS.least, limits.POLL_HOURS.most
    if length is None:
        # Each post opens a new poll, so an end such as “until Friday” would fit one of them.
        return _HOURS, t("A poll stays open for a set time after each post, such as `3 days`.")
    if not least * _HOUR <= length <= most * _HOUR:
        return _HOURS, t("A poll can stay open for 1 hour to {most} days.", most=most // 24)
    return max(round(length / _HOUR), least), None


PANELS = (Panel("poll", opens={"open": open_form}, forms={"form": submitted}),)
