"""A user's folder with the document's layout, beside an installed wheel and inside a checkout."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
import yaml

from bot.config import Settings
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from tests.conftest import until
from tests.support.discord_server import DiscordServer
from tests.support.installed import ROOT, built_wheel, copy_checkout, environment_in, program
from tests.support.peers import tell

pytestmark = pytest.mark.long

HOW_TO = (ROOT / "docs/how-to/use-your-own-bot.md").read_text(encoding="utf-8")
BOT, LINES = re.findall(r'^```python title="[^"]+"\n(.*?)^```$', HOW_TO, re.MULTILINE | re.DOTALL)
CUSTOM = """
from discord.ext import commands

async def my_custom_job(bot, params):
    return {"result": "mine"}

class CustomSprocket(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self):
        self.bot.get_cog("ScheduleZeroCog").register_sprocket("my_custom_job", my_custom_job)

async def setup(bot):
    await bot.add_cog(CustomSprocket(bot))
"""

# Read as: which packages a user's folder has, as files with their text.
LAYOUTS = {
    "no packages": {},
    "packages with the documented lines": {"cogs/__init__.py": LINES, "cogs/sprockets/__init__.py": ""},
    "a folder of sprockets": {"sprockets/__init__.py": "", "sprockets/helper.py": ""},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    return environment_in(folder / "environment", built_wheel(folder / "built"))


def fill(folder: Path, settings: Settings, files: dict[str, str]) -> None:
    kept = settings.model_dump(include={"handler_port", "server_address", "api_endpoint"})
    text = {**kept, "handler_id": "my-discord-bot", "database": str(folder / "bot.db")}
    own = {
        "bot.py": BOT,
        "cogs/sprockets/custom_sprocket.py": CUSTOM,
        "config/schedulezero.yaml": yaml.safe_dump(text),
        **files,
    }
    for name, content in own.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


async def expect_registered(folder: Path, settings: Settings, process: asyncio.subprocess.Process) -> None:
    """Wait until the job of the user's sprocket is registered, and call it."""

    async def methods() -> list[str]:
        assert process.returncode is None, (folder / "log").read_text()
        async with httpx.AsyncClient(base_url=settings.api_endpoint) as client:
            found = (await client.get("/api/handlers")).json()["handlers"]
        return [name for item in found for name in item["methods"] if name == "my_custom_job"]

    try:
        await until(methods)
    except TimeoutError:
        raise AssertionError((folder / "log").read_text()) from None
    call = b'{"method": "my_custom_job", "params": {}}'
    assert (await asyncio.to_thread(tell, settings.handler_address, call))["result"] == "mine"
    log = (folder / "log").read_text()
    assert "Traceback" not in log and not re.search(r"\bERROR\b", log), log


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_bot_of_ones_own_beside_the_wheel(
    installed: Path, tmp_path: Path, settings: Settings, server: ServerConfig, layout: str
) -> None:
    folder = tmp_path / "mine"
    fill(folder, settings, LAYOUTS[layout])
    async with (
        DiscordServer() as discord,
        program(folder, installed / "bin/python", "bot.py", discord=discord.address) as process,
    ):
        await expect_registered(folder, settings, process)


async def test_a_bot_of_ones_own_says_that_the_server_is_off(
    installed: Path, tmp_path: Path, settings: Settings
) -> None:
    folder = tmp_path / "mine"
    fill(folder, settings, {})
    async with (
        DiscordServer() as discord,
        program(folder, installed / "bin/python", "bot.py", discord=discord.address),
    ):
        await until(
            lambda: "`schedulezero-bot server` in the bot's folder" in (folder / "log").read_text(), 30
        )


async def test_a_bot_of_ones_own_in_a_checkout(
    tmp_path: Path, settings: Settings, server: ServerConfig
) -> None:
    folder = copy_checkout(tmp_path / "checkout")
    python = environment_in(tmp_path / "environment", None) / "bin/python"
    fill(folder, settings, {"cogs/sprockets/__init__.py": "", "cogs/__init__.py": ""})
    async with (
        DiscordServer() as discord,
        program(folder, python, "bot.py", discord=discord.address) as process,
    ):
        await expect_registered(folder, settings, process)


