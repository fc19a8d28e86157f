"""Alert cards: one for each cause, with the remedies as buttons.

A cause is a kind of trouble with a reason. If it occurs again, for the same job or another one, the existing
card is updated instead of posting a new one. The bot's memory keeps the contents of a card as an `Alert`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import discord
from discord import ui

from cogs.command_mentions import with_mentions
from cogs.desk.jobs import job_card
from cogs.desk.jobs.lookup import check, job_here, telling_of_conflicts
from cogs.desk.kit.components import DeskButton, DeskChannelSelect, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.framed import framed
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.wording import BAD, WAITING, cut, plain, relative
from cogs.desk.runs import history
from cogs.language import in_quotes, markn, t, tn
from cogs.rights.deciding import Act, moved
from cogs.services import Refused
from schedulezero import instants
from schedulezero.sentences import code_of, read_sentence, sentence_fields

MOST_ITEMS = 10

# Read as: kind of trouble, its symbol, the heading for one job, the heading for several.
_HEADINGS = {
    "failed": ("❌", markn("{job} failed", "{count} jobs failed")),
    "uncertain": (
        "❓",
        markn("{job} may or may not have run", "{count} jobs may or may not have run"),
    ),
    "missed": ("⚠️", markn("{job} was missed", "{count} jobs were missed")),
    "skipped": ("⏭", markn("{job} was skipped", "{count} jobs were skipped")),
    "passed_over": ("⚠️", markn("While I was offline: {job}", "While I was offline: {count} jobs")),
    "ahead": ("⚠️", markn("{job} will fail", "{count} jobs will fail")),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One job on a card.

    Attributes:
        target: the target of its Retry button.
        count: the number of runs affected, the last one at ``last_at``.
        paused: whether the job is paused, so that a person has to resume it.
        sequence: its number in the server's outbox of troubles; None if it did not come from there.
    """

    job_id: str
    title: str
    target: str
    count: int
    last_at: datetime
    paused: bool = False
    sequence: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "last_at": instants.to_iso(self.last_at)}


