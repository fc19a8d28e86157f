"""Signed HTTP calls to other services; the signature lets them verify the sender."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from discord.ext import commands
from pydantic import BaseModel, Field

from schedulezero.errors import JobFailed, Uncertain
from schedulezero.handler.run_context import current_run
from schedulezero.instants import to_iso
from schedulezero.methods.host import Host
from schedulezero.methods.sprocket_settings import settings_of
from schedulezero.methods.typed import LongText, SecretText, Url, job
from schedulezero.sentences import Sentence
from schedulezero.web.outgoing import CALLING, IDEMPOTENT, OutgoingFailed, send_out
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.results import success


class WebSettings(BaseModel):
    """The web sprocket's settings for each server."""

    secret: Annotated[
        SecretText, Field(max_length=200, description="Signs each call; agree on it with the receiver")
    ] = ""


@job(needs=(CALLING,))
async def call_web(
    bot: commands.Bot,
    url: Url,
    method: Literal["POST", "PUT", "PATCH", "DELETE", "GET"] = "POST",
    body: Annotated[LongText, Field(max_length=4000)] = "",
) -> dict[str, Any]:
    """Send a signed request to a web address.

    Params:
        url: The address
        method: The HTTP method
        body: What to send: JSON is sent as JSON, anything else as text
    """
    run = current_run()
    secret = ""
    if run.guild_id is not None:
        secret = (await settings_of(bot, "web", WebSettings, run.guild_id)).secret
    headers = {"X-ScheduleZero-Run": run.run_id or "", "X-ScheduleZero-Due": to_iso(run.scheduled_at)}
    if body and method != "GET":
        headers["Content-Type"] = "application/json" if _is_json(body) else "text/plain; charset=utf-8"
    try:
        answer = await send_out(
            method,
            url,
            body=body.encode() if method != "GET" else b"",
            headers=headers,
            secret=secret or None,
            allow_private=isinstance(bot, Host) and bot.services.private_calls,
        )
    except OutgoingFailed as error:
        if error.sent and method not in IDEMPOTENT:
            raise Uncertain(
                Sentence(
                    "{message} The request may have arrived all the same.",
                    "request_may_have_arrived",
                    message=error.message,
                )
            ) from error
        raise JobFailed(error.message, retry=not error.refused) from error
    if not 200 <= answer.status < 300:
        again = answer.status >= 500 or answer.status in (408, 425, 429)
        raise JobFailed(
            "The address responded with {status}: {text}",
            retry=again,
            code="address_answered",
            status=answer.status,
            text=answer.text[:200],
        )
    said = Sentence("The address responded with {status}.", "web_answered", status=answer.status)
    return success(said, status=answer.status)


@call_web.preview
async def _call_preview(bot: commands.Bot, url: str, method: str = "POST", body: str = "") -> str:
    """Return what is sent, and in which format."""
    told = f"{method} {url}"
    if not body or method == "GET":
        return Sentence("{call}, with an empty body.", "web_sends_nothing", call=told)
    if _is_json(body):
        return Sentence("{call}, with a JSON body.", "web_sends_json", call=told)
    return Sentence("{call}, with a text body.", "web_sends_text", call=told)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


class WebSprocket(RegisteringCog):
    """Registers the web call job."""

    jobs = by_name(call_web)
    settings = WebSettings


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(WebSprocket(bot))
