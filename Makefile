# Everything runs from .venv, which is built from nothing but python3 and requirements.lock.
#   make verify ARGS="--only core.tools.start"    passes ARGS on to the command
#   make test WORKERS=0                           selfchecks in one process

PYTHON ?= python3
WORKERS ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# The first stamp follows the lock, the second the project's own metadata: a change of pyproject.toml
# alone does not install the dependencies again.
LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input

# A run and its tests start thousands of Python processes: what one has compiled the next need not compile again.
unexport PYTHONDONTWRITEBYTECODE

# Selfchecks that need a Docker Engine run where one is named, and in verify-docker, which starts its own.
PYTEST_SELECT := $(if $(DTMA_SELFCHECK_DOCKER),,not docker and )

.DEFAULT_GOAL := help
.PHONY: help .venv verify verify-docker engine-shell test selfchecks timings lint format lock dist clean picture seeds diagnosis-accuracy

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.venv: $(INSTALLED) ## build the virtual environment, where it is missing or out of date

$(LOCKED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: Python 3.11 or newer is needed, but $(PYTHON) is: $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: $(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install -y python3-venv" >&2; exit 1; }
	@echo "venv: $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "venv: installing requirements.lock"
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml
	@echo "venv: installing this project, editable"
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

verify: $(INSTALLED) ## judge the reference agent, all profiles, restart included
	@$(BIN)/dtma-contract verify --target reference --effects restart --profile all $(ARGS)

verify-docker: $(INSTALLED) ## the same against a Docker Engine and a registry of its own, which it starts and ends
	@$(BIN)/python scripts/verify_docker.py $(ARGS)

engine-shell: $(INSTALLED) ## a shell with DOCKER_HOST on such an engine; leaving the shell ends it
	@$(BIN)/python scripts/real_engine.py

test: lint $(INSTALLED) ## lint, types and the project's own tests (WORKERS=N for several processes)
	@$(MAKE) --no-print-directory selfchecks
	@$(MAKE) --no-print-directory timings

selfchecks: $(INSTALLED) ## of the tests, all that may run side by side
	@echo "pytest, $(WORKERS) workers"
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "$(PYTEST_SELECT)not alone" $(ARGS)

timings: $(INSTALLED) ## of the tests, those that measure time: nothing else may run
	@echo "pytest, alone"
	@$(BIN)/python -m pytest -q -m alone

lint: $(INSTALLED) ## ruff and mypy, changing nothing
	@echo "ruff check"
	@$(BIN)/ruff check --quiet
	@echo "ruff format --check"
	@$(BIN)/ruff format --quiet --check
	@echo "mypy"
	@$(BIN)/mypy --no-error-summary

format: $(INSTALLED) ## format the sources and apply the safe fixes
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format

lock: $(INSTALLED) ## resolve requirements.lock anew from pyproject.toml, at the newest versions
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --group dev \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --output-file requirements.lock pyproject.toml
	@echo "lock: $$(grep -c '^[a-z].*==' requirements.lock) packages"

diagnosis-accuracy: $(INSTALLED) ## diagnose every incident, of which some need an engine: it is started and ended
	@$(BIN)/python scripts/diagnosis_accuracy.py $(ARGS)

seeds: $(INSTALLED) ## twenty seeds in one process and in two, each fault in an agent of its own, the fence fuzzed longer
	@DTMA_SELFCHECK_SEEDS=20 DTMA_SELFCHECK_FAULTS=alone DTMA_SELFCHECK_EXAMPLES=50 $(BIN)/python -m pytest -q \
	  tests/selfcheck/suite/test_seeds.py tests/selfcheck/suite/test_faults.py tests/selfcheck/suite/test_no_harm.py

picture: $(INSTALLED) ## draw the README's picture from a real run
	@$(BIN)/python scripts/picture.py

dist: $(INSTALLED) ## wheel and sdist in dist/
	@$(BIN)/python -m hatchling build --directory dist --target wheel --target sdist

clean: ## remove what make built (.venv, dist, caches); reports stay
	@rm -rf $(VENV) dist .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis
	@find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
