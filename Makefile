# Sets up, runs and tests Sentinel. `make` alone says what there is.
PYTHON ?= $(shell deploy/find-python)
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q
ONCE ?=

.PHONY: help setup setup-dev packages demo check test bench clean

help:
	@echo "make demo         everything set up, then server and collector on the bundled recordings, console open"
	@echo "make demo ONCE=1  the same, approving by itself; ends 0 only if every stage was verified"
	@echo "make test         sets up all that tests need (Debian packages too) and runs them"
	@echo "make check        format, lint, types, import contracts, conventions, rules and playbooks"
	@echo "make setup        only .venv with bin/sentinel and bin/sentinel-collect"
	@echo "make bench        the figures the README quotes"

# A stamp holds the lock file it was made from, so that a changed lock installs again and an unchanged one costs nothing.
.venv/run.stamp: requirements/run.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 found: install python3.11 and python3.11-venv." >&2; exit 3; }
	@test -x $(BIN)/pip || deploy/make-venv "$(PYTHON)" .venv
	@echo "Installing the server and the collector into .venv (about half a minute) ..." >&2
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.lock
	@echo "Installing what tests and checks need ..." >&2
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

setup: .venv/run.stamp

setup-dev: .venv/dev.stamp

packages:
	@deploy/install-test-packages
	@deploy/fetch-test-servers

demo: setup
	@$(BIN)/sentinel demo $(if $(ONCE),--once)

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) tests/house
	$(BIN)/sentinel rules check rules
	$(BIN)/sentinel rules test rules > /dev/null
	$(BIN)/sentinel playbook check playbooks
	$(BIN)/sentinel playbook test playbooks > /dev/null

# What waits for servers has a third worker; trials have one to themselves and beside them only what computes (see
# tests/workers.py); those that need both cores come last and alone. Bytecode that one run has made serves the next.
test: export PYTHONDONTWRITEBYTECODE =
test: setup-dev packages check
	$(PYTEST) -n 3 --dist loadfile -m "(live or slow) and not trial" --durations=15
	$(PYTEST) -n 2 --dist loadfile -m "(trial and not engines) or not (live or slow or trial)" --ignore tests/house \
		--durations=15
	$(PYTEST) -m engines tests/live

bench: setup-dev
	$(BIN)/python -m bench

clean:
	rm -rf .venv .sentinel .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/output
