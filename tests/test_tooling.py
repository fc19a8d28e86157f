"""What checks a change says the same everywhere: `make lint`, the hooks before a commit, and CI."""

from __future__ import annotations

import re
import tomllib

import yaml

from tests.support.command_line import ROOT


def test_the_hooks_before_a_commit_run_what_make_lint_runs() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.+\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert recipe is not None
    linted = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [hook["entry"] for repository in hooks["repos"] for hook in repository["hooks"]] == linted


def test_ci_runs_on_each_python_that_the_package_names() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    prefix = "Programming Language :: Python :: 3."
    versions = [classifier.rsplit(" ", 1)[1] for classifier in named if classifier.startswith(prefix)]
    gate = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["gate"]
    assert versions and gate["strategy"]["matrix"]["python"] == versions
    assert gate["steps"][-1] == {"run": ".ci/run"}
