"""The demo's page in headless Chromium, driven as a person would: typing, picking, clicking, looking.

Pictures go to ``artifacts/``, where somebody can look at them.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import simcord
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, Request, ViewportSize, async_playwright, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bot.config import Settings
from bot.demo.demo_api import DemoApi
from bot.demo.demo_languages import Languages
from bot.demo.demo_pages import DemoPages, Place
from bot.demo.front_door import front_door
from bot.demo.guild_events import GuildEvents
from tests.conftest import CHROMIUM
from tests.support.command_line import line, start
from tests.support.world import World

log = logging.getLogger(__name__)

ARTIFACTS = Path(__file__).parent.parent.parent / "artifacts"
PICTURES = ARTIFACTS
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

_PRIVATE = "Only you can see this"
# The page takes no style sheets but its own and those that a script makes.
_STYLED = """css => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [sheet];
}"""
_WHOLE_FORM = """
.modal-backdrop { position: fixed !important }
.modal-dialog, .modal-body { max-height: none !important; overflow: visible !important }
"""

# What lies beyond its frame's right edge, or is cut off there without the dots that say so.
_TOO_WIDE = """frame => {
    const edge = Math.min(frame.getBoundingClientRect().right, innerWidth) + 1;
    const scrolls = node => ["auto", "scroll"].includes(getComputedStyle(node).overflowX);
    const inside = node => {
        let at = node.parentElement;
        while (at && at !== frame && !scrolls(at)) at = at.parentElement;
        return at && at !== frame;
    };
    return [...frame.querySelectorAll("*")].filter(node => {
        const box = node.getBoundingClientRect(), style = getComputedStyle(node);
        if (!box.width || box.height < 2 || style.visibility === "hidden" || inside(node)) return false;
        const hides = style.overflowX === "hidden" && style.textOverflow !== "ellipsis";
        return box.right > edge || (hides && node.scrollWidth > node.clientWidth + 1);
    }).map(node => `${node.tagName}.${node.className}: ${node.textContent.trim().slice(0, 60)}`);
}"""

_ACTIONS = re.compile(r'"kind":"(click|select|modal_submit|run_command)"')


def _is_action(request: Request) -> bool:
    """Whether the page asks for something that reaches the bot, not for suggestions or a refresh."""
    if not request.url.endswith("/api/action"):
        return False
    with_files = "multipart/" in request.headers.get("content-type", "")
    return with_files or bool(_ACTIONS.search(request.post_data or ""))


def phone_picture(name: str) -> Path:
    """Where the picture is that shows the same on a phone; never among the documentation's."""
    return ARTIFACTS / "phone" / f"{name}.png"


