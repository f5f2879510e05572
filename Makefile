# Everything a fresh machine with Python 3.11, pip, gcc and make needs:
#   make demo    environment, simulated market, main job, HTML report
#   make test    environment, tests
#   make bench   environment, the libraries that we measure ourselves against, all benchmarks

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY  := $(VENV)/.ready
PEERS  := $(VENV)/.peers
DOCS   := $(VENV)/.docs
# qlib brings nearly two hundred packages: it never shares an environment with us.
QLIB_VENV := .venv-qlib
QLIB      := $(QLIB_VENV)/.ready
PIP       := pip==25.3
# What asks the public index about known faults of our pins has an environment of its own, too.
AUDIT_VENV := .venv-audit
AUDIT      := $(AUDIT_VENV)/.ready
PIP_AUDIT  := pip-audit==2.10.1
# One thread a worker: tests run in parallel processes and results must not depend on threads.
# Modules and tests that are compiled once are kept, whatever the shell says: every process needs them.
TEST_ENV := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 INTRALPHA_THREADS=2 POLARS_MAX_THREADS=1
# Tests wait for locks, compilers and processes of their own: two more workers keep two cores busy.
WORKERS  ?= 4

# make fuzz FUZZ_SECONDS=60: a minute instead of an hour
FUZZ_SECONDS ?= 3600

# make bench ARGS=--quick: less data, every script under a minute
ARGS ?=

# The demo on 40 stocks and nine months: what it compiles is what the demo needs.
SMALL := --set 'data.lake=$(CURDIR)/$(VENV)/first/lake' \
	--set 'data.sources=[{kind: simulated, seed: 1, n_assets: 40, end: 2023-09-28, freq: 30}]' \
	--set 'factors.gru_bars.schedule={kind: rolling, train_days: 60, valid_days: 20, step_days: 60}' \
	--set factors.gru_bars.training.max_epochs=2 --set 'factors.gru_bars.seeds=[0]' \
	--set test.start=null --set portfolio.problem.stock_deviation=0.1 \
	--set portfolio.problem.industry_deviation=0.2 --set 'portfolio.problem.style_bounds={size: 0.5}'

.PHONY: demo test slow cluster mlflow lint format bench bench-qlib check clean fuzz docs pictures audit-deps help

help:
	@sed -n '2,4p' Makefile
	@echo '#   make bench-qlib   the same beside qlib, which gets an environment of its own'
	@echo '#   make slow     properties that quicker tests hold, too, on more data'
	@echo '#   make cluster  the extra for Ray, and its tests on a cluster of two nodes on this machine'
	@echo '#   make mlflow   the extra for MLflow, and its tests'
	@echo '#   make fuzz     an hour of broken input: no crash, no hang, every refusal an error of ours'
	@echo '#   make docs     the site: every page as HTML and as Markdown, links checked'
	@echo '#   make pictures the pictures of pages in the documentation, from a small run'
	@echo '#   make audit-deps  known faults of the pinned packages; needs a network to the public index'
	@echo '#   make lint | format | check (test + lint) | clean'

# What is large and needs nothing of each other is unpacked beside torch: pip has one core.
LARGE := lightgbm llvmlite matplotlib numba numpy pandas polars polars-runtime-32 pyarrow scipy scs statsmodels
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade $(PIP)
	# One module in six is ever imported: bytecode is made when one is, not of all of them here.
	$(PIP_INSTALL) torch & torch=$$!; $(PIP_INSTALL) --no-deps $(LARGE) && wait $$torch
	# What these import is compiled while the rest is installed.
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -c \
		'import torch._dynamo, numba, polars, pyarrow.parquet, scipy.stats' & torch=$$!; \
		$(PIP_INSTALL) --editable '.[dev,oracles]' && wait $$torch
	@touch $(INSTALLED)

$(READY): $(INSTALLED)
	# A first run compiles the inner loops, which are kept beside the code; what an earlier version
	# of us traded there is another market.
	rm -rf $(VENV)/first
	PYTHONDONTWRITEBYTECODE= $(BIN)/intralpha run demo $(SMALL) --runs $(VENV)/first \
		> $(VENV)/first.log 2>&1 || { cat $(VENV)/first.log; exit 1; }
	@touch $(READY)

$(PEERS): $(READY) constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[peers]'
	@touch $(PEERS)

$(QLIB): constraints-qlib.txt
	$(PYTHON) -m venv $(QLIB_VENV)
	$(QLIB_VENV)/bin/python -m pip install --quiet --upgrade $(PIP)
	$(QLIB_VENV)/bin/python -m pip install --quiet --constraint constraints-qlib.txt pyqlib torch
	@touch $(QLIB)

$(DOCS): $(INSTALLED) constraints.txt
	$(PIP_INSTALL) --editable '.[docs]'
	@touch $(DOCS)

$(AUDIT):
	$(PYTHON) -m venv $(AUDIT_VENV)
	$(AUDIT_VENV)/bin/python -m pip install --quiet --upgrade $(PIP)
	$(AUDIT_VENV)/bin/python -m pip install --quiet $(PIP_AUDIT)
	@touch $(AUDIT)

demo: $(READY)
	$(BIN)/intralpha demo

# Workers compile what they need between them: no first run before tests.
test: $(INSTALLED)
	$(TEST_ENV) $(BIN)/python -m pytest --workers $(WORKERS) -m 'not slow'

slow: $(INSTALLED)
	$(TEST_ENV) INTRALPHA_EXAMPLES=100 $(BIN)/python -m pytest --workers $(WORKERS) -m 'slow or hypothesis'

cluster: $(READY)
	$(PIP_INSTALL) --editable '.[ray]'
	$(TEST_ENV) $(BIN)/python -m pytest tests/pipeline/test_cluster.py

mlflow: $(READY)
	$(PIP_INSTALL) --editable '.[mlflow]'
	$(TEST_ENV) $(BIN)/python -m pytest tests/pipeline/test_mlflow.py

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/pyrefly check --python-interpreter-path $(BIN)/python --progress-bar no --min-severity error

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: test lint

bench: $(PEERS)
	@for script in benchmarks/*.py; do \
		echo "== $$script"; $(BIN)/python $$script $(ARGS) || exit 1; \
	done

fuzz: $(INSTALLED)
	$(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS)

docs: $(DOCS)
	$(BIN)/python docs/site/build.py

# Needs a Chromium and, for Chinese, a font that has it.
pictures: $(INSTALLED)
	PYTHONPATH=. $(BIN)/python docs/site/pictures.py $(VENV)/pictures

# Strict: a package that the index does not know is an error, too, and not passed over.
audit-deps: $(AUDIT)
	$(AUDIT_VENV)/bin/pip-audit --strict --progress-spinner off --no-deps --disable-pip \
		--requirement constraints.txt

bench-qlib: $(READY) $(QLIB)
	$(BIN)/python benchmarks/beside_qlib.py --qlib $(QLIB_VENV)/bin/python $(ARGS)
	$(BIN)/python benchmarks/training.py --qlib $(QLIB_VENV)/bin/python $(ARGS)

clean:
	rm -rf $(VENV) $(QLIB_VENV) $(AUDIT_VENV) demo build dist .pytest_cache .ruff_cache .hypothesis
