# Everything a checkout needs: `make demo` and `make test` each work alone on a machine
# with Python 3.11-3.13 (with venv) and make. ARGS passes options on, e.g.
#   make demo ARGS="--no-browser --port 8123"
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
APSCHEDULER4 := $(VENV)-apscheduler4
# Each dependency is pinned with the hashes of its files; ours is built with the pinned setuptools.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
OURS := $(PIP) --no-deps --no-build-isolation --editable .
# Where Discord's published rules are at hand, every request of the tests is checked against them.
DISCORD_RULES ?= ../shared/discord-api
RULES_OPTIONS := $(if $(wildcard $(DISCORD_RULES)/guard_plugin.py),-p guard_plugin)

# Tests start many processes, which would each compile every module.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run demo server doctor test bench lint format lock audit clean site package pictures

run: $(VENV)/.runtime
	$(BIN)/schedulezero-bot run $(ARGS)

server: $(VENV)/.runtime
	$(BIN)/schedulezero-bot server $(ARGS)

doctor: $(VENV)/.runtime
	$(BIN)/schedulezero-bot doctor $(ARGS)

demo: $(VENV)/.demo
	$(BIN)/schedulezero-bot demo $(ARGS)

# On every core. CI=true runs everything; without it, what takes long is left out (see --quick in tests/conftest.py).
# ARGS="-n 0 tests/cogs/test_jobs.py" runs one file whole, in one process, as a debugger needs it.
test: $(VENV)/.dev
	PYTHONPATH=$(DISCORD_RULES) $(BIN)/python -m pytest --numprocesses auto --dist worksteal $(RULES_OPTIONS) $(if $(CI)$(ARGS),,--quick) $(ARGS)

# Every figure beside its baseline; writes benchmarks/RESULTS.md. Takes less than ten minutes.
bench: $(VENV)/.dev $(APSCHEDULER4)/.done
	$(BIN)/python -m benchmarks $(ARGS)

# The documentation as a site, in build/site; any warning and any link that leads nowhere fails it.
site: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Wheel and sdist in dist/, and the wheel tried in an empty environment outside of the checkout.
package: $(VENV)/.dev
	rm -rf dist build/lib
	$(BIN)/python -m build --no-isolation --outdir dist . >/dev/null
	$(BIN)/twine check --strict dist/*
	.ci/try-wheel dist/*.whl

# The documentation's pictures, taken from the demo; each kind of job is run for it.
pictures: $(VENV)/.dev
	$(BIN)/python -m tests.journeys.pictures

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml requirements/runtime.txt | $(VENV)/bin/python
	$(PIP) --require-hashes --requirement requirements/runtime.txt
	$(OURS)
	touch $@

$(VENV)/.demo: pyproject.toml requirements/demo.txt | $(VENV)/bin/python
	$(PIP) --require-hashes --requirement requirements/demo.txt
	$(OURS)
	touch $@

$(VENV)/.dev: pyproject.toml requirements/dev.txt | $(VENV)/bin/python
	$(PIP) --require-hashes --requirement requirements/dev.txt
	$(OURS)
	touch $@

# A baseline that cannot be installed beside the other one of its name.
$(APSCHEDULER4)/.done: requirements/apscheduler4.txt
	$(PYTHON) -m venv $(APSCHEDULER4)
	$(APSCHEDULER4)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

# Pins everything for every Python that the project runs on, with hashes: for running, for the demo, for work.
lock: $(VENV)/bin/python
	$(PIP) uv
	for kind in runtime demo postgres dev; do \
		extra=$$kind; [ $$kind = runtime ] && extra=; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 $${extra:+--extra $$extra} --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-emit-package schedulezero-discord --no-header \
			--output-file requirements/$$kind.txt pyproject.toml requirements/build.in || exit 1; \
	done
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --output-file requirements/apscheduler4.txt requirements/apscheduler4.in

# Known holes in what is pinned. Needs PyPI's database of them.
audit: $(VENV)/bin/python
	$(PIP) pip-audit
	$(BIN)/pip-audit --disable-pip --requirement requirements/runtime.txt

clean:
	rm -rf $(VENV) $(APSCHEDULER4) build dist *.egg-info
