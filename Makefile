# Everything a fresh machine with Python 3.11, pip, gcc and make needs:
#   make demo    environment, simulated market, main job, HTML report
#   make test    environment, all tests

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# One thread a worker: tests run in parallel processes and results must not depend on threads.
TEST_ENV := OMP_NUM_THREADS=1 INTRALPHA_THREADS=2 POLARS_MAX_THREADS=2
WORKERS  ?= 2

.PHONY: demo test lint format bench check clean help

help:
	@sed -n '2,4p' Makefile; echo '#   make lint | format | bench | check (test + lint) | clean'

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip==25.3
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,oracles]'
	@touch $(READY)

demo: $(READY)
	$(BIN)/intralpha demo

test: $(READY)
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/basedpyright --pythonpath $(BIN)/python

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: test lint

bench: $(READY)
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .ruff_cache .hypothesis