@dataclass(frozen=True, slots=True)
class Alert:
    """The contents of one card.

    Attributes:
        guild_id: the guild of the jobs.
        kind: a key of the headings above.
        reason: the cause, as an English sentence; a `Sentence` if it can be translated.
        items: the jobs, the newest last.
        first_at: when it began.
        channel_id, message_id: where its card is; None before it is posted.
        movable: whether moving the job to another channel may fix it.
        private: whether the card is a direct message.
        edited_at: when the card was last edited; None if it never was.
        owed: whether the jobs end what was done for a while, so that the bot tries them again by itself.
    """

    guild_id: str
    kind: str
    reason: str
    items: tuple[Item, ...]
    first_at: datetime
    channel_id: str | None = None
    message_id: str | None = None
    movable: bool = False
    private: bool = False
    edited_at: datetime | None = None
    owed: bool = False

    def key(self, stage: str = "") -> str:
        """Return the key in memory: the same for the same cause at the same stage of the check ahead."""
        cause = f"{self.guild_id}/{self.kind}/{self.reason}/{stage}{'/owed' if self.owed else ''}"
        return hashlib.sha256(cause.encode()).hexdigest()[:16]

    @property
    def last_at(self) -> datetime:
        return max(item.last_at for item in self.items)

    def tells_of(self, met: Item) -> bool:
        """Return whether the card already includes this trouble, or a later one of the same job.

        A server with a new database counts from the start, so the instants decide as well.
        """
        if met.sequence is None:
            return False
        same = (item for item in self.items if item.job_id == met.job_id and item.sequence is not None)
        return any((item.sequence or 0) >= met.sequence and item.last_at >= met.last_at for item in same)

    def with_item(self, met: Item) -> Alert:
        """Return the alert with a job added that has the same cause."""
        others = tuple(item for item in self.items if item.job_id != met.job_id)
        before = next((item for item in self.items if item.job_id == met.job_id), None)
        counted = replace(met, count=met.count + (before.count if before else 0))
        return replace(self, items=(*others, counted)[-50:])

    def to_json(self) -> dict[str, Any]:
        return {
            "guild_id": self.guild_id,
            "kind": self.kind,
            **sentence_fields("reason", self.reason),
            "items": [item.to_json() for item in self.items],
            "first_at": instants.to_iso(self.first_at),
            "channel_id": self.channel_id,
            "message_id": self.message_id,
            "movable": self.movable,
            "private": self.private,
            "edited_at": instants.to_iso(self.edited_at) if self.edited_at is not None else None,
            "owed": self.owed,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Alert:
        items = tuple(
            Item(**{**item, "last_at": instants.from_iso(item["last_at"])}) for item in data["items"]
        )
        return cls(
            guild_id=data["guild_id"],
            kind=data["kind"],
            reason=read_sentence(data, "reason") or "",
            items=items,
            first_at=instants.from_iso(data["first_at"]),
            channel_id=data["channel_id"],
            message_id=data["message_id"],
            movable=data["movable"],
            private=data["private"],
            edited_at=instants.from_iso(data["edited_at"]) if data.get("edited_at") else None,
            owed=data.get("owed", False),
        )


def _words(reason: str) -> str:
    """Format a reason for a card; of one that was stored without a code, permission names stay emphasised."""
    text = framed(reason, 500)
    return text if code_of(reason) is not None else re.sub(r"\\\*([^*\\]{1,60})\\\*", r"*\1*", text)


def alert_panel(alert: Alert, *, private: bool = False) -> ui.LayoutView:
    """Return the card of an alert, in the current language.

    Parameters:
        alert: the contents.
        private: whether it is a direct message, where rights in the guild cannot be checked; it then links to
            the guild instead of offering remedies.
    """
    symbol, (one, many) = _HEADINGS[alert.kind]
    last = alert.items[-1]
    single = len(alert.items) == 1
    heading = tn(one, many, len(alert.items), job=in_quotes(cut(plain(last.title), 80)))
    lines = [f"### {symbol} {heading}", _words(alert.reason)]
    if alert.owed and alert.kind != "ahead":
        lines.append(
            t(
                "I'll try again from time to time, and as soon as my permissions change. Cancel the job "
                "to leave things as they are."
            )
        )
    if not single:
        lines += [f"- {cut(plain(item.title), 80)}{_times(item)}" for item in alert.items[-MOST_ITEMS:]]
        if len(alert.items) > MOST_ITEMS:
            rest = len(alert.items) - MOST_ITEMS
            lines.append(f"- {tn('and {count} more', 'and {count} more', rest)}")
    else:
        if last.paused:
            lines.append(t("The job is paused until someone resumes it."))
        lines.append(f"-# {relative(last.last_at)}{_times(last)}")
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    if private:
        lines = with_mentions(t("In the server, you can retry with `/schedule history`."))
        address = f"https://discord.com/channels/{alert.guild_id}"
        items += [ui.TextDisplay(lines), row_of(ui.Button(label=t("Go to the server"), url=address))]
    else:
        items += _remedies(alert, last) if single else _choices(alert)
    return panel_of(*items, colour=WAITING if alert.kind in ("ahead", "passed_over") else BAD)


def _times(item: Item) -> str:
    return f" · {t('{count} times', count=item.count)}" if item.count > 1 else ""


def _remedies(alert: Alert, item: Item) -> list[ui.Item[Any]]:
    buttons: list[DeskButton] = []
    if alert.kind in ("failed", "missed", "skipped", "uncertain"):
        style = discord.ButtonStyle.primary
        buttons.append(DeskButton("run", "retry", item.target, t("Retry"), style=style))
    if alert.kind == "passed_over":
        buttons.append(DeskButton("alert", "others", item.job_id, t("Run the rest, too…")))
    if alert.owed:
        opens = DeskButton("job", "show", item.job_id, t("Open the job"))
        style = discord.ButtonStyle.danger
        stop = DeskButton("job", "cancel", item.job_id, t("Cancel this job"), style=style)
        return [row_of(*buttons, opens, stop)]
    buttons += [
        DeskButton("job", "resume", item.job_id, t("Resume"))
        if item.paused
        else DeskButton("alert", "pause", item.job_id, t("Pause")),
        DeskButton("job", "show", item.job_id, t("Open the job")),
    ]
    rows: list[ui.Item[Any]] = [row_of(*buttons)]
    if alert.movable:
        rows.append(row_of(DeskChannelSelect("alert", "move", item.job_id, t("Choose another channel…"))))
    return rows


def _choices(alert: Alert) -> list[ui.Item[Any]]:
    options = [
        discord.SelectOption(label=cut(item.title, 100), value=item.job_id) for item in alert.items[-25:]
    ]
    rest = DeskSelect("alert", "othersof", "any", t("Also run the rest of…"), options)
    look = DeskSelect("alert", "look", "any", t("Open a job…"), options)
    return [row_of(rest), row_of(look)] if alert.kind == "passed_over" else [row_of(look)]


# -------------------------------------------------------------------- remedies


async def look(desk: Desk, _target: str) -> None:
    """Show the card of the picked job."""
    await job_card.show_card(desk, desk.picked())


async def others(desk: Desk, job_id: str) -> None:
    """Offer to backfill the runs that were passed over."""
    await history.ask_missing(desk, job_id, "month")


async def others_of(desk: Desk, _target: str) -> None:
    """Offer to backfill the runs of the picked job that were passed over."""
    await history.ask_missing(desk, desk.picked(), "month")


async def move(desk: Desk, job_id: str) -> None:
    """Move the job to the picked channel."""
    job = await job_here(desk, job_id)
    wanted = moved(job, desk.picked())
    if wanted is None:
        raise Refused(t("“{name}” uses no channel, or more than one.", name=cut(plain(job.title), 60)))
    await check(desk, Act.MOVE, job, version=wanted)
    async with telling_of_conflicts(desk, job_id):
        after = await desk.client.change(wanted, job.version, desk.actor_id)
    heading = t("Moved")
    await job_card.show_job(desk, after, heading=heading, undo=job.version)


PANELS = (
    Panel(
        "alert",
        clicks={"look": look, "pause": job_card.pause, "others": others, "othersof": others_of, "move": move},
    ),
)
