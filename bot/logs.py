"""Log lines: one line each whatever is in them, and no secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

from schedulezero.storage.postgres_url import secrets_of

_FORMAT = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
_HIDDEN = "[hidden]"
# Read as: what looks like a bot's token, one of ours, stands behind "Bearer", or before a URL's @.
_SECRETS = re.compile(
    r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}|sz_[0-9a-f]{8}_[\w-]{43}"
    r"|(?<=Bearer )\S+|(?<=Authorization: )\S+ \S+"
    r"|(?<=://)(?!user:\S{3,15}@host)(?:[^\s/:@]*:[^\s/]+|[^\s/:@?#]+)(?=@)"
    r"|(?<=[?&]password=)[^\s&'\"]+|(?<=[?&]sslpassword=)[^\s&'\"]+"
)
# A password that is not percent-encoded may hold anything; so all that stands before the line's last @ goes.
_POSTGRES = re.compile(
    r"(postgres(?:ql)?(?:\+\w+)?:/{0,2}+)"
    r"(?!user:(?:password|p%40ss%2Fword)@host)"  # our own examples
    r"(?![^\s:@/?#]*@[^\s@]*(?:\s|$))"  # a user without a password
    r"(?:(?!postgres(?:ql)?://user:p)[^\n])*@",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_known: dict[str, re.Pattern[str]] = {}


def hide(secret: str | None) -> None:
    """Keeps a secret out of every line from now on, however it is quoted there."""
    if not secret:
        return
    forms = {secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1], json.dumps(secret)[1:-1]}
    for form in forms:
        # Not as a part of another word, which a short password might be.
        before, after = (r"(?<!\w)" if form[0].isalnum() else ""), (r"(?!\w)" if form[-1].isalnum() else "")
        _known[form] = re.compile(before + re.escape(form) + after)


def hide_passwords(setting: str) -> None:
    """Keeps the password of a ``database`` setting out of every line from now on."""
    for secret in secrets_of(setting):
        hide(secret)


def redact(text: str) -> str:
    """A text without the secrets in it."""
    text = _POSTGRES.sub(rf"\1{_HIDDEN}@", text)
    for secret in sorted(_known, key=len, reverse=True):  # one may hold another
        text = _known[secret].sub(_HIDDEN, text)
    return _SECRETS.sub(_HIDDEN, text)


class LineFormatter(logging.Formatter):
    """Formats a record as one line; a traceback follows in lines that nobody mistakes for records."""

    def format(self, record: logging.LogRecord) -> str:
        record = logging.makeLogRecord(record.__dict__)
        message = redact(record.getMessage())  # before control characters in a secret are written otherwise
        if run_id := getattr(record, "run_id", None):
            message = f"{message} (run {run_id})"
        record.msg, record.args = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(self.formatException(record.exc_info))
        if record.exc_text:
            record.exc_text = "\n".join(f"    | {line}" for line in record.exc_text.splitlines())
        return redact(super().format(record))


class RunFilter(logging.Filter):
    """Puts the run that is being carried out to each record, so that its lines are found together."""

    def filter(self, record: logging.LogRecord) -> bool:
        # It is heavy, and not loaded before there are runs.
        module = sys.modules.get("schedulezero.handler.run_context")
        current = module.current_run().run_id if module is not None else None
        record.run_id = current or getattr(record, "run_id", None)
        return True


class JsonFormatter(LineFormatter):
    """Formats a record as one JSON object on one line: time, level, logger, message, run_id, exception."""

    def format(self, record: logging.LogRecord) -> str:
        data: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if run_id := getattr(record, "run_id", None):
            data["run_id"] = run_id
        if record.exc_info:
            data["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(data, ensure_ascii=False)


def as_json() -> None:
    """Writes JSON from now on."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())


def set_up(*, verbose: bool) -> None:
    """Sends the program's log, and whatever ends it, to the standard error in that form."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(_FORMAT))
    handler.addFilter(RunFilter())
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    # Even when all is logged: these would log what is sent to Discord, token included.
    quiet = ("aiohttp", "httpx", "httpcore") if verbose else ("aiohttp", "httpx", "httpcore", "discord")
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _ended
    threading.excepthook = _thread_ended
    sys.unraisablehook = _not_raised


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return  # whoever pressed Ctrl-C knows
    logging.getLogger("bot").critical("the program ended unexpectedly", exc_info=(kind, error, trace))


def _thread_ended(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is not None and not isinstance(what.exc_value, SystemExit):
        name = what.thread.name if what.thread is not None else "?"
        error = (what.exc_type, what.exc_value, what.exc_traceback)
        logging.getLogger("bot").error("the thread %s ended unexpectedly", name, exc_info=error)


def _not_raised(what: sys.UnraisableHookArgs) -> None:
    """Logs what Python could raise nowhere, such as an error of a destructor."""
    if what.exc_value is not None:
        error = (what.exc_type, what.exc_value, what.exc_traceback)
        logging.getLogger("bot").error("an error was ignored in %r", what.object, exc_info=error)
