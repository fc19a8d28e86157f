"""Log lines: one line each whatever is in them, and no secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

_FORMAT = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
_HIDDEN = "[hidden]"
# Read as: what looks like a bot's token, one of ours, stands behind "Bearer", or before a URL's @.
_SECRETS = re.compile(
    r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}|sz_[0-9a-f]{8}_[\w-]{43}"
    r"|(?<=Bearer )\S+|(?<=Authorization: )\S+ \S+|(?<=://)(?!user:password@)(?:[^\s/:@]*:[^\s/@]+|[^\s/:@?#]+)(?=@)"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_known: set[str] = set()


def hide(secret: str | None) -> None:
    """Keeps a secret out of every line from now on."""
    if secret:
        _known.add(secret)


def redact(text: str) -> str:
    """A text without the secrets in it."""
    for secret in _known:
        text = text.replace(secret, _HIDDEN)
    return _SECRETS.sub(_HIDDEN, text)


class LineFormatter(logging.Formatter):
    """Formats a record as one line; a traceback follows in lines that nobody mistakes for records."""

    def format(self, record: logging.LogRecord) -> str:
        record = logging.makeLogRecord(record.__dict__)
        message = record.getMessage()
        if run_id := getattr(record, "run_id", None):
            message = f"{message} (run {run_id})"
        record.msg, record.args = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = "\n".join(f"    | {line}" for line in record.exc_text.splitlines())
        return redact(super().format(record))


class RunFilter(logging.Filter):
    """Puts the run that is being carried out to each record, so that its lines are found together."""

    def filter(self, record: logging.LogRecord) -> bool:
        module = sys.modules.get("schedulezero.run_context")  # heavy; not loaded before there are runs
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


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("bot").critical("the program ended unexpectedly", exc_info=(kind, error, trace))
