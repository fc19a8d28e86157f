"""A handler, as the server sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schedulezero.instants import from_iso_or_none, to_iso
from schedulezero.model.json_object import JsonObject


@dataclass(frozen=True, slots=True)
class HandlerInfo:
    """A handler instance that the server knows: where it listens and which methods it has.

    ``heard_at`` is its last sign of life; None if the server doesn't tell.
    """

    id: str
    address: str
    methods: tuple[str, ...]
    connected: bool = False
    concurrency: int = 1
    shards: JsonObject | None = None
    heard_at: datetime | None = None

    def to_json(self) -> JsonObject:
        return {
            "id": self.id,
            "address": self.address,
            "methods": list(self.methods),
            "status": "Connected" if self.connected else "Disconnected",
            "concurrency": self.concurrency,
            **({"shards": self.shards} if self.shards is not None else {}),
            **({"heard_at": to_iso(self.heard_at)} if self.heard_at is not None else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> HandlerInfo:
        return cls(
            id=str(data["id"]),
            address=str(data["address"]),
            methods=tuple(str(name) for name in data["methods"]),
            connected=data.get("status") == "Connected",
            concurrency=int(data.get("concurrency") or 1),
            shards=data.get("shards"),
            heard_at=from_iso_or_none(data.get("heard_at")),
        )
