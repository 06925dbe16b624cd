# epncore: `make demo` runs the main job, `make test` the tests. Both set up what they need first.

# The first Python that runs and is new enough.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
# Two halves, side by side: what needs DaCHS, and the rest. In each, fast tests stand first.
TESTS := tests/model tests/grammars tests/rd_templates tests/datalink tests/peers tests/check tests/app
LIVE_TESTS := tests/test_packaging.py tests/conformance

.PHONY: help demo demo-stop test bench peers env lint samples debian clean

help:
	@echo "make demo       make the sample collections, ingest and serve them, query them"
	@echo "make demo-stop  end what the demo left running"
	@echo "make test       everything that CI runs"
	@echo "make bench      the measures of docs/performance.md, some 40 minutes; SIZE=medium or small: a try"
	@echo "make peers      what maser-data and pdr say of the made files; both are installed below build/"
	@echo "make env        only set up $(VENV), with $(BIN)/epncore"
	@echo "make lint       ruff, mypy, import-linter"
	@echo "make samples    make the files of the sample collections"

env: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "epncore needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || sh tests/debian.sh python3-venv
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[embedded]' --group dev
	@touch $@

debian:
	@sh tests/debian.sh

samples: env
	$(BIN)/python sample_data/make.py

demo: env debian
	$(BIN)/python sample_data/demo.py

demo-stop:
	@test ! -x $(BIN)/python || $(BIN)/python sample_data/demo.py --stop

lint: env
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	MYPYPATH=tests/bench $(BIN)/mypy tests/bench/*.py  # nothing but `make bench` runs them
	$(BIN)/lint-imports --no-logo

test: env debian lint
	@mkdir -p build
	@echo "$(LIVE_TESTS): meanwhile, shown when they are through"
	@$(BIN)/python -m pytest -p no:cacheprovider $(LIVE_TESTS) >build/live-tests.log 2>&1 & live=$$!; \
	$(BIN)/python -m pytest $(TESTS); rest=$$?; \
	wait $$live; live=$$?; cat build/live-tests.log; test $$rest -eq 0 -a $$live -eq 0

# spacepy is for DaCHS's own CDF grammar, a peer; without it that measure is left out, and that is said.
bench: env debian
	@test -d build/spacepy || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--only-binary :all: --python-version $$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
		--target build/spacepy spacepy || true
	$(BIN)/python tests/bench/run.py --size $(or $(SIZE),full)

peers: env
	$(BIN)/python tests/peers/run.py

clean: demo-stop
	rm -rf build $(VENV) sample_data/*/data
