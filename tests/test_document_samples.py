"""Every code block of the architecture document runs, with the edits that discord.py's names need.

The blocks are taken from the document itself. A block that no test here knows fails.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import httpx
import pytest
import yaml
from discord.ext import commands

from bot.config import Settings
from cogs.services import handler_of
from schedulezero.server.service import ServerConfig
from tests.support.command_line import end_in
from tests.support.own_bot import Own, OwnBot, documented_folder, own_bot

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT.parent / "shared" / "document" / "architecture.md"
_REQUIRED = bool(os.environ.get("CI")) and os.environ.get("DISCORD_RULES") != "none"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not DOCUMENT.exists() and not _REQUIRED, reason="the document isn't on this machine"),
]

# Read as: what py-cord calls it, and discord.py.
EDITS = {
    "discord.Bot()": "commands.Bot(command_prefix='!', intents=discord.Intents.default())",
    "discord.Bot": "commands.Bot",
    "discord.ApplicationContext": "commands.Context",
    "@discord.slash_command(": "@commands.hybrid_command(",
    "@bot.slash_command(": "@bot.hybrid_command(",
    "ctx.respond(": "ctx.send(",
    "ctx.followup.send(": "ctx.send(",
    "bot.load_extension(": "await bot.load_extension(",
    "bot.reload_extension(": "await bot.reload_extension(",
    "bot.add_cog(": "await bot.add_cog(",
    "def setup(": "async def setup(",
    # What is awaited needs a mock that can be awaited.
    "import Mock": "import AsyncMock, Mock",
    "Mock(return_value=Mock())": "Mock(return_value=AsyncMock())",
}

# Read as: the name of a block here, its language, and a text that no other block has.
BLOCKS = {
    "diagram": ("", "Discord Bot Process"),
    "layout": ("", "your_bot/"),
    "bot": ("python", "bot.run(TOKEN)"),
    "config": ("yaml", "handler_port: 5000"),
    "terminals": ("bash", "python bot.py"),
    "template": ("python", "CustomSprocket methods registered"),
    "load": ("python", "# In bot.py"),
    "signature": ("python", "async def job_name"),
    "errors": ("python", "async def safe_job"),
    "validation": ("python", "async def validated_job"),
    "rate limit": ("python", "async def bulk_job"),
    "logging": ("python", 'logger.warning(f"Channel not found: {channel_id}")'),
    "schedule": ("python", "async def schedule_announcement"),
    "dynamic load": ("python", "schedulezero_cog.handler.stop()"),
    "reload": ("python", "# During development"),
    "announcement": ("json", "send_embed_announcement"),
    "cleanup": ("json", "cleanup_messages"),
    "another's method": ("python", 'handler.sprockets["other_method"]'),
    "slash command": ("python", 'name="custom_command"'),
    "sync": ("python", "def sync_job"),
    "mock": ("python", "from unittest.mock"),
}

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    return [(m["language"], m["text"]) for m in _BLOCK.finditer(DOCUMENT.read_text(encoding="utf-8"))]


def block(name: str) -> str:
    """The text of a block as the document has it."""
    language, part = BLOCKS[name]
    (found,) = [text for kind, text in blocks() if kind == language and part in text]
    return found


def sample(name: str) -> str:
    """The text of a block with the edits."""
    text = block(name)
    for before, after in EDITS.items():
        text = text.replace(before, after)
    return text


def test_each_block_is_known_and_each_known_one_is_there() -> None:
    names = [
        [name for name, (language, part) in BLOCKS.items() if kind == language and part in text]
        for kind, text in blocks()
    ]
    assert all(len(found) == 1 for found in names), names
    assert sorted(found[0] for found in names) == sorted(BLOCKS)
    assert len(blocks()) * 2 == len(re.findall(r"^\s*(?:```|~~~)", DOCUMENT.read_text(), re.MULTILINE))


def test_each_edit_is_needed() -> None:
    everything = "\n".join(text for _, text in blocks())
    assert not [before for before in EDITS if before not in everything]


# -------------------------------------------------------------------- the folder and the bot


@pytest.fixture
def folder(
    tmp_path: Path, settings: Settings, server: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    with documented_folder(tmp_path, settings):
        yield tmp_path


@asynccontextmanager
async def documented_bot(folder: Path) -> AsyncIterator[Own]:
    """The document's bot, with the extensions that its ``bot.py`` and *Load Your Sprocket* load."""
    (folder / "cogs" / "sprockets" / "custom_sprocket.py").write_text(sample("template"))
    names = re.findall(r'await bot\.load_extension\("(.+)"\)', sample("bot") + sample("load"))
    assert len(names) == 4
    async with own_bot(*names) as own:
        yield own


async def execute(source: str, **names: Any) -> dict[str, Any]:
    """Run a block in which the document awaits outside of a function; return its names."""
    lines = textwrap.indent(source, "    ")
    scope: dict[str, Any] = {**names}
    exec(f"async def block():\n{lines}\n    return locals()", scope)
    return await scope["block"]()


