"""Says why pydantic refused a value, in sentences with codes: its own words are English everywhere."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

from schedulezero.sentences import Sentence

_INTEGER = Sentence("a whole number", "expected_integer")
_NUMBER = Sentence("a number", "expected_number")
_BOOLEAN = Sentence("true or false", "expected_boolean")
_OBJECT = Sentence("a JSON object", "expected_object")

# Read as: what pydantic calls an error (https://docs.pydantic.dev/latest/errors/validation_errors/), and what
# the value must be.
_EXPECTED = {
    "bool_parsing": _BOOLEAN,
    "bool_type": _BOOLEAN,
    "dict_type": _OBJECT,
    "finite_number": _NUMBER,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "int_from_float": _INTEGER,
    "int_parsing": _INTEGER,
    "int_parsing_size": _INTEGER,
    "int_type": _INTEGER,
    "list_type": Sentence("a JSON list", "expected_list"),
    "model_type": _OBJECT,
    "string_type": Sentence("text", "expected_text"),
}


def unusable_because(error: ErrorDetails) -> str:
    """Return why a value can't be used, to read after a colon and before a stop.

    What a validator raised is said as its author wrote it; a validator of ours raises a `Sentence`.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error" and isinstance(raised := _raised(context), Sentence):
        return raised
    if kind in ("value_error", "assertion_error"):
        text = str(_raised(context)) or kind
        return f"{text[0].lower()}{text[1:].rstrip('.')}"
    if kind in _EXPECTED:
        return Sentence("it must be {expected}", "reason_expected", expected=_EXPECTED[kind])
    match kind:
        case "missing":
            return Sentence("it is missing", "reason_missing")
        case "extra_forbidden":
            return Sentence("there is no such part", "reason_no_such_part")
        case "greater_than":
            return Sentence("it must be more than {least}", "reason_not_above", least=context["gt"])
        case "less_than":
            return Sentence("it must be less than {most}", "reason_not_below", most=context["lt"])
        case "multiple_of":
            return Sentence(
                "it must be a multiple of {step}", "reason_no_multiple", step=context["multiple_of"]
            )
        case "string_too_short":
            if context["min_length"] == 1:
                return Sentence("it must not be empty", "reason_empty")
            return Sentence(
                "it must have at least {least} characters", "reason_too_short", least=context["min_length"]
            )
        case "string_pattern_mismatch":
            return Sentence(
                "it doesn't match the pattern “{pattern}”", "reason_pattern", pattern=context["pattern"]
            )
        case _:
            return Sentence("the check says “{text}”", "reason_of_the_check", text=error["msg"].rstrip("."))


def _raised(context: dict[str, Any]) -> Any:
    """Return what a validator raised its error with."""
    error = context.get("error")
    return error.args[0] if isinstance(error, Exception) and error.args else ""
