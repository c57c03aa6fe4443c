# make install PYTHON=python3.12      another interpreter
# make install PIP_ARGS="..."         more arguments for pip, such as an index with CPU builds of torch
PYTHON ?= python3
PIP_ARGS ?=

BIN := .venv/bin
STAMP := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check install $(PIP_ARGS) -c constraints.txt

# The pinned pyright is the one to use: do not look for a newer one on the network.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help install run test test-machines attack lint types unit docs wheel-check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## put pes and its development tools into .venv

run: $(STAMP) ## fit a surface of water, compute its levels, print both tables
	$(BIN)/pes-train --config configs/h2o.yaml --overwrite
	$(BIN)/pes-levels runs/h2o --overwrite

test: lint ## lint, types, docs, wheel-check and unit, as the CI does
	$(MAKE) -j 2 types docs wheel-check  # one core each, where the tests take two
	$(MAKE) unit

# With `make test` (this processor, one thread, LAPACK's vectors) these three runs show every pair of
# settings once: an old processor or this one, one thread or two, vectors of LAPACK or scrambled ones.
# Two threads are tried where linear algebra is large enough to use them.
NUMERICAL := tests/coordinates tests/vibration tests/descriptors tests/potential tests/training tests/setup \
  tests/refinement tests/evaluation tests/rovibration tests/force_fields tests/data
THREADED := tests/coordinates tests/vibration/eigensolvers tests/vibration/levels tests/vibration/symmetry \
  tests/vibration/system tests/potential tests/refinement
OLD_PROCESSOR := MKL_CBWR=COMPATIBLE ATEN_CPU_CAPABILITY=default

test-machines: $(STAMP) ## numerical tests as on other machines: older instructions, two threads, scrambled eigenvectors
	$(OLD_PROCESSOR) OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -q --scramble 1 $(NUMERICAL)
	$(OLD_PROCESSOR) OMP_NUM_THREADS=2 $(BIN)/python -m pytest -q $(THREADED)
	OMP_NUM_THREADS=2 $(BIN)/python -m pytest -q --scramble 2 $(THREADED)

attack: $(STAMP) ## broken inputs, kills and made-up faults for all commands; hours; ATTACK_ARGS="inputs --every 10"
	OMP_NUM_THREADS=1 $(BIN)/python tests/attack $(ATTACK_ARGS)

lint: $(STAMP) ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(STAMP) ## pyright
	$(BIN)/pyright

unit: $(STAMP) ## pytest, doctests included; PYTEST_ARGS="-m slow" for the long ones
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -q $(PYTEST_ARGS)

docs: $(STAMP) ## the pages as a site in site/; a link that leads nowhere is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

wheel-check: $(STAMP) ## build the wheel and use it outside the clone
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation
	$(BIN)/python scripts/check_wheel.py dist/*.whl

clean: ## remove what was built; runs/ and .venv stay
	rm -rf dist build site .pytest_cache .ruff_cache
	find pes tests scripts examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) hatchling editables
	$(PIP) --no-build-isolation -e '.[dev,docs]'
	$(BIN)/python -m compileall -q pes  # else every start compiles 280 files where Python may not write
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'pes needs Python 3.11 or newer and "$(PYTHON)" is not one; try: make install PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo '"$(PYTHON)" lacks the venv module; install it (Debian, Ubuntu: apt install python3-venv) or choose another: make install PYTHON=...' >&2; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