HEADER = """\
import asyncio
import logging
from typing import Any, Dict
import discord
from discord.ext import commands

logger = logging.getLogger("sample")

def some_calculation(value):
    return value * 2
"""
REGISTERING = """
class SampleSprocket(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self):
        cog = self.bot.get_cog("ScheduleZeroCog")
        for name in NAMES:
            cog.register_sprocket(name, globals()[name])

async def setup(bot):
    await bot.add_cog(SampleSprocket(bot))
"""


def sprocket_of(folder: Path, name: str, *methods: str) -> None:
    """Write a sprocket of a block's functions."""
    text = f"{HEADER}\n{sample(name)}\nNAMES = {methods!r}\n{REGISTERING}"
    (folder / "cogs" / "sprockets" / "sample_sprocket.py").write_text(text)


def only(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what the handler adds."""
    return {key: value for key, value in answer.items() if key not in ("success", "retry")}


# -------------------------------------------------------------------- the pictures and the quick start


async def test_the_diagrams_jobs_are_registered(folder: Path) -> None:
    names = re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", "\n".join(re.findall("Registers: (.+)", block("diagram"))))
    async with documented_bot(folder) as own:
        jobs = handler_of(own.bot).sprockets
        assert len(names) == 5 and set(names) - {"your_custom_methods"} <= set(jobs)
        assert {"my_custom_job", "another_job"} <= set(jobs)


def test_the_layout_is_what_the_samples_name() -> None:
    modules = [f"{name}.py" for name in re.findall(r"(\w+)\.py", block("layout"))]
    assert {"bot.py", "schedulezero_cog.py", "custom_sprocket.py"} <= set(modules)
    assert "schedulezero.yaml" in block("layout")


def test_the_configuration_is_accepted(tmp_path: Path) -> None:
    from bot.config import load_settings

    (tmp_path / "schedulezero.yaml").write_text(block("config"))
    settings = load_settings(tmp_path / "schedulezero.yaml")
    for key, value in yaml.safe_load(block("config")).items():
        assert getattr(settings, key) == value


async def test_the_first_terminals_command_says_what_to_run(tmp_path: Path, settings: Settings) -> None:
    (line,) = [line for line in block("terminals").splitlines() if "schedule_zero" in line]
    module = line.split()[-1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()
    assert process.returncode == 2 and "schedulezero-bot server" in err.decode()
    assert (await end_in(ROOT, settings, "server", "--help")).status == 0


# -------------------------------------------------------------------- sprockets


async def test_the_template(folder: Path) -> None:
    async with documented_bot(folder) as own:
        params = {"channel_id": own.channel.id, "custom_param": "hello"}
        answer = await own.run("my_custom_job", params)
        assert answer["result"] == "success"
        assert own.posted()[-1] == "Custom job executed: hello"
        assert only(await own.run("another_job", {})) == {"status": "ok"}
        await execute(sample("reload"), bot=own.bot)
        assert (await own.run("my_custom_job", params))["result"] == "success"
        await own.bot.unload_extension("cogs.sprockets.custom_sprocket")
        assert "my_custom_job" not in handler_of(own.bot).sprockets


async def load_sample(own: Own) -> None:
    await own.bot.load_extension("cogs.sprockets.sample_sprocket")


async def test_the_signature(folder: Path) -> None:
    sprocket_of(folder, "signature", "job_name")
    async with own_bot("cogs.schedulezero_cog", "cogs.sprockets.sample_sprocket") as own:
        answer = await own.run("job_name", {"param1": "x", "param2": "y"})
        assert "error" not in answer and answer.get("success") is not False


async def test_error_handling(folder: Path) -> None:
    sprocket_of(folder, "errors", "safe_job")
    async with own_bot("cogs.schedulezero_cog") as own:
        await load_sample(own)
        answer = await own.run("safe_job", {"channel_id": own.channel.id})
        assert answer["success"] is True and answer["message_id"]
        assert only(await own.run("safe_job", {})) == {"error": "Missing parameter: 'channel_id'"}
        assert (await own.run("safe_job", {"channel_id": 1}))["error"] == "Channel not found"


async def test_parameter_validation(folder: Path) -> None:
    sprocket_of(folder, "validation", "validated_job")
    async with own_bot("cogs.schedulezero_cog") as own:
        await load_sample(own)
        missing = await own.run("validated_job", {"message": "x"})
        assert missing["error"] == "Missing parameters: ['channel_id']"
        wrong = await own.run("validated_job", {"message": "x", "channel_id": "x"})
        assert wrong["error"] == "channel_id must be an integer"
        right = await own.run("validated_job", {"message": "x", "channel_id": 1})
        assert "error" not in right


async def test_rate_limiting(folder: Path) -> None:
    sprocket_of(folder, "rate limit", "bulk_job")
    async with own_bot("cogs.schedulezero_cog") as own:
        await load_sample(own)
        other = own.guild.create_text_channel("other")
        answer = await own.run("bulk_job", {"channel_ids": [own.channel.id, other.id]})
        assert only(answer) == {"sent_count": 2}


async def test_sync_and_async(folder: Path) -> None:
    sprocket_of(folder, "sync", "async_job", "sync_job")
    async with own_bot("cogs.schedulezero_cog") as own:
        await load_sample(own)
        assert only(await own.run("async_job", {"channel_id": own.channel.id})) == {"status": "sent"}
        assert only(await own.run("sync_job", {"value": 21})) == {"result": 42}


async def test_logging(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    import logging

    async with own_bot("cogs.schedulezero_cog") as own:
        logger, channel = logging.getLogger("sample"), own.bot.get_channel(own.channel.id)
        with caplog.at_level("INFO", "sample"):
            await execute(
                sample("logging"), logger=logger, params={}, channel=channel, channel_id=7, e=KeyError("x")
            )
        assert "Sent message to #general" in caplog.text and "Channel not found: 7" in caplog.text


# -------------------------------------------------------------------- sprockets with others, and commands


async def test_one_sprocket_calls_anothers_method(folder: Path) -> None:
    async with documented_bot(folder) as own:
        cog: Any = own.bot.get_cog("ScheduleZeroCog")
        cog.register_sprocket("other_method", cog.handler.sprockets["another_job"])
        left = await execute(sample("another's method"), bot=own.bot, params={})
        assert left["result"] == {"status": "ok"}


async def test_a_sprockets_slash_command(folder: Path) -> None:
    text = (
        f"{HEADER}\n{sample('slash command')}\nasync def setup(bot):\n    await bot.add_cog(CustomSprocket())"
    )
    (folder / "cogs" / "sprockets" / "custom_sprocket.py").write_text(text)
    async with own_bot("cogs.schedulezero_cog") as own:
        assert "Loaded **custom**" in await own.slash("load_sprocket", name="custom")
        assert await own.slash("custom_command") == "Custom command!"


async def test_loading_with_a_command_of_ones_own(folder: Path) -> None:
    (folder / "cogs" / "sprockets" / "custom_sprocket.py").write_text(sample("template"))
    bot = OwnBot(command_prefix="!", intents=discord.Intents.default())
    exec(sample("dynamic load"), {"bot": bot, "asyncio": asyncio, "discord": discord, "commands": commands})
    async with own_bot("cogs.schedulezero_cog", bot=bot) as own:
        assert await own.slash("load_sprocket", sprocket_name="custom") == "✅ Loaded: custom"
        await handler_of(bot).wait_bound()
        registered = await handler_of(bot).refresh()
        assert {"my_custom_job", "another_job"} <= set(registered.methods)
        assert only(await own.run("another_job", {})) == {"status": "ok"}
        assert (await own.slash("load_sprocket", sprocket_name="nothing")).startswith("❌ Failed")


async def test_scheduling_with_a_command_of_ones_own(folder: Path, server: ServerConfig) -> None:
    bot = OwnBot(command_prefix="!", intents=discord.Intents.default())
    source = sample("schedule").replace("http://localhost:8888", server.api_endpoint)
    exec(source, {"bot": bot, "discord": discord, "commands": commands})
    names = ("cogs.schedulezero_cog", "cogs.sprockets.announcement_sprocket")
    async with own_bot(*names, bot=bot) as own:
        said = await own.slash("schedule_announcement", channel=own.channel, message="soon", minutes=0)
        assert said.startswith("✅ Scheduled! Job ID: ")
        await own.until_posted("soon")


@pytest.mark.parametrize("name", ["announcement", "cleanup"])
async def test_the_bodies_of_requests(tmp_path: Path, settings: Settings, server: ServerConfig,
                                      monkeypatch: pytest.MonkeyPatch, name: str) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    body = json.loads(block(name))
    names = ("cogs.schedulezero_cog", "cogs.sprockets.announcement_sprocket",
             "cogs.sprockets.moderation_sprocket")  # fmt: skip
    with documented_folder(tmp_path, settings, handler_id=body["handler_id"]):
        async with own_bot(*names) as own, httpx.AsyncClient(base_url=server.api_endpoint) as client:
            body["params"]["channel_id"] = own.channel.id  # the document's is in no guild
            created = await client.post("/api/jobs", json=body)
            assert created.status_code == 201, created.text
            job_id = created.json()["job_id"]
            assert (await client.get(f"/api/jobs/{job_id}")).json()["params"] == body["params"]
            answer = await own.run(body["method"], body["params"])
            assert "error" not in answer, answer
            if name == "announcement":
                embeds = own.channel.history()[-1].embeds
                assert embeds[0].title == "Server Update" and embeds[0].fields[0].name == "Feature 1"


# -------------------------------------------------------------------- tests of one's own


@dataclass(frozen=True)
class _Ended:
    status: int
    said: str


async def test_the_test_with_a_mock(tmp_path: Path) -> None:
    place = tmp_path / "cogs" / "sprockets"
    place.mkdir(parents=True)
    (place / "custom_sprocket.py").write_text(sample("template"))
    (tmp_path / "test_custom.py").write_text(sample("mock"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "test_custom.py", cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    ended = _Ended(process.returncode or 0, out.decode())
    assert ended.status == 0 and "'result': 'success'" in ended.said, ended