async def test_the_program_in_a_folder_with_packages_of_our_names(
    installed: Path, tmp_path: Path, settings: Settings, server: ServerConfig
) -> None:
    folder = tmp_path / "mine"
    broken = "raise ImportError('not this one')\n"
    packages = {f"{name}/__init__.py": broken for name in ("bot", "cogs", "cogs/sprockets", "schedulezero")}
    fill(folder, settings, {**packages, "sprockets/__init__.py": broken})
    variables = {"SCHEDULEZERO_SPROCKETS": "announcement,custom", "SCHEDULEZERO_SERVER": "external"}
    script = installed / "bin" / "schedulezero-bot"
    async with (
        DiscordServer() as discord,
        program(folder, script, "run", discord=discord.address, **variables) as process,
    ):
        await expect_registered(folder, settings, process)


async def test_doctor_says_what_hides_our_cogs(installed: Path, tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "mine"
    fill(folder, settings, {"cogs/__init__.py": "", "cogs/sprockets/__init__.py": ""})
    script = installed / "bin" / "schedulezero-bot"
    async with program(folder, script, "doctor", DISCORD_TOKEN="") as process:
        assert await process.wait() == 1
    said = (folder / "log").read_text()
    assert "FAIL  folder: cogs/__init__.py hides ScheduleZero's cogs from `python bot.py`" in said, said
    (folder / "cogs" / "__init__.py").write_text(LINES)
    async with program(folder, script, "doctor", DISCORD_TOKEN="") as process:
        await process.wait()
    assert "ok    folder:" in (folder / "log").read_text()


async def doctor_in(folder: Path, installed: Path) -> str:
    """What `doctor` says in a folder; the log of a bot that runs there stays as it is."""
    ended = await asyncio.create_subprocess_exec(
        installed / "bin" / "schedulezero-bot", "doctor", cwd=folder,
        env={"PATH": "/usr/bin:/bin", "DISCORD_TOKEN": ""},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(ended.communicate(), 60)
    return out.decode()


async def test_doctor_follows_a_bot_of_ones_own_and_its_server(
    installed: Path, tmp_path: Path, settings: Settings, server_config: ServerConfig
) -> None:
    folder = tmp_path / "mine"
    fill(folder, settings, {})
    port = settings.handler_port
    said = await doctor_in(folder, installed)
    assert f"ok    ports: handler port {port} is free" in said
    assert said.count("  server: ") == 1, said
    assert "FAIL  server: not running, and `python bot.py` doesn't start it" in said
    bot = (folder, installed / "bin" / "python", "bot.py")
    running = ServerThread(server_config)  # with another database, as if it was started in another folder
    async with DiscordServer() as discord, program(*bot, discord=discord.address) as process:
        await until(lambda: "no ScheduleZero server answers" in (folder / "log").read_text())
        said = await doctor_in(folder, installed)
        assert f"ok    ports: handler port {port} is used by this bot (process {process.pid})" in said
        await running.start()
        await expect_registered(folder, settings, process)
        said = await doctor_in(folder, installed)
        assert "ok    server: " in said and "ok    handler: " in said, said
        assert f"handler port {port} is used by this bot" in said
    said = await doctor_in(folder, installed)
    assert "no bot is running on this database\n      → Start the bot with `python bot.py`." in said, said
    await running.stop()


async def test_another_programs_command_for_the_server_says_what_to_run(
    installed: Path, tmp_path: Path
) -> None:
    command = (installed / "bin" / "python", "-m", "schedule_zero.tornado_app_server")
    async with program(tmp_path, *command) as process:
        assert await process.wait() == 2
    assert "The server starts with `schedulezero-bot server`." in (tmp_path / "log").read_text()


async def test_a_server_that_is_installed_comes_before_that_hint(installed: Path, tmp_path: Path) -> None:
    (site,) = (installed / "lib").glob("python3*/site-packages")
    theirs = site / "schedule_zero" / "tornado_app_server.py"
    theirs.write_text("print('their server')")
    try:
        async with program(
            tmp_path, installed / "bin" / "python", "-m", "schedule_zero.tornado_app_server"
        ) as it:
            assert await it.wait() == 0
    finally:
        theirs.unlink()
    assert "their server" in (tmp_path / "log").read_text()
