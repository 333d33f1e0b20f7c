# Needs only `apt install make python3-venv` and Python 3.11 or newer.
PYTHON ?= python3
REAL ?=
PARTS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test verify test-real bench calibrate lint real-is-given

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/runtime ## Make the demonstration trial and serve it at http://127.0.0.1:8050.
	$(BIN)/python app.py demo
	$(BIN)/python app.py serve

test: .venv/dev ## Run the tests, those in the browser too (Chromium is installed if it is missing).
	sh tests/install_chromium.sh
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
	@echo "Not run here: the campaigns (make verify) and the tests on real data (make test-real REAL=DIR)."

verify: .venv/dev ## Run the campaigns: kill -9, readers while cuts are published, PostgreSQL, many examples.
	sh tests/install_postgresql.sh
	$(BIN)/pytest -m campaign

test-real: real-is-given .venv/dev ## Run the tests on real trial files: make test-real REAL=DIR.
	REAL="$(abspath $(REAL))" $(BIN)/pytest -m real

bench: .venv/dev ## Measure analyses, imports, screens, readers beside their floors (PARTS="nca server"; REAL=DIR adds the pilot).
	REAL="$(abspath $(REAL))" $(BIN)/python -m tests.bench $(PARTS)

calibrate: .venv/dev ## Fit the kinetic model to simulated trials; fails where it is further from the truth than it may be.
	$(BIN)/python -m tests.calibrate

lint: .venv/dev ## Check the format and the style of the code.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

real-is-given:
	@test -n "$(REAL)" || { echo "Say where the real trial files are: make test-real REAL=DIR" >&2; exit 1; }
	@test -d "$(abspath $(REAL))" || { echo "REAL is not a directory: $(REAL)" >&2; exit 1; }

# The virtual environment is made once; each stamp is renewed when its requirements change.
.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/runtime: requirements.txt | .venv/made
	$(PIP) -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt requirements.txt | .venv/made
	$(PIP) -r requirements-dev.txt
	@touch $@ .venv/runtime
