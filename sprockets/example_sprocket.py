"""A sprocket to copy: a job of its own, a job that builds on another sprocket's, and a slash command.

Copy this file to ``sprockets/<name>_sprocket.py``, change it, and load it with ``/load_sprocket <name>``. A
job is a function ``(bot, params) -> dict``. The first line of its docstring becomes its help, and the
``Params:`` block becomes its form in Discord.
"""

from __future__ import annotations

import random
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from schedulezero.methods.host import host_of
from schedulezero.methods.spec import Need, needs, resumable
from schedulezero.sentences import Sentence
from sprockets.kit import guild_channel_of

# Sentences with a code can be translated; a sprocket of your own may have plain texts.
QUESTIONS = (
    Sentence("What made you smile this week?", "question_smile"),
    Sentence("What are you building at the moment?", "question_building"),
    Sentence("Which game do you wish you could play again for the first time?", "question_game"),
    Sentence("What's the best thing you've eaten lately?", "question_food"),
)


@resumable
@needs(Need("view_channel", channel="channel_id"), Need("send_messages", channel="channel_id"))
async def question_of_the_day(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Post a question that gets people talking.

    Params:
        channel_id: int - Where to ask
        question: str - The question. Leave it empty to use one of mine (optional)
    """
    question = params.get("question")
    if not question:
        channel = await guild_channel_of(bot, int(params["channel_id"]))
        question = await host_of(bot).services.said_in(channel.guild, random.choice(QUESTIONS))
    # Call another sprocket's job as the server would.
    cog: Any = bot.get_cog("ScheduleZeroCog")
    announce = cog.handler.sprockets["send_announcement"]
    return await announce(bot, {"channel_id": params["channel_id"], "message": f"**{question}**"})


JOBS = {"question_of_the_day": question_of_the_day}


class ExampleSprocket(commands.Cog):
    """Registers the jobs above and adds a slash command."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        cog: Any = self.bot.get_cog("ScheduleZeroCog")
        for name, function in JOBS.items():
            cog.register_sprocket(name, function)

    async def cog_unload(self) -> None:
        cog: Any = self.bot.get_cog("ScheduleZeroCog")
        if cog is not None:
            for name in JOBS:
                cog.unregister_sprocket(name)

    @app_commands.command(name="question", description="Show a question that gets people talking")
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def question(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(random.choice(QUESTIONS), ephemeral=True)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ExampleSprocket(bot))
