"""Shared test helpers: node_config."""

from __future__ import annotations

from schedulezero.model.limits import NO_LIMITS, Limits
from schedulezero.server.service import ServerConfig
from schedulezero.wire.addresses import free_ports


def node_config(database: str, limits: Limits = NO_LIMITS) -> ServerConfig:
    registration, rest = free_ports(2)
    return ServerConfig(
        f"http://127.0.0.1:{rest}", f"tcp://127.0.0.1:{registration}", database, limits=limits
    )
