"""Who may ask the REST API what: hosts, origins, tokens, scopes, rates, and what is refused to start."""

from __future__ import annotations

import importlib
import json
import logging
import pkgutil
import ssl
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import trustme

from bot.config import Settings
from schedulezero.errors import Exposed, KeysUnusable
from schedulezero.server import api as api_package
from schedulezero.server.http.access import needed_scope
from schedulezero.server.records.tables import metadata
from schedulezero.server.records.tokens import Scope, Tokens
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.storage.database import database_of
from schedulezero.web.outgoing import send_out
from schedulezero.wire.protocol import OUTGOING_HEADER
from tests.conftest import Api
from tests.support.peers import RawHandler
from tests.support.serving import served
from tests.support.tokens import bearer, make_token

JOB = {
    "handler_id": "nobody",
    "method": "send",
    "trigger": {"type": "date", "args": {"run_date": "2099-01-01T00:00:00Z"}},
}


# Read as: headers of a request on loopback, and how it is answered.
REQUESTS = [
    ({}, 200),
    ({"Host": "localhost"}, 200),
    ({"Host": "[::1]:8888"}, 200),
    ({"Host": "evil.example"}, 403),
    ({"Host": "127.0.0.1.evil.example"}, 403),
    ({"Host": "[::1"}, 403),
    ({"Host": ""}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://localhost:9"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "none"}, 200),
    ({"Authorization": "Bearer sz_00000000_nothing"}, 401),
    ({"Authorization": "Basic YTpi"}, 401),
]


@pytest.mark.parametrize(("headers", "status"), REQUESTS, ids=str)
async def test_no_web_page_gets_in(api: Api, headers: dict[str, str], status: int) -> None:
    assert (await api.get("/api/jobs", headers=headers)).status_code == status
    assert (await api.post("/api/jobs", json=JOB, headers=headers)).status_code in (status, status + 1)


async def test_ones_own_page_would_get_in(api: Api) -> None:
    origin = str(api.base_url).rstrip("/")
    assert (await api.get("/api/jobs", headers={"Origin": origin})).status_code == 200


# Read as: who asks, what, how it is answered where tokens are required.
SCOPES = [
    (None, "GET", "/api/health", 200),
    (None, "GET", "/api/jobs", 401),
    (None, "POST", "/api/jobs", 401),
    (Scope.READ, "GET", "/api/jobs", 200),
    (Scope.READ, "GET", "/api/executions", 200),
    (Scope.READ, "POST", "/api/jobs", 403),
    (Scope.READ, "DELETE", "/api/jobs/x", 403),
    (Scope.READ, "GET", "/api/config", 403),
    (Scope.WRITE, "POST", "/api/jobs", 201),
    (Scope.WRITE, "DELETE", "/api/jobs/x", 404),
    (Scope.WRITE, "DELETE", "/api/guilds/1", 403),
    (Scope.ADMIN, "DELETE", "/api/guilds/1", 200),
    (Scope.WRITE, "POST", "/api/executions/clear", 403),
    (Scope.ADMIN, "POST", "/api/executions/clear", 200),
    (Scope.ADMIN, "GET", "/api/config", 200),
]


async def test_each_token_may_what_its_scope_says(server_config: ServerConfig) -> None:
    tokens = {scope: await make_token(server_config, scope) for scope in Scope}
    async with served(replace(server_config, require_token=True)) as api:
        for scope, method, path, status in SCOPES:
            headers = bearer(tokens[scope]) if scope else {}
            body = JOB if (method, path) == ("POST", "/api/jobs") else None
            answer = await api.request(method, path, headers=headers, json=body)
            assert answer.status_code == status, (scope, method, path, answer.text)
            assert status != 401 or answer.headers["WWW-Authenticate"] == "Bearer"


# Read as: what takes more than the scope to read, or less than its method tells.
ADMINISTERING = {("POST", "/api/executions/clear"), ("GET", "/api/config"), ("DELETE", "/api/guilds/{id}")}
READING = {("POST", "/api/preview"), ("POST", "/api/jobs/{id}/missing")}
WRITING = {
    ("POST", "/api/jobs"), ("PATCH", "/api/jobs/{id}"), ("DELETE", "/api/jobs/{id}"),
    ("POST", "/api/jobs/{id}/pause"), ("POST", "/api/jobs/{id}/resume"), ("POST", "/api/jobs/{id}/restore"),
    ("POST", "/api/jobs/{id}/run"), ("POST", "/api/jobs/{id}/skip"), ("POST", "/api/jobs/{id}/approve"),
    ("POST", "/api/jobs/{id}/ask-changes"), ("POST", "/api/jobs/{id}/make-up"), ("POST", "/api/jobs/bulk"),
    ("POST", "/api/jobs/bulk-create"), ("POST", "/api/audit"), ("PUT", "/api/guilds/{id}/rules"),
    ("POST", "/api/feeds"), ("PUT", "/api/feeds"), ("POST", "/api/feeds/{id}/renew"),
    ("POST", "/api/feeds/{id}/revoke"), ("POST", "/api/schedule"), ("DELETE", "/api/schedules/{id}"),
    ("POST", "/api/run_now"),
}  # fmt: skip


def all_routes() -> set[tuple[str, str]]:
    """Return the method and path of all routes that any resource of the API has."""
    found: set[tuple[str, str]] = set()
    for item in pkgutil.iter_modules(api_package.__path__):
        module = importlib.import_module(f"{api_package.__name__}.{item.name}")
        for name, kind in vars(module).items():
            if name.endswith("Resource") and kind.__module__ == module.__name__:
                found |= {(route.method, route.path) for route in kind.routes(kind.__new__(kind))}
    return found


def test_each_route_takes_the_scope_of_what_it_does() -> None:
    routes = all_routes()
    assert routes >= ADMINISTERING | READING | WRITING and ("GET", "/api/jobs") in routes
    for method, path in routes:
        scope = needed_scope(method, path)
        if (method, path) in ADMINISTERING:
            assert scope is Scope.ADMIN, (method, path)
        elif (method, path) in WRITING:
            assert scope is Scope.WRITE, (method, path)
        else:
            assert (method, path) in READING or method == "GET", (method, path)
            assert scope is Scope.READ, (method, path)
    assert needed_scope("HEAD", "/api/config") is Scope.ADMIN
    assert needed_scope("DELETE", None) is Scope.WRITE


async def test_no_id_makes_a_change_look_like_reading(
    api: Api, server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    raw_handler.start("send")
    reader = bearer(await make_token(server_config, Scope.READ))
    ids = ("missing", "nightly/missing", "x/api/preview")
    flat = {"handler_id": "raw", "job_method": "send", "trigger": {"type": "date", "run_date": 4e9}}
    for job_id in ids:
        made = await api.post("/api/schedule", json={**flat, "job_id": job_id})
        assert made.status_code == 201, made.text
    for job_id in ids:
        path = quote(job_id, safe="")
        answers = [
            await api.patch(f"/api/jobs/{path}", json={"name": "mine"}, headers=reader),
            await api.delete(f"/api/jobs/{path}", headers=reader),
            await api.delete(f"/api/schedules/{path}", headers=reader),
            await api.delete(f"/api/guilds/{path}", headers=reader),
            await api.post(f"/api/feeds/{path}/revoke", json={"place": "1"}, headers=reader),
        ]
        assert [answer.status_code for answer in answers] == [403] * 5, job_id
        span = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z"}
        read = await api.post(f"/api/jobs/{path}/missing", json=span, headers=reader)
        assert read.status_code == 200, read.text
    jobs = (await api.get("/api/jobs", headers=reader)).json()["jobs"]
    assert {job["job_id"] for job in jobs} == set(ids)
    assert not any(job["name"] == "mine" for job in jobs)


async def test_a_revoked_or_changed_token_is_worthless_at_once(server_config: ServerConfig) -> None:
    text = await make_token(server_config, Scope.READ)
    async with served(replace(server_config, require_token=True)) as api:
        assert (await api.get("/api/jobs", headers=bearer(text))).status_code == 200
        assert (await api.get("/api/jobs", headers=bearer(text[:-1] + "!"))).status_code == 401
        changed = text[:-1] + ("A" if text[-1] != "A" else "B")
        assert (await api.get("/api/jobs", headers=bearer(changed))).status_code == 401
        database = database_of(server_config.database, metadata)
        await database.open()
        (known,) = await Tokens(database).list()
        assert await Tokens(database).revoke(known.id) and not await Tokens(database).revoke(known.id)
        await database.close()
        assert (await api.get("/api/jobs", headers=bearer(text))).status_code == 401


async def test_a_token_stands_nowhere(server_config: ServerConfig, caplog: pytest.LogCaptureFixture) -> None:
    text = await make_token(server_config, Scope.ADMIN)
    secret = text.split("_", 2)[2]  # which may hold a _ itself
    with caplog.at_level(logging.DEBUG):
        async with served(replace(server_config, require_token=True)) as api:
            await api.get("/api/jobs", headers=bearer(text))
            await api.get("/api/nothing", headers=bearer(text))
            shown = (await api.get("/api/config", headers=bearer(text))).text
    stored = b"".join(path.read_bytes() for path in Path(server_config.database).parent.glob("*.db*"))
    assert secret not in caplog.text + shown and secret.encode() not in stored


async def test_the_rate_of_a_client_is_limited(server_config: ServerConfig) -> None:
    own = "own-token"
    async with served(replace(server_config, requests_per_second=5, own_token=own)) as api:
        statuses = [(await api.get("/api/health")).status_code for _ in range(30)]
        assert statuses[:10] == [200] * 10 and 429 in statuses
        assert (await api.get("/api/health", headers=bearer(own))).status_code == 200  # the bot itself


# ---------------------------------------------------------------- beyond loopback


def beyond(config: ServerConfig, **more: object) -> ServerConfig:
    endpoint = config.api_endpoint.replace("127.0.0.1", "0.0.0.0")
    return replace(config, api_endpoint=endpoint, **more)  # type: ignore[arg-type]


async def test_beyond_loopback_without_tls_is_refused(server_config: ServerConfig) -> None:
    with pytest.raises(Exposed, match=r"plain text.*tls_certificate.*behind_proxy"):
        await ServerThread(beyond(server_config, own_token="x")).start()


async def test_beyond_loopback_without_a_token_is_refused(server_config: ServerConfig) -> None:
    with pytest.raises(Exposed, match=r"no token yet.*bot token make"):
        await ServerThread(beyond(server_config, behind_proxy=True)).start()


async def test_https_without_a_certificate_is_refused(server_config: ServerConfig) -> None:
    endpoint = server_config.api_endpoint.replace("http:", "https:")
    config = replace(server_config, api_endpoint=endpoint)
    with pytest.raises(Exposed, match=r"promises TLS.*tls_certificate.*behind_proxy"):
        await ServerThread(config).start()
    server = ServerThread(replace(config, behind_proxy=True))
    await server.start()
    await server.stop()


async def test_behind_a_proxy_a_token_is_needed(server_config: ServerConfig) -> None:
    token = await make_token(server_config, Scope.READ)
    async with served(beyond(server_config, behind_proxy=True)) as api:
        assert (await api.get("/api/jobs")).status_code == 401
        headers = {**bearer(token), "Host": "schedules.example"}
        assert (await api.get("/api/jobs", headers=headers)).status_code == 200


async def test_tls(server_config: ServerConfig, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(key)
    for part in issued.cert_chain_pems:
        part.write_to_path(certificate, append=True)
    config = replace(
        beyond(server_config, own_token="own", tls_certificate=str(certificate), tls_key=str(key)),
        api_endpoint=server_config.api_endpoint.replace("http://127.0.0.1", "https://0.0.0.0"),
    )
    server = ServerThread(config)
    await server.start()
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    address = server_config.api_endpoint.replace("http://", "https://")
    async with httpx.AsyncClient(verify=trusted, headers=bearer("own")) as client:
        assert (await client.get(f"{address}/api/jobs")).status_code == 200
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{address}/api/jobs")
    await server.stop()
    with pytest.raises(Exposed, match="belong together"):
        await ServerThread(replace(config, tls_key=None)).start()
    with pytest.raises(Exposed, match="cannot be used"):
        await ServerThread(replace(config, tls_key=str(certificate))).start()


async def test_a_large_body_is_refused(api: Api) -> None:
    answer = await api.post("/api/jobs", content=b"x" * (2**20 + 1))
    assert answer.status_code == 413


# ---------------------------------------------------------------- settings


def test_settings_beyond_this_machine() -> None:
    with pytest.raises(ValueError, match="set `server_key`"):
        Settings(server="external", server_address="tcp://10.0.0.1:4242")
    with pytest.raises(ValueError, match="`server_address` must not be"):
        Settings(handler_host="10.0.0.5")
    with pytest.raises(ValueError, match=r"such as 10\.0\.0\.5"):
        Settings(handler_host="0.0.0.0")
    with pytest.raises(ValueError, match="public key"):
        Settings(server_key="short")
    assert "hide-me" not in repr(Settings(api_token="hide-me"))  # type: ignore[arg-type]


async def test_unusable_keys_are_told(server_config: ServerConfig, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "own.secret").write_text("rubbish")
    address = server_config.server_address.replace("127.0.0.1", "0.0.0.0")
    with pytest.raises(KeysUnusable, match="holds no key; move it away"):
        await ServerThread(
            replace(server_config, server_address=address, keys=str(tmp_path / "keys"))
        ).start()


# ---------------------------------------------------------------- our own requests to the web

# Read as: what a job would ask of our own API, were its address not refused already.
OUTGOING = [
    ("GET", "/api/health"), ("GET", "/api/health/live"), ("GET", "/api/health/ready"), ("GET", "/api/jobs"),
    ("POST", "/api/jobs"), ("DELETE", "/api/jobs/x"), ("GET", "/api/config"), ("POST", "/api/schedule"),
    ("POST", "/api/executions/clear"), ("PUT", "/api/health"), ("GET", "/nothing"),
    ("POST", "/%2e%2e/api/jobs"), ("HEAD", "/api/openapi.json"),
]  # fmt: skip


@pytest.mark.parametrize("token", [None, "own-token"])
async def test_our_own_requests_to_the_web_are_refused(
    server_config: ServerConfig, token: str | None
) -> None:
    """Even where private addresses may be called, and whatever headers the caller makes up."""
    headers = {
        **(bearer(token) if token else {}),
        OUTGOING_HEADER.lower(): "",
        "Content-Type": "application/json",
    }
    async with served(replace(server_config, own_token="own-token")) as api:
        for method, path in OUTGOING:
            url = server_config.api_endpoint.replace("127.0.0.1", "①②⑦.⓪.⓪.①") + path
            body = json.dumps(JOB).encode() if method in ("POST", "PUT") else b""
            answer = await send_out(method, url, body=body, headers=headers, allow_private=True)
            assert answer.status == 403, (method, path, answer)
            assert method == "HEAD" or "Jobs that call web addresses cannot use this API" in answer.text
        assert (await api.get("/api/jobs")).json()["jobs"] == []
        assert (await api.post("/api/jobs", json=JOB)).status_code == 201  # the machine's own user still may


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_of_a_token_is_read_in_any_case(server_config: ServerConfig, scheme: str) -> None:
    token = await make_token(server_config, Scope.READ)
    async with served(server_config) as api:
        answer = await api.get("/api/jobs", headers={"Authorization": f"{scheme} {token}"})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("text", ["0", "+5", "abc", "", "9" * 400, "99999999999999999999", "1 2", "٣"])
async def test_an_actor_that_is_no_id_is_refused(server_config: ServerConfig, text: str) -> None:
    async with served(server_config) as api:
        for name, value, code in (
            (b"X-ScheduleZero-Actor", text, "bad_actor"),
            (b"X-ScheduleZero-Per-Person", f"{text}x", "bad_per_person"),
        ):
            answer = await api.post("/api/jobs", json=JOB, headers=[(name, value.encode())])
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), answer.text
        assert (await api.get("/api/jobs")).json()["jobs"] == []


@pytest.mark.parametrize("job_id", [".", ".."])
async def test_an_id_that_no_path_can_hold_is_refused(server_config: ServerConfig, job_id: str) -> None:
    flat = {"handler_id": "nobody", "job_method": "send", "trigger": {"type": "date", "run_date": 4e9}}
    async with served(server_config) as api:
        for path, body in (("/api/jobs", JOB), ("/api/schedule", flat)):
            answer = await api.post(path, json={**body, "job_id": job_id})
            assert answer.status_code == 400 and "job_id" in answer.text, answer.text


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "right/UTC", "posix/Europe/Berlin"])
async def test_zones_of_one_machine_are_refused(server_config: ServerConfig, zone: str) -> None:
    async with served(server_config) as api:
        answer = await api.post("/api/jobs", json={**JOB, "timezone": zone})
        assert answer.status_code == 400 and "timezone" in answer.text, answer.text
