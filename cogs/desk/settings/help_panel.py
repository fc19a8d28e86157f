"""``/schedule help``: the bot's commands and how to write times and texts, in the person's language."""

from __future__ import annotations

from discord import ui

from cogs.desk.kit.context import Desk
from cogs.desk.kit.layout import panel_of
from cogs.desk.kit.wording import NEUTRAL
from cogs.language import locale, mark, t
from schedulezero import instants
from schedulezero.methods.variables import Facts, facts_of, render
from schedulezero.when.language.say import examples

# Read as: a command, its purpose.
_COMMANDS = (
    ("/schedule create", mark("schedule something: line by line, with a preview")),
    ("/schedule list", mark("everything that is scheduled; filter, select, change together")),
    ("/schedule calendar", mark("the month or the week as a picture, and a file for your calendar")),
    ("/schedule history", mark("what ran; retry what failed")),
    ("/schedule drafts", mark("your unfinished drafts")),
    ("/schedule export", mark("all jobs as a file; /schedule import reads one")),
    ("/schedule setup", mark("zone, alerts, approval, limits of this server")),
    ("/schedule status", mark("my state")),
)
_VARIABLES = (
    ("{date} {time}", mark("the day and the time of the run")),
    ("{countdown:2027-01-01}", mark("how many days are left")),
    ("{in:2h} {at:18:00|t}", mark("a time after the run or on its day, as each reader's clock shows it")),
    ("{run}", mark("the number of the run")),
    ("{members} {server}", mark("the member count and the server's name")),
    ("{role:Name}", mark("a role by its name")),
)


def _now(variable: str, facts: Facts) -> str:
    """Return what a variable stands for at present; nothing for one that needs a name of the guild's own."""
    return "" if variable == "{role:Name}" else f" · *{render(variable, facts)}*"


async def show_help(desk: Desk) -> None:
    """Answer ``/schedule help``."""
    commands = "\n".join(f"- `{name}`: {t(words)}" for name, words in _COMMANDS)
    facts = facts_of(desk.guild, timezone=await desk.zone(), number=1, now=instants.now())
    variables = "\n".join(f"- `{name}`: {t(words)}{_now(name, facts)}" for name, words in _VARIABLES)
    menus = t(
        "Right-click a message (hold it on a phone) → *Apps*: schedule it, post it again, or ask which job "
        "posted it."
    )
    turns = t("To rotate several texts, put a line of `---` between them.")
    await desk.show(
        panel_of(
            ui.TextDisplay(f"### {t('I run scheduled jobs')}\n{commands}\n\n{menus}"),
            ui.Separator(),
            ui.TextDisplay(f"**{t('When, in your own words')}**\n{examples(locale())}"),
            ui.Separator(),
            ui.TextDisplay(f"**{t('In your texts')}**\n{variables}\n{turns}"),
            colour=NEUTRAL,
        ),
    )
