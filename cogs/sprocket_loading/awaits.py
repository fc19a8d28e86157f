"""Finds calls of async functions whose result nobody awaits: they do nothing, and the run succeeds."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

from schedulezero.methods.declaring import DeclarationError, Place


def expect_awaited(module: ModuleType) -> None:
    """Raise DeclarationError for a statement that calls an async function by its name, and no more.

    A name that also stands for something else in the module is passed over.
    """
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError, ValueError):
        return  # compiled, or without a file
    others = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    others |= {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name not in others:
                function = vars(module).get(name)
                if inspect.iscoroutinefunction(function):
                    error = DeclarationError(f"{name}(…) does nothing: write `await {name}(…)`.", function)
                    error.place = Place(module.__file__ or "", node.lineno)
                    raise error
            case _:
                pass
