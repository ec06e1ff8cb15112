# `make` lists the targets. Each installs what it needs; stamps in .venv let a second run do without a network.

PYTHON ?= python3
ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
RUNS := $(VENV)/.runs
TESTS := $(VENV)/.tests

.DEFAULT_GOAL := help
.PHONY: help run test faults lint system settings bench bench-check formats screenshots clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(RUNS) ## serve on http://127.0.0.1:8000 (settings: make settings)
	@exec $(PY) -m gunicorn wsgi:app

test: $(TESTS) system lint ## check everything (ARGS="-k name" chooses tests)
	$(PY) -m tests.everything --timeout=120 $(ARGS)
	$(PY) -m pytest -q tests/wire --cov=chatstream.wire --cov-branch --cov-fail-under=100

lint: $(TESTS) ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m mypy --strict chatstream

system: $(TESTS) ## install what tests start or drive: mongod, nginx, browsers, others' clients
	@$(PY) -m tests.install

settings: $(RUNS) ## print every setting with its default
	@$(PY) -m chatstream.settings

faults: $(TESTS) system ## break everything at random for 10 minutes (ARGS="--minutes 2 --seed 1")
	@$(PY) -m tests.faults $(ARGS)

bench: $(TESTS) system ## measure the stream beside nginx and others, and write docs/performance.md
	$(PY) -m bench.run $(ARGS)

bench-check: $(TESTS) system ## the same in small, with wide margins (the tests run it too)
	@$(PY) -m bench.check

formats: $(TESTS) ## write docs/formats.md anew, from a running server
	@$(PY) -m tests.formats

screenshots: $(TESTS) system ## photograph every state of the page
	$(PY) -m tests.screenshots

clean: ## remove what make made; chats in var/ and .env stay
	rm -rf $(VENV) .cache tests/clients/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "ChatStream needs Python 3.11 or newer, and $(PYTHON) is older or missing."; \
		echo "Install one and name it: make run PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment."; \
		echo "On Debian and Ubuntu install its part for that: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUNS): requirements.txt pyproject.toml | $(PY)
	$(PIP) -r requirements.txt -e .
	@touch $@

$(TESTS): requirements-dev.txt $(RUNS)
	$(PIP) -r requirements-dev.txt
	@touch $@
