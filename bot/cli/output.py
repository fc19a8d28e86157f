"""The standard streams of a command: cut off, closed, full, or unable to hold a character.

`guarded` runs a command so that none of these ends in a traceback, also not while the interpreter shuts
down and flushes what is left (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Generator
from typing import Any, TextIO, cast

FAILED = 1
INTERRUPTED = 130
CUT_OFF = 141
"""As a shell reports programs that SIGINT, and SIGPIPE, ended."""


class OutputGone(OSError):
    """The standard output or error takes no more; not to be taken for an error of a file or a socket."""


class _Stream:
    """A standard stream whose failures are told apart from all others."""

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
    """Runs a command and returns its exit status, or the one of what became of its output."""
    with _streams():
        try:
            try:
                status = work()
            except SystemExit as ended:  # as argparse ends `--help`
                status = ended.code if isinstance(ended.code, int) else 0
            sys.stdout.flush()
            sys.stderr.flush()
        except KeyboardInterrupt:
            status = INTERRUPTED
        except OutputGone as error:
            status = _cut_off(error)
        finally:
            _silence_what_is_broken()
    return status


def is_unicode() -> bool:
    """Whether the standard output can hold any character."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


@contextlib.contextmanager
def _streams() -> Generator[None]:
    """Opens streams that whoever started us closed, and lets no character be one too many for them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Else the next file to be opened, such as the database, would take its number.
            os.open(os.devnull, os.O_RDWR)
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123
        for name, errors in (("stdout", "replace"), ("stderr", "backslashreplace")):
            stream = getattr(sys, name) or nowhere  # None where it was closed
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=errors)
            setattr(sys, name, cast(TextIO, _Stream(stream)))
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def _silence_what_is_broken() -> None:
    """Flushes for the last time; the interpreter, which does that too, finds nothing to complain about."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OutputGone:
            with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123
                os.dup2(nowhere.fileno(), stream.fileno())


def _cut_off(error: OutputGone) -> int:
    if isinstance(error.__cause__, BrokenPipeError):
        return CUT_OFF  # whoever read it has enough
    with contextlib.suppress(OutputGone):
        print(f"schedulezero-bot: the output cannot be written: {error.strerror}.", file=sys.stderr)
    return FAILED
