# Everything a checkout needs: `make demo` and `make test` each work alone on a machine
# with Python 3.11-3.13 (with venv) and make. ARGS passes options on, e.g.
#   make demo ARGS="--no-browser --port 8123"
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
RULES := ../shared/discord-api
# Where Discord's published rules lie beside the checkout, every request is held against them.
RULES_OPTIONS := $(if $(wildcard $(RULES)/guard_plugin.py),-p guard_plugin)

.PHONY: run demo server doctor test lint format lock clean

run: $(VENV)/.runtime
	$(BIN)/python -m bot run $(ARGS)

server: $(VENV)/.runtime
	$(BIN)/python -m bot server $(ARGS)

doctor: $(VENV)/.runtime
	$(BIN)/python -m bot doctor $(ARGS)

demo: $(VENV)/.demo
	$(BIN)/python -m bot demo $(ARGS)

test: $(VENV)/.dev
	PYTHONPATH=$(RULES) $(BIN)/python -m pytest $(RULES_OPTIONS) $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable .
	touch $@

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[dev]'
	touch $@

# Pins everything, extras included, for every Python that the project runs on.
lock: $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-emit-index-url \
		--no-emit-find-links --no-emit-package schedulezero-discord --output-file constraints.txt pyproject.toml

clean:
	rm -rf $(VENV) build dist *.egg-info
