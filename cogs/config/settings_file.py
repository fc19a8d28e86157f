"""Reads YAML as people mean it in a settings file: without YAML 1.1's surprises, and each key once."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

_OCTAL = re.compile(r"[-+]?0[0-9_]+")


class _Loader(yaml.SafeLoader):
    """Leaves what only YAML 1.1 takes for a number or a date as the text that it is, such as 1:30."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        first: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            line = key.start_mark.line + 1
            if (before := first.setdefault((key.tag, key.value), line)) != line:
                raise yaml.constructor.ConstructorError(
                    problem=f"`{key.value}` is there already, at line {before}; keep one of the two",
                    problem_mark=key.start_mark,
                )
        return super().construct_mapping(node, deep)

    def int_or_text(self, node: yaml.ScalarNode) -> int | str:
        """Return a whole number; text if it has a colon (base 60) or begins with 0 (base 8)."""
        if ":" in node.value or _OCTAL.fullmatch(node.value):
            return str(node.value)
        return self.construct_yaml_int(node)

    def float_or_text(self, node: yaml.ScalarNode) -> float | str:
        """Return a number; text if it has a colon (base 60)."""
        return str(node.value) if ":" in node.value else self.construct_yaml_float(node)

    def text(self, node: yaml.ScalarNode) -> str:
        """Return what looks like a date as text: no setting is one."""
        return str(node.value)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.int_or_text)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.float_or_text)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.text)


def parse(text: str) -> Any:
    """Return what a settings file holds; raises yaml.YAMLError, also for a key that is there twice."""
    return yaml.load(text, Loader=_Loader)
