# Every target sets up first; setting up twice does nothing.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
UV_VERSION := 0.13.8
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := requirements.txt requirements-dev.txt
PACKAGES := lane campaigns approvals pacing notifications
# Two processes on two cores only set everything up twice.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
PARALLEL := $(shell [ $(CORES) -ge 4 ] && echo "-n $$(( $(CORES) < 8 ? $(CORES) : 8 ))")
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test check e2e demo-reset lock openapi bench

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## Make the virtual environment from the locked requirements
	@test -n "$(PYTHON)" || { echo "Lane needs Python 3.11, 3.12 or 3.13: apt-get install python3 python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv is missing: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	@wanted=$$(cat $(REQUIREMENTS) | cksum); \
	if [ "$$(cat $(VENV)/.requirements 2>/dev/null)" != "$$wanted" ]; then \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) 2>/dev/null || true; \
		if $(BIN)/uv --version >/dev/null 2>&1; then \
			echo "Installing the locked requirements with uv."; \
			VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --require-hashes $(addprefix -r ,$(REQUIREMENTS)); \
		else \
			echo "Installing the locked requirements with pip; this takes some minutes."; \
			$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes $(addprefix -r ,$(REQUIREMENTS)); \
		fi && echo "$$wanted" > $(VENV)/.requirements; \
	fi

run: setup ## Run the whole product on this machine (ARGS="--port 9000 --reload")
	@exec $(BIN)/python manage.py dev $(ARGS)

test: setup ## Run every test this machine can run (ARGS="-k words")
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

e2e: setup ## Run the browser tests only
	@$(BIN)/python -m pytest -m browser $(ARGS)

check: export DJANGO_SETTINGS_MODULE := lane.settings.test
check: setup ## Format, lint, layers, types, migrations, OpenAPI drift
	@echo "format";     $(BIN)/ruff format --check --quiet .
	@echo "lint";       $(BIN)/ruff check --quiet .
	@echo "layers";     said=$$($(BIN)/lint-imports --no-cache 2>&1) || { echo "$$said"; exit 1; }
	@echo "types";      $(BIN)/mypy --no-error-summary $(PACKAGES)
	@echo "migrations"; $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run --verbosity 1
	@echo "openapi";    drawn=$$(mktemp); trap "rm -f $$drawn" EXIT; \
		$(BIN)/python manage.py spectacular --validate --fail-on-warn --file $$drawn && \
		diff -u docs/reference/openapi.yaml $$drawn || { echo "The API no longer matches its description: make openapi"; exit 1; }
	@echo "All checks passed."

openapi: setup ## Write docs/reference/openapi.yaml anew
	@DJANGO_SETTINGS_MODULE=lane.settings.test $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/reference/openapi.yaml

demo-reset: setup ## Forget the demo; the next `make run` makes a new one
	@$(BIN)/python manage.py dev --reset

bench: setup ## Measure speed, and on fresh draws how well pacing and allocation do (ARGS="pacing --days 14")
	@$(BIN)/python manage.py bench $(ARGS); failed=$$?; \
	if [ -z "$(ARGS)" ]; then \
		for market in google meta; do for days in 30 14 7; do \
			$(BIN)/python manage.py bench pacing --market $$market --days $$days || failed=1; \
		done; done; \
		$(BIN)/python manage.py bench allocation || failed=1; \
	fi; exit $$failed

lock: setup ## Resolve requirements*.in for Python 3.11 to 3.13 into the locked files
	@$(BIN)/uv --version >/dev/null || { echo "make lock needs uv, which could not be installed."; exit 1; }
	@for name in requirements requirements-dev; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			$$name.in -o $$name.txt || exit 1; \
	done
