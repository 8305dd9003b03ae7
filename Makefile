# Everything a developer runs. A fresh machine needs Python >= 3.11 with venv, and make.

# The first of these names that is new enough and has venv; looked for only when .venv is made.
PYTHONS = python3 python3.11 python3.12 python3.13 python3.14
PROBE = import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
PYTHON = $(or $(shell for name in $(PYTHONS); do \
		$$name -c '$(PROBE)' 2>/dev/null && echo $$name && break; done),\
	$(error No Python >= 3.11 with venv here. Install it: apt-get install -y python3 python3-venv))
BIN = .venv/bin
CODE = $(wildcard src tests bench)
# Each worker has a PostgreSQL of its own. Neighbours stay together: they share servers by module.
WORKERS = --numprocesses logical --maxprocesses 4 --dist worksteal
UV_COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --quiet \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(LOCK_FLAGS)

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check format bench pictures lock clean

help: ## List what make can do
	@sed -n 's/^\([.a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.venv: .venv/ready ## Make the virtual environment from requirements/dev.lock

# Built anew when the lock changes, and only then. pip checks every hash.
.venv/ready: requirements/dev.lock
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/ready ## Start a server with a worked example
	$(BIN)/leasehold demo

test: check ## Check, then run every test but the long ones
	$(BIN)/python -m pytest -m "not long" $(WORKERS)

test-long: .venv/ready ## Run the long tests only
	$(BIN)/python -m pytest -m long

check: .venv/ready ## Check format, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

format: .venv/ready ## Put the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/ready ## Measure throughput and latency
	$(BIN)/python -m bench

pictures: .venv/ready ## Write the pictures of docs/console.md anew
	LEASEHOLD_PICTURES=yes $(BIN)/python -m pytest -m "not long" tests/people/console/test_pictures.py

lock: .venv/ready ## Write requirements/*.lock (newest: LOCK_FLAGS=--upgrade)
	$(UV_COMPILE) pyproject.toml --extra postgres -o requirements/runtime.lock
	$(UV_COMPILE) pyproject.toml --extra postgres --group dev -o requirements/dev.lock
	$(UV_COMPILE) requirements/oauth2client.in -o requirements/oauth2client.lock

clean: ## Remove everything that make made
	rm -rf .venv .cache leasehold-demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
