"""Finds calls of async functions whose result nobody awaits: they do nothing, and the run succeeds."""

from __future__ import annotations

import ast
import inspect
from functools import lru_cache
from types import ModuleType

from schedulezero.methods.declaring import DeclarationError, Place

_KEPT_SOURCES = 32


def expect_awaited(module: ModuleType) -> None:
    """Raise DeclarationError for a statement that calls an async function by its name, and no more.

    A name that also stands for something else in the module is passed over.
    """
    try:
        calls = _bare_calls(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError, ValueError):
        return  # compiled, or without a file
    for name, line in calls:
        function = vars(module).get(name)
        if inspect.iscoroutinefunction(function):
            error = DeclarationError(f"{name}(…) does nothing: write `await {name}(…)`.", function)
            error.place = Place(module.__file__ or "", line)
            raise error


@lru_cache(_KEPT_SOURCES)  # a sprocket is loaded again, and parsing takes longer than the rest of it
def _bare_calls(source: str) -> tuple[tuple[str, int], ...]:
    """Return the names that statements call, with their lines; none that stands for something else, too."""
    calls: list[tuple[str, int]] = []
    others: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                others.add(name)
            case ast.Expr(value=ast.Call(func=ast.Name(id=name)), lineno=line):
                calls.append((name, line))
            case _:
                pass
    return tuple(call for call in calls if call[0] not in others)
