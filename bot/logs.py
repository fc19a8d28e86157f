"""Formats log records: one line each, whatever they contain, and without secrets."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
import warnings
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from schedulezero.hiding import forms_of
from schedulezero.storage.postgres_url import secrets_of

_FORMAT = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
_HIDDEN = "[hidden]"
# Matches Discord bot tokens, our own tokens, secrets of calendar feeds, anything after "Bearer", and
# credentials before the @ of a URL.
_SECRETS = re.compile(
    r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}|sz_[0-9a-f]{8}_[\w-]{43}|[0-9a-f]{16}[\w-]{43}(?=\.ics)"
    r"|(?<=Bearer )\S+|(?<=Authorization: )\S+ \S+"
    r"|(?<=://)(?!user:\S{3,15}@host)(?:[^\s/:@]*:[^\s/]+|[^\s/:@?#]+)(?=@)"
    r"|(?<=[?&]password=)[^\s&'\"]+|(?<=[?&]sslpassword=)[^\s&'\"]+"
)
# A password that isn't percent-encoded may contain anything: hide all that precedes the line's last @.
_POSTGRES = re.compile(
    r"postgres(?:ql)?(?:\+\w+)?:/{0,2}+"
    r"(?!user:(?:password|p%40ss%2Fword)@host)"  # our own examples
    r"(?![^\s:@/?#]*@[^\s@]*(?:\s|$))",  # a user without a password
    re.IGNORECASE,
)
_NO_FURTHER = re.compile(r"\n|postgres(?:ql)?://user:p", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")  # which some readers take for the end of a line
_known: dict[str, re.Pattern[str]] = {}


def hide(secret: str | None) -> None:
    """Hide a secret in every line from now on, in each of its quoted forms."""
    if not secret:
        return
    for form in forms_of(secret):
        # Don't match inside other words: a short password might be part of one.
        before, after = (r"(?<!\w)" if form[0].isalnum() else ""), (r"(?!\w)" if form[-1].isalnum() else "")
        _known[form] = re.compile(before + re.escape(form) + after)


def hide_passwords(setting: str) -> None:
    """Hide the password of a ``database`` setting in every line from now on."""
    for secret in secrets_of(setting):
        hide(secret)


def redact(text: str) -> str:
    """Return a text with the secrets in it hidden."""
    text = _without_passwords(text)
    for secret in sorted(_known, key=len, reverse=True):  # longest first: a secret may contain another
        text = _known[secret].sub(_HIDDEN, text)
    return _SECRETS.sub(_HIDDEN, text)


def _without_passwords(text: str) -> str:
    """Return a text without the passwords in PostgreSQL's URLs, read once however many URLs it holds."""
    parts: list[str] = []
    done = 0
    for end in (*(match.start() for match in _NO_FURTHER.finditer(text)), len(text)):
        last = text.rfind("@", done, end)
        found = _POSTGRES.search(text, done, end) if last >= 0 else None
        if found is not None and found.end() <= last:
            parts += [text[done : found.end()], _HIDDEN]
            done = last
        parts.append(text[done:end])
        done = end
    return "".join(parts)


class LineFormatter(logging.Formatter):
    """Formats a record as one line; traceback lines are prefixed, so that they can't pass for records."""

    def format(self, record: logging.LogRecord) -> str:
        record = logging.makeLogRecord(record.__dict__)
        message = redact(record.getMessage())  # before the control characters in a secret are escaped
        if (run_id := getattr(record, "run_id", None)) and run_id not in message:
            message = f"{message} (run {run_id})"
        record.msg, record.args = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(self.formatException(record.exc_info))
        if record.exc_text:
            record.exc_text = "\n".join(f"    | {line}" for line in record.exc_text.splitlines())
        return redact(super().format(record))


class RunFilter(logging.Filter):
    """Adds the current run's id to each record, so that all lines of a run can be found."""

    def filter(self, record: logging.LogRecord) -> bool:
        # The module is slow to import and isn't loaded before the first run.
        module = sys.modules.get("schedulezero.handler.run_context")
        current = module.current_run().run_id if module is not None else None
        record.run_id = getattr(record, "run_id", None) or current
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
        if record.stack_info:
            data["stack"] = redact(self.formatStack(record.stack_info))
        line = json.dumps(data, ensure_ascii=False)
        return _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


class _Handler(logging.StreamHandler[Any]):
    """Writes records to standard error; what goes wrong there is a record, too, and no bare traceback."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        error = sys.exc_info()[1]
        if isinstance(error, OSError | RecursionError | None):
            return  # nobody reads the log, so nobody can be told
        text = "a line of %s in %s, line %d, could not be written"
        where = (record.name, record.pathname, record.lineno)
        told = logging.LogRecord("bot", logging.ERROR, "", 0, text, where, sys.exc_info())
        with contextlib.suppress(OSError):
            self.stream.write(self.format(told) + self.terminator)


def as_json() -> None:
    """Switch the log's format to JSON."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())


def is_json() -> bool:
    """Return whether the log is written as JSON, so that everything else for people should be, too."""
    return any(isinstance(item.formatter, JsonFormatter) for item in logging.getLogger().handlers)


def set_up(*, verbose: bool) -> None:
    """Send the program's log, including uncaught exceptions, to standard error in this format."""
    handler = _Handler()
    handler.setFormatter(LineFormatter(_FORMAT))
    handler.addFilter(RunFilter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # Even in a verbose log: these loggers would log what is sent to Discord, token included.
    for name in ("aiohttp", "httpx", "httpcore", "discord"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if verbose:
        log_everything()
    # Python hides these in imported modules, but sprockets' authors and the bot's owner need to see them.
    warnings.filterwarnings("default", r".* has moved to ", DeprecationWarning)
    logging.captureWarnings(capture=True)
    sys.excepthook = _ended
    threading.excepthook = _thread_ended
    sys.unraisablehook = _not_raised


def log_everything() -> None:
    """Log debugging messages, too."""
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("discord").setLevel(logging.NOTSET)


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
    """Log an exception that Python could not raise, such as one in a destructor."""
    if what.exc_value is not None:
        error = (what.exc_type, what.exc_value, what.exc_traceback)
        logging.getLogger("bot").error("an error was ignored in %r", what.object, exc_info=error)
