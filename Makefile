# Everything here works inside this folder: a virtual environment in .venv, nothing global, no compiler.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
SOURCES := src tests $(wildcard benchmarks)

# The lock is complete, so pip need not resolve; wheels only, so no compiler is ever called. Byte code is left
# to the first import, unless Python is told not to write it then: every start would compile everything anew.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet \
	$(if $(PYTHONDONTWRITEBYTECODE),--compile,--no-compile)
PIP_LOCKED := $(PIP) --require-hashes --no-deps --only-binary :all:

PYTEST := $(BIN)/python -m pytest
# Extra arguments: make test PYTEST_ARGS="-k contract", make bench BENCH_ARGS=--quick.
PYTEST_ARGS ?=
BENCH_ARGS ?=
# One process more than cores, as some of the tests wait for processes and sockets. Each begins with a stretch of files
# of its own and takes from others when it is through, so that what the tests of a file share is made once.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) + 1)
PARALLEL := -n $(WORKERS) --maxprocesses 4 --dist worksteal

.PHONY: help venv demo venv-dev test test-postgresql test-slow soak check format coverage-clauses bench lock protobuf clean

help:  ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

venv: $(VENV)/.package  ## install the node into .venv

demo: venv  ## run the demonstration: several institutions on this machine, one real job
	@$(BIN)/interconn demo

venv-dev: $(VENV)/.dev $(VENV)/.package  ## install the tools for tests and checks too

test: venv-dev  ## run the fast tests
	@$(PYTEST) $(PARALLEL) $(PYTEST_ARGS)

# Which networks: make test-postgresql ON_POSTGRESQL=tests/management/test_permits.py
ON_POSTGRESQL ?= tests/management tests/control tests/peers

test-postgresql: venv-dev  ## run the networks of nodes within one process on PostgreSQL instead of SQLite
	@$(PYTEST) $(PARALLEL) --database postgresql $(ON_POSTGRESQL) $(PYTEST_ARGS)

test-slow: venv-dev  ## run the slow tests
	@$(PYTEST) -m slow --timeout 900 $(PYTEST_ARGS)

MINUTES ?= 3

soak: venv-dev  ## run jobs under random kill -9 and compare the books of all nodes (MINUTES=60)
	@$(BIN)/python -m tools.soak --minutes $(MINUTES) $(SOAK_ARGS)

check: venv-dev  ## format, lint, types and import directions
	@status=0; for tool in "ruff format --check $(SOURCES)" "ruff check $(SOURCES)" mypy "lint-imports --no-logo"; do \
		echo "$$tool" >&2; $(BIN)/$$tool || status=1; done; exit $$status

format: venv-dev  ## format the code and mend what the linter can
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

coverage-clauses: venv-dev  ## which clauses of the standard the tests name; writes docs/clauses.md
	@$(BIN)/python tools/clause_coverage.py --page

bench: venv-dev  ## measure; prints one JSON object
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

# Pins are kept unless UPGRADE=1. base and node are subsets of dev: one version of everything everywhere.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	$(if $(UPGRADE),--upgrade)

lock: venv-dev  ## write requirements/*.txt anew from pyproject.toml (UPGRADE=1: to newest versions)
	@$(LOCK) --group pip -o requirements/pip.txt
	@$(LOCK) --group build pyproject.toml --extra dev -o requirements/dev.txt
	@$(LOCK) --group build pyproject.toml --extra node -c requirements/dev.txt -o requirements/node.txt
	@$(LOCK) --group build pyproject.toml -c requirements/dev.txt -o requirements/base.txt
	@! grep -nE '^-|://|(^|[ =])/' requirements/*.txt || { echo "a lock names an index or a path" >&2; exit 1; }

protobuf:  ## generate the protobuf modules anew
	@sh tools/protobuf.sh

clean:  ## remove .venv and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: each step is done again only when its lock, or for the package its metadata, has changed.

$(VENV)/.created:
	@python=""; for name in python3 python3.13 python3.12 python3.11; do \
		if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then \
		echo "interconn needs Python 3.11 or newer with its venv module; none was found on PATH." >&2; \
		echo "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)" >&2; \
		echo "or put it first on PATH, and run make again." >&2; exit 1; fi; \
	echo "creating $(VENV) with $$($$python --version)" >&2; rm -rf $(VENV); $$python -m venv $(VENV)
	@touch $@

$(VENV)/.node: requirements/node.txt requirements/pip.txt $(VENV)/.created
	@echo "installing requirements/node.txt" >&2
	@$(PIP_LOCKED) -r requirements/pip.txt
	@$(PIP_LOCKED) -r requirements/node.txt
	@touch $@

$(VENV)/.package: pyproject.toml $(VENV)/.node
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.node
	@echo "installing requirements/dev.txt" >&2
	@$(PIP_LOCKED) -r requirements/dev.txt
	@touch $@
