# Every target does its own set-up. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# Bytecode is kept: without it every start compiles a thousand files anew.
export PYTHONDONTWRITEBYTECODE :=
# The machine's own certificates, as every other program on it uses.
export UV_SYSTEM_CERTS := true
export PATH := $(CURDIR)/$(BIN):$(PATH)
UV_VERSION := 0.13.9

.PHONY: help setup system peers demo test check unit safety lock schema bench clean up

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: system .venv/.installed ## Make .venv from the lock (done by every other target)

system:
	@deployments/system-libraries.sh

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "AICMO needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 …" >&2; exit 2; }
	@echo "Setting up .venv …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

peers: setup ## Install the S3, AWS, Bluesky and CRM servers that the tests run against
	@$(BIN)/python -m tests.peers.install

demo: setup ## Run the main job on a bundled project: nothing leaves this machine
	@$(BIN)/aicmo demo

up: setup ## Start a local Prefect server, worker and deployments
	@$(BIN)/aicmo up

test: peers ## Run the whole test suite, against the real servers that are there
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile $(ARGS)

unit: setup ## Run the unit tests alone, without Prefect and without servers
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal tests/unit -m "not peer" $(ARGS)

safety: peers ## The proofs of at-most-once at full size (an hour or more)
	@AICMO_TEST_FULL=1 $(BIN)/python -m pytest -q -n 2 --dist load tests/crash tests/model $(ARGS)
	@$(BIN)/python -m tests.mutation.remove_rules

check: setup ## Lint, format, types and layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-cache --no-logo

bench: setup ## Run every benchmark at full size and print the tables
	@for name in demo import_preview packaging engine send_safety email_throughput crm_sync; do $(BIN)/python -m benchmarks.$$name || exit 1; done

lock: ## Resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --extra postgres --group dev --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --upgrade --quiet \
	  --custom-compile-command 'make lock' -o requirements.lock

schema: setup ## Write docs/project.schema.json from the models
	@$(BIN)/python -m aicmo.plans.publishing

clean: ## Remove environments, caches and the demo's files
	@rm -rf .venv .peers .pytest_cache .ruff_cache .hypothesis .import_linter_cache .aicmo dist
