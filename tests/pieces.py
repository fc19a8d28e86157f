"""English pieces that code puts into sentences, which no translation reaches.

A sentence's values are names, numbers, what people typed, or sentences of their own. Words of code, and those
of a library's exception, stay English in every language. They may stand in a sentence only as a quotation,
``“{text}”`` or `` `{text}` ``, which no reader takes for a part of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.texts import sources

# Read as: a module and a value's name there, and why its words are the same in every language.
SAME_EVERYWHERE = {
    "schedulezero/exchange/yaml_file.py:words": "what the file takes",
    "schedulezero/methods/variables.py:example": "what is typed in a text",
}

_WORD = re.compile(r"[a-z]{2,}")
_NOT_VALUES = {"code", "field", "message", "headers"}
_NOT_SENTENCES = {"DeskButton"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def pieces() -> list[str]:
    """Return where code puts English into a sentence, as ``path:value``."""
    return sorted({f"{path}:{name}" for path, tree in sources() for name in in_module(tree)})


def in_module(tree: ast.Module) -> Iterator[str]:
    """Yield the names of the values that are English pieces."""
    for call, function in _calls(tree, None):
        if getattr(call.func, "id", "") == "asking_discord" and _words(call.args[0]):
            yield "doing"  # what the job is doing is a piece of each sentence there
        template = _template(call)
        if template is None:
            continue
        for keyword in call.keywords:
            name = keyword.arg
            if name is None or name in _NOT_VALUES or _quoted(name, template):
                continue
            if _english(keyword.value, function or tree):
                yield name


def _calls(node: ast.AST, function: _Function | None) -> Iterator[tuple[ast.Call, _Function | None]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, function
        yield from _calls(child, child if isinstance(child, _Function) else function)


def _template(call: ast.Call) -> str | None:
    """Return the template of a call that makes a sentence with a code; None for others."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    said = [item.value for item in call.args if isinstance(item, ast.Constant)]
    texts = [text for text in said if isinstance(text, str)]
    coded = any(keyword.arg == "code" for keyword in call.keywords)
    if name in _NOT_SENTENCES or not texts or not (coded or name in ("Sentence", "counted")):
        return None
    return max(texts, key=len)


def _quoted(name: str, template: str) -> bool:
    return any(form in template for form in (f"“{{{name}}}”", f"`{{{name}}}`", f"{{{name}!r}}"))


def _english(value: ast.expr, scope: ast.AST) -> bool:
    """Whether a value is words of code, or those of an exception that the scope catches."""
    if _words(value):
        return True
    caught = {item.name for item in ast.walk(scope) if isinstance(item, ast.ExceptHandler) and item.name}
    if isinstance(scope, _Function):
        caught |= {item.arg for item in scope.args.args if _is_exception(item.annotation)}
    if isinstance(value, ast.Name):
        assigned = [
            item.value
            for item in ast.walk(scope)
            if isinstance(item, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == value.id for target in item.targets)
        ]
        return value.id in caught or any(map(_words, assigned))
    return any(
        isinstance(item, ast.Call)
        and isinstance(item.func, ast.Name)
        and item.func.id in ("str", "repr")
        and any(isinstance(arg, ast.Name) and arg.id in caught for arg in item.args)
        for item in ast.walk(value)
    )


def _is_exception(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id in ("Exception", "BaseException")


def _words(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return _WORD.search(text) is not None
        case (
            ast.JoinedStr(values=parts)
            | ast.BoolOp(values=parts)
            | ast.List(elts=parts)
            | ast.Tuple(elts=parts)
        ):
            return any(map(_words, parts))
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            return _words(one) or _words(other)
        case _:
            return False
