"""What a method takes, as JSON Schema (2020-12), for REST clients that create jobs and for documentation."""

from __future__ import annotations

from typing import Any

from schedulezero.methods.parameters import Kind, Parameter
from schedulezero.methods.secret_params import is_secret
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import JsonObject

_ID: JsonObject = {"type": ["integer", "string"], "pattern": r"^\d{1,20}$"}
_ID_LIST: JsonObject = {"type": "array", "items": _ID, "minItems": 1}
# Read as: a kind, and the schema of its values.
_SCHEMAS: dict[Kind, JsonObject] = {
    Kind.TEXT: {"type": "string"},
    Kind.LONG_TEXT: {"type": "string"},
    Kind.INTEGER: {"type": ["integer", "string"], "pattern": r"^-?\d{1,20}$"},
    Kind.NUMBER: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.CHANNEL: _ID,
    Kind.CHANNELS: _ID_LIST,
    Kind.ROLE: _ID,
    Kind.ROLES: _ID_LIST,
    Kind.USER: _ID,
    Kind.USERS: _ID_LIST,
    Kind.GUILD: _ID,
    Kind.COLOUR: {"type": ["string", "integer"]},
    Kind.URL: {"type": "string"},
    Kind.MESSAGE: {"type": "string", "format": "uri"},
    Kind.CHOICE: {"type": "string"},
    Kind.DURATION: {"type": ["number", "string"]},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIME: {"type": "string", "pattern": r"^\d{2}:\d{2}(:\d{2})?$"},
    Kind.OBJECT: {"type": "object"},
    Kind.LIST: {"type": "array"},
    Kind.EMBEDS: {"type": "array", "items": {"type": "object"}},
    Kind.FILES: {"type": "array", "items": {"type": "object"}},
    Kind.BUTTONS: {"type": "array", "items": {"type": "object"}},
    Kind.POLL: {"type": "object"},
    Kind.LAYOUT: {"type": "array", "items": {"type": "object"}},
}


def schema_of(spec: MethodSpec) -> JsonObject:
    """Return the schema of a method's params; ``x-kind`` is each one's kind, as the forms use it.

    Secrets are ``writeOnly``: the server masks them for tokens that may only read.
    """
    required = [parameter.name for parameter in spec.parameters if parameter.required]
    return {
        "type": "object",
        "description": spec.summary,
        "properties": {
            parameter.name: {
                **_property(parameter),
                **({"writeOnly": True} if is_secret(spec, parameter.name) else {}),
            }
            for parameter in spec.parameters
        },
        **({"required": required} if required else {}),
    }


def _property(parameter: Parameter) -> JsonObject:
    found: dict[str, Any] = {**_SCHEMAS[parameter.kind], "x-kind": parameter.kind.value}
    if parameter.help:
        found["description"] = parameter.help
    if parameter.choices:
        numbers = [item for item in parameter.values if isinstance(item, int) and not isinstance(item, bool)]
        found["enum"] = [*parameter.choices, *(item.real for item in numbers)]
        if numbers:
            found["type"] = ["string", "integer"]
    if parameter.longest is not None:
        found["maxLength"] = parameter.longest
    if parameter.least is not None:
        found["minimum"] = parameter.least
    if parameter.most is not None:
        found["maximum"] = parameter.most
    if parameter.default is not None:
        found["x-default"] = f"{parameter.default}"  # plain words, also of a Sentence
    return found
