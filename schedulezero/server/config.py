"""The configuration of the embedded server."""

from __future__ import annotations

from dataclasses import dataclass, field

from schedulezero.model import JsonObject
from schedulezero.model.limits import Limits


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """The configuration of the embedded server.
    Attributes:
        api_endpoint: where REST listens, such as ``http://127.0.0.1:8888``.
        server_address: where handlers register, such as ``tcp://127.0.0.1:4242``.
        database: path of the SQLite file, or the ``postgresql://`` URL that several nodes share.
        timezone: the IANA zone of wall-clock triggers that don't name one.
        require_token: whether REST needs a token on loopback, too.
        own_token: the token of the program that runs the server in its own process.
        requests_per_second: see `AccessRules`.
        tls_certificate, tls_key: files for HTTPS.
        behind_proxy: whether a TLS proxy stands in front of REST.
        keys: the folder of the keys for ZeroMQ beyond loopback.
        require_keys: whether ZeroMQ needs keys on loopback, too.
        history_days: how many days to keep ended runs; 0 keeps them permanently.
        limits: the most that one guild or one person may use.
        failing: the names of the parts of the program around it that are away, for health.
    """

    api_endpoint: str
    server_address: str
    database: str = field(repr=False)
    timezone: str = "UTC"
    require_token: bool = False
    own_token: str | None = field(default=None, repr=False)
    requests_per_second: float = 100.0
    tls_certificate: str | None = None
    tls_key: str | None = None
    behind_proxy: bool = False
    keys: str = "data/keys"
    require_keys: bool = False
    history_days: float = 90.0
    limits: Limits = field(default_factory=Limits)
    failing: list[str] = field(default_factory=list[str], repr=False, compare=False)

    def to_json(self) -> JsonObject:
        return {
            "api_endpoint": self.api_endpoint,
            "server_address": self.server_address,
            "timezone": self.timezone,
        }
