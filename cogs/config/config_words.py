"""Explains in plain words what is wrong with a setting; pydantic's messages are for programmers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Type of pydantic's error → what would be valid; the error's context fills in the braces
# (https://docs.pydantic.dev/latest/errors/validation_errors/).
_WORDS = {
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "int_type": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_parsing_size": "it must be a whole number, and this one is too large",
    "int_from_float": "it must be a whole number",
    "float_type": "it must be a number",
    "float_parsing": "it must be a number",
    "finite_number": "it must be a finite number",
    "greater_than_equal": "it must be {ge} or more",
    "greater_than": "it must be more than {gt}",
    "less_than_equal": "it must be {le} or less",
    "less_than": "it must be less than {lt}",
    "literal_error": "it must be {expected}",
    "string_type": "it must be a text; put it in quotes",
    "string_sub_type": "it must be a text; put it in quotes",
    "string_unicode": "it must be a text in UTF-8",
    "string_too_short": "it must not be empty",
    "string_too_long": "it must have {max_length} characters or fewer",
    "tuple_type": "it must be a list, such as [announcement, posts]",
    "model_type": "it must hold keys of its own",
}


def in_our_words(error: Mapping[str, Any]) -> str:
    """Say what a valid value would be, for one of pydantic's errors.

    Parameters:
        error: An element of ``ValidationError.errors()``.
    """
    words = _WORDS.get(error["type"])
    if error["input"] is None and words is not None:  # a key with nothing behind it
        words = f"{words.partition(';')[0]}; give one, or remove the line"
    if words is None:  # one of our own validators wrote the sentence
        return str(error["msg"]).removeprefix("Value error, ")
    context = dict(error.get("ctx", {})).items()
    whole = {name: int(bound) if isinstance(bound, float) else bound for name, bound in context}
    return words.format_map(whole)  # our own limits are whole numbers
