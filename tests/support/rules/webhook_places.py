"""Where a webhook posts: in its channel, in a thread of it, or in a new post of its forum.

https://discord.com/developers/docs/resources/webhook#execute-webhook: ``thread_id`` names the thread, and
``thread_name`` opens a post in a forum. simcord knows the webhook's own channel only.
"""

from __future__ import annotations

from typing import Any

from tests.support.rules.applying import Asked, Rule


class WebhookPlaces(Rule):
    """Let webhooks post in threads, and open posts in forums."""

    def __init__(self) -> None:
        self._moved: list[tuple[Any, int]] = []

    def before(self, asked: Asked) -> None:
        self._put_back()  # the request before may have failed
        parts = asked.parts
        if parts[0] != "webhooks" or len(parts) < 3:
            return
        webhook = asked.backend.webhooks.get(int(parts[1]))
        if webhook is None:
            return
        where = asked.params.get("thread_id")
        if asked.method == "POST" and isinstance(asked.body, dict) and "thread_name" in asked.body:
            thread = asked.backend.create_thread(
                webhook.channel_id,
                asked.body.pop("thread_name"),
                webhook.webhook_user_id,
                applied_tags=[int(tag) for tag in asked.body.pop("applied_tags", [])],
            )
            where = thread.id
        if where is not None:
            self._moved.append((webhook, webhook.channel_id))
            webhook.channel_id = int(where)

    def after(self, asked: Asked, answer: Any) -> Any:
        self._put_back()
        return answer

    def _put_back(self) -> None:
        while self._moved:
            webhook, channel_id = self._moved.pop()
            webhook.channel_id = channel_id