class DemoPage:
    """What a person does on the page."""

    def __init__(
        self, page: Page, door: str = "", pages: DemoPages | None = None, viewport: ViewportSize = VIEWPORT
    ) -> None:
        self.page, self.door, self.pages, self.viewport = page, door, pages, viewport
        self.submitted = 0
        """How many forms were sent."""
        self.clicks = 0
        """How many clicks it took: sending a command or a form, pressing, opening a menu, and picking."""
        self.form = page.locator("#modal-root")
        self.timeline = page.locator("#channel-message-list")
        self.suggestions = page.locator(".command-popup-list [role=option]")

    async def type_command(self, command: str) -> None:
        composer = self.page.locator("#channel-composer-input")
        await composer.click()
        await composer.press_sequentially(f"/{command}")
        await expect(self.suggestions.first).to_be_visible()
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator(".command-chip")).to_be_visible()

    async def command(self, command: str) -> None:
        """Types a command that needs no options, and sends it."""
        await self.type_command(command)
        await self.send()

    async def look_at(self, place: str) -> None:
        """Goes to another channel's page, or with ``@name`` to a person's direct messages."""
        await self.page.goto(f"{self.door}/{place}")
        await expect(self.page.locator("#channel-layout")).to_be_visible()

    async def be(self, person: str) -> None:
        """Goes on as another person, by the name on the page."""
        await self.page.locator("#viewer-picker").select_option(label=person)
        await expect(self.page.locator(".demo-row", has_text="you")).to_contain_text(person)

    async def open_menu(self, on: Locator) -> Locator:
        """Right-clicks, and returns the menu that opens."""
        self.clicks += 1
        await on.click(button="right")
        menu = self.page.get_by_role("menu")
        await expect(menu).to_be_visible()
        return menu

    async def option(self, name: str, text: str, suggestion: str | None = None) -> None:
        """Fills an option of the command; picks the suggestion that contains a text, where there is one."""
        chosen = self.suggestions.filter(has_text=name)
        if not await chosen.count():
            await self.page.locator(".command-ghost").click()
        await chosen.first.click()
        if suggestion is None:
            await self.page.keyboard.type(text)
        else:
            await self.type_and_pick(text, suggestion)

    async def type_and_pick(self, text: str, suggestion: str) -> None:
        """Types into an option and picks a suggestion; types again, as a person would, where none comes.

        (The page drops a request for suggestions that falls into its own refresh.)
        """
        wanted = self.suggestions.filter(has_text=suggestion).first
        for _ in range(5):
            await self.page.keyboard.type(text)
            try:
                await wanted.click(timeout=4000)
                self.clicks += 1
                return
            except PlaywrightTimeout:
                for _ in text:
                    await self.page.keyboard.press("Backspace")
        raise AssertionError(f"no suggestion {suggestion!r} for {text!r}")

    async def upload(self, name: str, path: Path) -> None:
        """Attaches a file to the command."""
        chosen = self.suggestions.filter(has_text=name)
        if await chosen.count():
            await chosen.first.click()
        await self.page.locator(f"input.command-file-input[data-option={name}]").set_input_files(path)

    async def act(self, target: Locator) -> None:
        """Clicks what makes the page act; again, as a person would, where the page refused to.

        The page drops an action, or has it rejected before it reaches the bot, when that falls into a
        refresh of its own. What reached the bot is never repeated.
        """
        for _ in range(10):
            if await self._acted(target):
                return
        raise AssertionError(f"the page refused ten times: {target}")

    async def _acted(self, target: Locator) -> bool:
        asked: asyncio.Queue[Request] = asyncio.Queue()

        def note(request: Request) -> None:
            if _is_action(request):
                asked.put_nowait(request)

        self.page.on("request", note)
        try:
            await target.click(timeout=10_000)
            # The request follows the click, however long that had to wait for its target to stand still.
            request = await asyncio.wait_for(asked.get(), 3)
        except (PlaywrightTimeout, TimeoutError):
            return False
        finally:
            self.page.remove_listener("request", note)
        response = await request.response()
        assert response is not None
        if (await response.json())["rejected"]:
            return False
        self.clicks += 1
        return True

    async def send(self) -> None:
        await self.page.keyboard.press("Escape")
        await self.act(self.page.locator("button[type=submit]").locator("visible=true").last)

    async def button(self, label: str) -> None:
        exactly = re.compile(rf"^\W*{re.escape(label)}\s*$")  # an emoji may stand before it
        await self.act(self.page.locator(".component-button", has_text=exactly).last)

    async def choose(self, placeholder: str, *labels: str) -> None:
        """Picks in the newest select with that placeholder; several are applied together."""
        await self._pick(placeholder, labels, applied=len(labels) > 1)

    async def switch_on(self, placeholder: str, *labels: str) -> None:
        """Picks in a select that takes any number."""
        await self._pick(placeholder, labels, applied=True)

    async def _pick(self, placeholder: str, labels: tuple[str, ...], applied: bool) -> None:
        """Opens a select and picks; again, as a person would, where the page closed its list or was busy.

        A select that the page was too busy to apply stays open, and shows the option as if it were picked:
        it is found again by its key, not by its placeholder.
        """
        shown = self.timeline.locator(".preview-select", has_text=placeholder).last
        key = await shown.get_attribute("data-control-key")
        select = self.timeline.locator(f'.preview-select[data-control-key="{key}"]')
        trigger = select.locator(".select-trigger")
        options = [select.locator(".select-option", has_text=label).first for label in labels]
        for _ in range(5):
            if await trigger.get_attribute("aria-expanded") == "false":
                await trigger.click()
            try:
                for option in options if applied else ():
                    if await option.get_attribute("aria-selected", timeout=3000) == "false":
                        await option.click(timeout=3000)
            except PlaywrightTimeout:
                continue
            if await self._acted(
                self.page.get_by_role("button", name="Apply").first if applied else options[0]
            ):
                self.clicks += 1 + len(labels) * applied
                return
        raise AssertionError(f"{labels} could not be picked in {placeholder!r}")

    async def edit_line(self, label: str) -> None:
        """Opens the form of a draft's line."""
        line = self.timeline.locator(".component-section", has_text=label).last
        await self.act(line.locator(".component-button", has_text="Edit"))

    async def panel_picture(self, name: str, containing: str = "", width: int = 1000) -> None:
        """A picture of the newest panel alone, or of the newest with a text, on a page of that width."""
        panel = self.timeline.locator("article.channel-message .components-v2", has_text=containing).last
        await self._picture_of(panel, name, width)

    async def message_picture(self, name: str, message: Locator, width: int = 1000) -> None:
        """A picture of the newest of these messages."""
        await self._picture_of(message.last, name, width)

    def posted(self, containing: str) -> Locator:
        """The posts that contain a text: what everybody sees, without a panel."""
        return self.message(containing).filter(has_not_text=_PRIVATE)

    def shown_alone(self, containing: str) -> Locator:
        """The messages without a panel that contain a text, and that one sees alone."""
        return self.message(containing).filter(has_text=_PRIVATE)

    def message(self, containing: str) -> Locator:
        """The messages without a panel that contain a text."""
        return self.timeline.locator("article.channel-message:not(:has(.components-v2))", has_text=containing)

    async def _picture_of(self, shown: Locator, name: str, width: int) -> None:
        """Takes a picture as wide as a desktop has it, and one as narrow as a phone does; all must fit."""
        await self._bring_up_to_date()
        await self._picture_at(shown, PICTURES / f"{name}.png", width)
        await self._picture_at(shown, phone_picture(name), PHONE["width"])
        await self.page.set_viewport_size(self.viewport)

    async def _picture_at(self, shown: Locator, path: Path, width: int) -> None:
        path.parent.mkdir(exist_ok=True, parents=True)
        await self.page.mouse.move(1, 1)
        for attempt in range(10):
            try:
                async with self.page.expect_response(re.compile("/api/"), timeout=2000):
                    await self.page.set_viewport_size({"width": width, "height": 2600 + attempt})
                await self._stand_still(shown)
                await shown.screenshot(path=path, animations="disabled")
                break
            except (PlaywrightError, AssertionError):  # the page drew the message anew meanwhile
                if attempt == 9:
                    raise
        await self._fits(shown)

    async def _fits(self, shown: Locator) -> None:
        too_wide = await shown.evaluate(_TOO_WIDE)
        assert not too_wide, f"wider than the page: {too_wide}"

    async def _bring_up_to_date(self) -> None:
        """Lets the page's clock catch up: simcord's stands still between refreshes."""
        async with self.page.expect_response(re.compile("/api/action")):
            await self.page.locator("#refresh").dispatch_event("click")  # the demo has it under *More*

    async def _stand_still(self, panel: Locator) -> None:
        """Waits until a panel can be used and is where it was a moment ago, wholly in sight."""
        if await panel.locator(".component-button").count():  # all are off while the page is busy
            await expect(panel.locator(".component-button:enabled").first).to_be_visible(timeout=3000)
        for picture in await panel.locator("img").all():
            await expect(picture).to_have_js_property("complete", True, timeout=3000)
        before = None
        for _ in range(20):
            await panel.scroll_into_view_if_needed()
            now = await panel.bounding_box()
            if now is not None and now == before:
                await expect(panel).to_be_in_viewport(ratio=0.98, timeout=1000)
                return
            before = now
            await self.page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 150))")
        raise AssertionError("the page does not stand still")

    async def choose_in_form(self, name: str, option: str) -> None:
        """Picks in a select of the open form; again, as a person would, where a refresh undid it."""
        select = self.form.locator(f'.modal-field[data-custom-id="p:{name}"] .preview-select')
        wanted = self.page.locator(".select-option", has_text=option).locator("visible=true").first
        apply = self.page.get_by_role("button", name="Apply").locator("visible=true")
        for _ in range(5):
            try:
                async with self.page.expect_response(re.compile("/api/"), timeout=1500):
                    await select.locator(".select-trigger").click()
            except PlaywrightTimeout:
                log.debug("a list that asks nobody for its options")
            try:
                await wanted.click(timeout=2000)
                if await apply.count():  # several may be chosen
                    await apply.first.click(timeout=2000)
                else:
                    await self.form.get_by_role("heading").first.click()  # closes the list
                trigger = select.locator(".select-trigger")
                # While it is open it shows the option, even if the page will not take it.
                await expect(trigger).to_have_attribute("aria-expanded", "false", timeout=2000)
                await expect(trigger).to_contain_text(option, timeout=2000)
                self.clicks += 2
                return
            except (PlaywrightTimeout, AssertionError):
                await self.form.get_by_role("heading").first.click()
        raise AssertionError(f"{option!r} could not be picked for {name!r}")

    async def fill(self, label: str, text: str) -> None:
        await self.form.get_by_label(re.compile(rf"^{label}")).fill(text)

    async def attach(self, name: str, path: Path) -> None:
        """Puts a file into a field of the open form."""
        field = self.form.locator(f'.modal-field[data-custom-id="p:{name}"]')
        await field.locator("input[type=file]").set_input_files(path)
        await expect(field.locator(".upload-file-name")).to_have_text(path.name)

    async def form_picture(self, name: str) -> None:
        """Pictures of the open form, as long as it is: one scrolls in it, but not in a picture."""
        await self.page.evaluate(_STYLED, _WHOLE_FORM)
        dialog = self.form.locator(".modal-dialog")
        for path, width in (
            (PICTURES / f"{name}.png", VIEWPORT["width"]),
            (phone_picture(name), PHONE["width"]),
        ):
            path.parent.mkdir(exist_ok=True, parents=True)
            await self.page.set_viewport_size({"width": width, "height": 1500})
            await dialog.screenshot(path=path, animations="disabled")
            await self._fits(dialog)
        await self.page.set_viewport_size(self.viewport)
        await self.page.evaluate(_STYLED, "")

    async def dialog_picture(self, name: str) -> None:
        """A picture of the open dialog of ours, such as the list of events."""
        PICTURES.mkdir(exist_ok=True)
        await self.page.mouse.move(1, 1)
        await self.page.get_by_role("dialog").screenshot(path=PICTURES / f"{name}.png", animations="disabled")

    async def submit(self) -> None:
        self.submitted += 1
        await self.act(self.form.get_by_role("button", name="Submit"))

    async def sees(self, text: str | re.Pattern[str], seconds: float = 60) -> None:
        await expect(self.timeline.get_by_text(text).locator("visible=true").last).to_be_visible(
            timeout=seconds * 1000
        )

    async def picture(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{name}.png")


@asynccontextmanager
async def a_page_around(world: World, *, phone: bool = False) -> AsyncIterator[DemoPage]:
    """The demo's page on a guild of this process, which a test can change under it."""
    people = (world.admin, world.moderator, world.plain)
    users = [simcord.UserHandle(world.env, world.env.backend.get_user(person.id)) for person in people]
    name = world.channel.name or ""
    places = (
        Place(name, world.channel, people),
        *(Place(f"@{user.name}", user.dm_channel, (user,)) for user in users),
    )
    events = GuildEvents(world.env, world.guild)
    pages = DemoPages(world.env, places, Languages(world.env), timezone="UTC")
    with events.kept_whole():
        async with (
            front_door(pages, DemoApi(pages, world.guild, events), 0) as door,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = await browser.new_page(
                viewport=PHONE if phone else VIEWPORT, has_touch=phone, is_mobile=phone
            )
            await page.goto(door)
            await expect(page.locator("#channel-name")).to_have_text(name)
            yield DemoPage(page, door, pages)
            await browser.close()


@asynccontextmanager
async def a_demo(
    settings: Settings, viewport: ViewportSize = VIEWPORT, **environment: str
) -> AsyncIterator[DemoPage]:
    process = await start(settings, "demo", "--no-browser", **environment)
    address = (await line(process, "http://127.0.0.1")).strip()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = await browser.new_page(viewport=viewport)
            await page.goto(address)
            await expect(page.locator("#channel-name")).to_have_text("lounge")
            yield DemoPage(page, address, viewport=viewport)
            await browser.close()
    finally:
        process.terminate()
        await asyncio.wait_for(process.communicate(), 60)
