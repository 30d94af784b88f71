# Two commands for a newcomer: make run, make test. Everything they need is installed on the way.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test check bench ui clean install install-test

run: ## Install, make the demo company, build its graph, start the service
	scripts/system-packages run
	$(MAKE) --no-print-directory install
	scripts/run-demo

test: ## Install what the tests need and run all of them
	scripts/system-packages test
	$(MAKE) --no-print-directory install-test
	scripts/run-tests

check: install-test ## Format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install-test ## Run the benchmarks (BIFROST_DATA names the folder of data)
	$(BIN)/python -m benchmarks

ui: ## Build the web console into ui/console/dist (needs node 20 or newer)
	cd ui/console && npm ci --no-audit --no-fund && npm run build

install: $(STAMP)-run
install-test: $(STAMP)-test

$(STAMP)-run: pyproject.toml
	scripts/system-packages python
	scripts/install
	touch $@

$(STAMP)-test: pyproject.toml
	scripts/system-packages python
	scripts/install test dev train bench
	touch $@ $(STAMP)-run

clean: ## Remove the virtual environment and the demo's data
	rm -rf $(VENV) .run
