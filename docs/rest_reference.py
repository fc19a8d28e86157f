"""Fills the page of the REST reference from the server's own OpenAPI description, when the site is built."""

from __future__ import annotations

from typing import Any

from schedulezero.server.api.openapi import DESCRIPTION

_PLACE = "<!-- reference -->"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Called by MkDocs for each page (https://www.mkdocs.org/user-guide/configuration/#hooks)."""
    return markdown.replace(_PLACE, reference()) if page.file.src_uri == "reference/rest.md" else markdown


def reference() -> str:
    """Every operation, its body and its answers; every schema with its fields."""
    lines: list[str] = []
    for path, operations in DESCRIPTION["paths"].items():
        for method, operation in operations.items():
            lines += [f"### `{method.upper()} {path}`", "", operation.get("summary", ""), ""]
            body = (
                operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            )
            if body is not None:
                lines += [f"Body: {_type(body)}", ""]
            for parameter in operation.get("parameters", []):
                lines.append(
                    f"- `{parameter['name']}` ({parameter['in']}): {_type(parameter.get('schema', {}))}"
                )
            for status, answer in operation["responses"].items():
                schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
                lines.append(f"- **{status}**: {_type(schema)}")
            lines.append("")
    lines += ["## Schemas", ""]
    for name, schema in DESCRIPTION["components"]["schemas"].items():
        lines += [f"### {name}", ""]
        required = set(schema.get("required", ()))
        rows = [
            f"| `{field}` | {_type(inner)} | {'yes' if field in required else 'no'} |"
            for field, inner in schema.get("properties", {}).items()
        ]
        lines += (
            ["| field | type | always there, or required |", "|---|---|---|", *rows, ""]
            if rows
            else [_type(schema), ""]
        )
    return "\n".join(lines)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(
            dict.fromkeys(_type(item) for item in schema.get("anyOf", schema.get("oneOf", ())))
        )
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    said = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{said} ({schema['format']})" if schema.get("format") else said
