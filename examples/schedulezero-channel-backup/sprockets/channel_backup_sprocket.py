"""Channel backup: posts the last messages of a channel as a file."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import discord
from discord.ext import commands
from pydantic import Field

from sprockets.kit import (
    JobFailed,
    RegisteringCog,
    asking_discord,
    by_name,
    current_run,
    in_channel,
    job,
    on_schedule,
    post,
    progress,
)

Count = Annotated[int, Field(ge=1, le=5000)]
Kibibytes = Annotated[int, Field(ge=64, le=8192)]


@on_schedule("every day at 4")
@job(
    needs=(
        *in_channel("source", "read_message_history"),
        *in_channel("log", "send_messages", "attach_files"),
    ),
    resumable=True,
    time_limit=timedelta(minutes=10),
)
async def back_up_channel(
    bot: commands.Bot,
    source: discord.TextChannel,
    log: discord.TextChannel,
    most: Count = 1000,
    kibibytes: Kibibytes = 4096,
) -> dict[str, Any]:
    """Back up a channel: post its last messages as a file.

    Params:
        source: Whose messages to copy
        log: Where to post the file
        most: How many messages at most
        kibibytes: The file's largest size, in KiB
    """
    await _check(bot, source=source, log=log)
    backup = Backup(most, min(kibibytes * 1024, log.guild.filesize_limit))
    async with asking_discord(f"read the messages in #{source.name}"):
        async for message in source.history(limit=most + 1):
            if not backup.add(message):
                break
            progress(f"{len(backup.lines)} of {most}")
    run = current_run()
    at = run.scheduled_at.astimezone(ZoneInfo(run.timezone))
    text = "\n".join(
        (f"Backup of {source.mention}: {_many(len(backup.lines), 'message')}.", *backup.left_out())
    )
    files = [discord.File(io.BytesIO(backup.content()), f"{source.name}-{at:%Y-%m-%d-%H%M}.jsonl")]
    sent = await post(log, f"#{log.name}", content=text, files=files if backup.lines else [])
    return {
        "success": True,
        **sent,
        "messages": len(backup.lines),
        "older_left_out": backup.older is not None,
    }


@back_up_channel.check
async def _check(bot: commands.Bot, source: discord.TextChannel, log: discord.TextChannel, **_: Any) -> None:
    """Refuse a channel that would copy its own backups."""
    if source == log:
        raise JobFailed("Post the file in another channel than the one whose messages it has.", retry=False)


@dataclass
class Backup:
    """A file of messages that grows from the newest to the oldest, up to its bounds."""

    most: int
    largest: int
    lines: list[bytes] = field(default_factory=list[bytes])
    size: int = 0
    attachments: int = 0
    without_text: int = 0
    older: str | None = None
    """Why older messages were left out; None if there are none."""

    def add(self, message: discord.Message) -> bool:
        """Take the next older message, and return whether there was room for it."""
        if len(self.lines) == self.most:
            self.older = f"the backup takes {_many(self.most, 'message')} at most"
            return False
        line = json.dumps(record_of(message), ensure_ascii=False).encode() + b"\n"
        if self.size + len(line) > self.largest:
            self.older = f"the file may have {self.largest // 1024} KiB at most"
            return False
        self.lines.append(line)
        self.size += len(line)
        self.attachments += len(message.attachments)
        self.without_text += not (
            message.content
            or message.attachments
            or message.embeds
            or message.stickers
            or message.is_system()
        )
        return True

    def content(self) -> bytes:
        """Return the file, the oldest message first."""
        return b"".join(reversed(self.lines))

    def left_out(self) -> list[str]:
        """Say what isn't in the file, one sentence for each kind."""
        said: list[str] = []
        if self.older is not None:
            said.append(f"-# Older messages are left out: {self.older}.")
        if self.attachments:
            said.append(f"-# {_many(self.attachments, 'attachment')} left out; the file has names and sizes.")
        if self.without_text:
            said.append(
                f"-# {_many(self.without_text, 'message')} came without text. If people wrote any, switch on "
                "*Message Content Intent* in Discord's developer portal."
            )
        return said


def record_of(message: discord.Message) -> dict[str, Any]:
    """Return what the file keeps of a message."""
    reference = message.reference
    return {
        "id": str(message.id),
        "at": message.created_at.isoformat(),
        "edited": message.edited_at.isoformat() if message.edited_at else None,
        "author": {"id": str(message.author.id), "name": message.author.name},
        "text": message.content,
        "answers": str(reference.message_id) if reference and reference.message_id else None,
        "embeds": [embed.to_dict() for embed in message.embeds],
        "attachments": [{"name": item.filename, "bytes": item.size} for item in message.attachments],
    }


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


class ChannelBackupSprocket(RegisteringCog):
    """Registers the channel backup."""

    jobs = by_name(back_up_channel)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ChannelBackupSprocket(bot))
