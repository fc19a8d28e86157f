"""Log lines: one line each whatever is in them, and no secrets."""

from __future__ import annotations

import logging
import re
import sys
from types import TracebackType

_FORMAT = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
_HIDDEN = "[hidden]"
# Read as: what looks like a bot's token, one of ours, stands behind "Bearer", or before a URL's @.
_SECRETS = re.compile(
    r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}|sz_[0-9a-f]{8}_[\w-]{43}"
    r"|(?<=Bearer )\S+|(?<=Authorization: )\S+ \S+|(?<=://)(?!user:password@)[^\s/:@]*:[^\s/@]+(?=@)"
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
        record.msg, record.args = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = "\n".join(f"    | {line}" for line in record.exc_text.splitlines())
        return redact(super().format(record))


def set_up(*, verbose: bool) -> None:
    """Sends the program's log, and whatever ends it, to the standard error in that form."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(_FORMAT))
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
