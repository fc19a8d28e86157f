"""Start from a right click on a message or a person: make a draft of it, or find the job that posted it."""

from __future__ import annotations

import discord

from cogs.desk.creating import create, draft_view
from cogs.desk.creating.message_parts import METHOD, notices_of, uploads_of, values_of, with_kept_pictures
from cogs.desk.drafts.forms import build_form
from cogs.desk.drafts.uploads import keep_all
from cogs.desk.jobs import job_card
from cogs.desk.kit.context import Desk
from cogs.desk.kit.lacking import lacks_of
from cogs.desk.kit.modals import open_form
from cogs.language import t
from cogs.memory import Draft
from cogs.services import Refused

_ROLE = "add_role_scheduled"


async def schedule_message(desk: Desk, message: discord.Message) -> None:
    """Show a draft with the content of a message."""
    draft, said = await draft_of(desk, message)
    spec = draft_view.loaded(desk, draft.method)
    await desk.memory.save_draft(draft)
    await draft_view.show_draft(desk, draft, spec, notice=" ".join(said) or None)


async def post_again(desk: Desk, message: discord.Message) -> None:
    """Open a draft with the content of a message, starting with the question when.

    A form can't say what doesn't go along and can't wait for files, so the draft is shown first then.
    """
    if notices_of(message) or uploads_of(message):
        await desk.acknowledge()
        await schedule_message(desk, message)
        return
    draft, _ = await draft_of(desk, message)
    spec = draft_view.loaded(desk, draft.method)
    lacks = await lacks_of(desk)
    await open_form(desk, build_form(spec, draft, "when", lacks=lacks))
    await desk.memory.save_draft(draft)


async def which_job(desk: Desk, message: discord.Message) -> None:
    """Show the card of the job whose run posted a message."""
    run = await desk.client.run_of_message(desk.guild_id, message.id)
    if run is None:
        if not _is_mine(desk, message):
            raise Refused(t("I didn't post this message."))
        raise Refused(
            t(
                "I can't find a job in this server that posted this message. Perhaps the job's "
                "history was cleared."
            )
        )
    await job_card.show_card(desk, run.job_id, headline=t("The job that posted this message"))


def _is_mine(desk: Desk, message: discord.Message) -> bool:
    """Return whether the bot posted a message, in its own name or, by a webhook of its own, in another."""
    me = desk.interaction.application_id
    return message.application_id == me or (
        desk.bot.user is not None and message.author.id == desk.bot.user.id
    )


async def schedule_role(desk: Desk, member: discord.Member) -> None:
    """Show a draft that gives a person a role."""
    spec = draft_view.loaded(desk, _ROLE)
    draft = create.new_draft(desk, _ROLE, values={"user_ids": [str(member.id)]})
    await desk.memory.save_draft(draft)
    await draft_view.show_draft(desk, draft, spec)


async def draft_of(desk: Desk, message: discord.Message) -> tuple[Draft, list[str]]:
    """Return a draft with all of a message that can be posted again, its files kept; and what is left out.

    A forward holds nothing itself; what it shows is the message that was forwarded.
    """
    values = values_of(message)
    kept = await keep_all(desk, uploads_of(message))
    if kept.files:
        values["files"] = list(kept.files)
    if "embeds" in values:
        values["embeds"] = with_kept_pictures(values["embeds"], kept.names)
    if not values.keys() & {"text", "embeds", "files", "poll"}:
        refused = " ".join(kept.refused)
        raise Refused(refused or t("This message has no text, embed, file or poll to post again."))
    channel = [str(message.channel.id)]
    draft = create.new_draft(desk, METHOD, values={"channel_ids": channel, **values})
    return draft, [*notices_of(message), *kept.refused]
