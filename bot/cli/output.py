"""Handles standard streams that are cut off, closed, full, or unable to encode a character.

`guarded` runs a command so that none of these ends in a traceback, not even while the interpreter flushes the
streams on exit (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Generator
from typing import Any, TextIO, cast

from bot.cli.interruption import stopped_the_start

FAILED = 1
INTERRUPTED = 130
CUT_OFF = 141
"""INTERRUPTED and CUT_OFF are what shells report for programs that SIGINT and SIGPIPE ended."""


class OutputGone(OSError):
    """Standard output or error can't be written; distinct from errors of files and sockets."""


class _Stream:
    """A standard stream that raises OutputGone for its failures, to tell them from other errors."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            raise OutputGone(error.errno, error.strerror) from error

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise OutputGone(error.errno, error.strerror) from error


def guarded(work: Callable[[], int]) -> int:
    """Run a command and return its exit status, or a status for broken output."""
    with _streams():
        try:
            try:
                status = work()
            except SystemExit as ended:  # argparse does this for `--help`
                status = ended.code if isinstance(ended.code, int) else 0
            sys.stdout.flush()
            sys.stderr.flush()
        except KeyboardInterrupt:
            status = INTERRUPTED
        except OutputGone as error:
            status = _cut_off(error)
        except Exception:
            if not stopped_the_start():
                raise
            status = INTERRUPTED
        finally:
            _silence_what_is_broken()
    return status


def is_unicode() -> bool:
    """Return whether standard output can encode every character."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


@contextlib.contextmanager
def _streams() -> Generator[None]:
    """Reopen streams that the parent process closed, and replace characters that they can't encode."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Otherwise the next file to be opened, such as the database, would get this descriptor.
            os.open(os.devnull, os.O_RDWR)
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123
        for name, errors in (("stdout", "replace"), ("stderr", "backslashreplace")):
            stream = getattr(sys, name) or nowhere  # None if it was closed
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=errors)
            setattr(sys, name, cast(TextIO, _Stream(stream)))
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def _silence_what_is_broken() -> None:
    """Flush and silence broken streams, so that the interpreter's own flush on exit reports no error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OutputGone:
            with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123
                os.dup2(nowhere.fileno(), stream.fileno())


def _cut_off(error: OutputGone) -> int:
    if isinstance(error.__cause__, BrokenPipeError):
        return CUT_OFF  # the reader stopped reading, which is no error worth a message
    with contextlib.suppress(OutputGone):
        print(f"schedulezero-bot: the output cannot be written: {error.strerror}.", file=sys.stderr)
    return FAILED
