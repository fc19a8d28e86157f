"""What could never work is refused when a sprocket is loaded, with the file and the line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import sprockets
from cogs.services import Refused
from cogs.sprocket_loading import loader
from tests.support.world import World

HEAD = """import discord
from enum import Enum
from typing import Annotated, Literal
from pydantic import BaseModel, Field
from sprockets.kit import RegisteringCog, by_name, job, in_channel, ChannelId, Text, Need, OptionsFrom
"""
TAIL = """
class OddSprocket(RegisteringCog):
    jobs = by_name(odd)

async def setup(bot):
    await bot.add_cog(OddSprocket(bot))
"""
# Read as: what is declared from line 6 on, what is said of it, and the line.
DECLARED = [
    ("@job()\nasync def odd(\n    bot,\n    who: discord.Client,\n): ...", "'who' can't be discord.Cl", 9),
    ("@job()\nasync def odd(bot,\n  who: discord.Role | discord.Member,\n): ...", "one field can't ask", 8),
    ("@job()\nasync def odd(bot,\n  where): ...", "odd: 'where' needs an annotation", 8),
    ("@job()\nasync def odd(bot,\n  *rest: int): ...", "*rest cannot be a parameter", 8),
    ("@job()\nasync def odd(bot, it: 'Missing'): ...", "names 'Missing', which isn't imported", 7),
    ("@job()\ndef odd(bot, where: discord.TextChannel): ...", "which only an async function can get", 7),
    ("@job()\nasync def odd(bot):\n    yield 1", "can't be a job: it yields", 7),
    ("@job()\nasync def odd(): ...", "the first argument of a job must be the bot", 7),
    ("@job()\nasync def odd(bot, _meta: int): ...", "'_meta' can't be a parameter's name", 7),
    ("@job()\nasync def odd(bot, a: Literal['', 'b']): ...", "a choice that isn't between 1 and 100", 7),
    ("@job()\nasync def odd(bot, a: Literal[1, '1']): ...", "two choices that look the same", 7),
    ("class Empty(Enum): ...\n\n@job()\nasync def odd(bot, a: Empty): ...", "nothing to choose from", 9),
    (
        "@job()\nasync def odd(bot, a: Annotated[int, Field(ge=5, le=1)]): ...",
        "could have no value: its least is more than its most",
        7,
    ),
    (
        f"@job()\nasync def odd(bot, {', '.join(f'p{number}: int' for number in range(36))}): ...",
        "it has 36 parameters; forms can ask for 35",
        7,
    ),
    (
        "@job(groups={'all': tuple('abcdef')})\nasync def odd(bot, a: int, b: int, c: int, d: int, e: int, "
        "f: int): ...",
        "the group 'all' has 6 parameters; a form has 5 fields",
        7,
    ),
    ("@job(groups={'all': ('a',)})\nasync def odd(bot, a: int, b: int): ...", "no group asks for it", 7),
    ("@job(needs=in_channel('chanel', 'send_messages'))\nasync def odd(bot): ...", "speak of 'chanel'", 7),
    (
        "@job(needs=in_channel('channel', 'send_mesages'))\nasync def odd(bot, channel: ChannelId): ...",
        "no permission 'send_mesages'; did you mean 'send_messages'?",
        7,
    ),
    (
        "@job()\nasync def odd(bot): ...\n\nfirst = odd\n\n@job()\nasync def odd(bot): ...\n\n"
        "jobs = by_name(first, odd)",
        "two jobs are called odd",
        12,
    ),
    (
        "class Odd(BaseModel):\n    fine: int = 1\n    needed: int\n\n@job()\nasync def odd(bot): ...\n\n"
        "RegisteringCog.settings = Odd",
        "Odd: 'needed' needs a default",
        8,
    ),
    (
        "class Odd(BaseModel):\n    fine: int = 1\n    kind: Literal['a', 'A' * 0] = 'a'\n\n@job()\n"
        "async def odd(bot): ...\n\nRegisteringCog.settings = Odd",
        "Odd: 'kind' has a choice",
        8,
    ),
    (
        "@job()\nasync def odd(bot,\n  name: Annotated[Text, Field(ge=3)]): ...",
        "odd: 'name' has the constraint ge=3, which doesn't apply to str.",
        8,
    ),
    ("@job()\nasync def odd(bot, a: Annotated[int, Field(pattern='x')]): ...", "pattern='x', which", 7),
    ("@job()\nasync def odd(bot, a: Annotated[Text, Field(pattern='[')]): ...", "unclosed character", 7),
    ("@job()\nasync def odd(bot, a: int = 'five'): ...", "declared as int, but its default is 'five'", 7),
    ("@job()\nasync def odd(bot, a: Literal['x', 'y'] = 'z'): ...", "'z', which isn't one", 7),
    (
        "class Odd(BaseModel):\n    most: int = 'many'\n\n@job()\nasync def odd(bot): ...\n\n"
        "RegisteringCog.settings = Odd",
        "Odd: 'most' is declared as int, but its default is 'many'",
        7,
    ),
    ("@job(needs=(Need('send_messages', of='persn'),))\nasync def odd(bot): ...", "Need is `of` 'per", 7),
    ("@job()\nasync def odd(bot, a: Annotated[Text, OptionsFrom(['x'])]): ...", "has OptionsFrom", 7),
    (
        "async def tell(bot): ...\n\n@job()\nasync def odd(bot):\n    await tell(bot)\n    tell(bot)\n",
        "tell(…) does nothing: write `await tell(…)`",
        11,
    ),
    ("@job(time_limit=60)\nasync def odd(bot): ...", "odd: time_limit is a timedelta, such as", 7),
    ("@job(resumeable=True)\nasync def odd(bot): ...", "no option 'resumeable'; did you mean 'resum", 7),
    ("@job(needs='send_messages')\nasync def odd(bot): ...", "needs is a tuple of Need(…), or what in_ch", 7),
    (
        "@job()\nasync def odd(bot): ...\n\nclass Base(RegisteringCog): ...\nby_name = lambda job: [job]\n",
        "OddSprocket.jobs must be what by_name(…) returns",
        13,
    ),
    ("@job()\nasync def odd(bot, a: Annotated[Text, OptionsFrom(list)]): ...", "has OptionsFrom", 7),
    (
        "@job()\nasync def odd(bot, a: Text): ...\n\n@odd.preview\nasync def _said(bot, b: str): ...",
        "odd: its preview must take what the job takes (the bot, a): missing a required argument: 'b'",
        10,
    ),
    ("@job()\nasync def odd(bot): ...\n\n@odd.check\ndef _ok(bot): ...", "its check must be async", 10),
    ("async def odd(bot, a: Text): ...", "odd takes parameters of its own, so it needs `@job()` above", 6),
    (
        "@job()\nasync def odd(bot, size: int):\n  \"\"\"Do.\n\n  Params:\n    sise: How\n  \"\"\"",
        "odd: its docstring speaks of the parameter 'sise', but its parameters are size.",
        7,
    ),
    (
        "@job()\nasync def odd(bot): ...\n\nclass Base(RegisteringCog):\n  async def cog_unload(self): ...\n"
        "RegisteringCog = Base",
        "Base.cog_unload must call `await super().cog_unload()`",
        10,
    ),
    ("@job()\nasync def odd(bot): ...\n\nby_name(odd, odd)", "odd is listed twice", 7),
]  # fmt: skip


async def test_what_cannot_work_is_refused_with_its_line(world: World, tmp_path: Path) -> None:
    sprockets.__path__.append(str(tmp_path))
    try:
        for number, (text, said, line) in enumerate(DECLARED):
            tail = TAIL
            if "RegisteringCog.settings = Odd" in text:
                text, tail = text.replace("RegisteringCog.settings = Odd", ""), TAIL + ""
                tail = tail.replace("    jobs =", "    settings = Odd\n    jobs =")
            (tmp_path / f"odd{number}_sprocket.py").write_text(f"{HEAD}{text}\n{tail}")
            with pytest.raises(Refused) as refused:
                await loader.load(world.bot, f"odd{number}")
            message = refused.value.message
            assert said in message, f"{text}\n{message}"
            assert message.endswith(f"/odd{number}_sprocket.py, line {line})"), f"{text}\n{message}"
            assert f"sprockets.odd{number}_sprocket" not in world.bot.extensions
    finally:
        sprockets.__path__.remove(str(tmp_path))
        for name in [name for name in sys.modules if name.startswith("sprockets.odd")]:
            del sys.modules[name]
