# Targets with a "##" comment are listed by `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
# docs/model.md and docs/findings.md have parts that are made from configs/ and results/
.PHONY: help setup compare compare-full yuehu headlines studies knobs explained bench docs gallery words test test-all coverage lint format clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "wangge needs Python 3.11 or newer; name one with make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

setup: $(VENV)/.ready  ## make the environment and install the pinned dependencies

compare: setup  ## Yuehu under four levels and under three: tables and charts in results/compare
	$(BIN)/wangge compare

compare-full: setup  ## every shipped design against today's: results/compare-full
	$(BIN)/wangge compare name=compare-full pilots=all

yuehu: setup  ## make the committed reference run in results/yuehu again
	$(BIN)/wangge compare name=yuehu

headlines: setup  ## run the headlines of the evidence and write docs/headlines.md again
	$(BIN)/wangge headlines lang=en
	mkdir -p docs/charts && cp results/headlines/headlines.md docs/ && cp results/headlines/charts/*.svg docs/charts/

STUDIES := grid_size staffing ab_order burden cheapest screening global

studies: setup  ## run every shipped study again, or go on with it (two hours on two cores)
	for study in $(STUDIES); do $(BIN)/wangge sweep study=$$study || exit; done

knobs: setup  ## turn every knob of the evidence and write docs/knobs.md again (40 minutes on two cores)
	$(BIN)/wangge knobs lang=en; status=$$?; cp results/knobs/knobs.md docs/ && exit $$status

explained: setup  ## say what today's waits and losses come from, and write docs/explained.md again (20 minutes)
	$(BIN)/wangge explain lang=en
	mkdir -p docs/charts && cp results/explain-four_level/explained.md docs/
	cp results/explain-four_level/charts/explained.svg docs/charts/

bench: $(VENV)/.ready-dev  ## time the engines and other tools on this machine (half an hour, alone)
	$(BIN)/wangge bench lang=en

# What runs a kernel on networks of every kind: with bounds checks, a read or write outside an array is an error.
KERNEL_TESTS := tests/contract tests/measures/test_tally.py tests/measures/test_kernels.py

docs: setup  ## write again what docs/model.md and docs/findings.md have from configs/ and results/
	$(BIN)/python -m experiments.document

gallery: setup  ## draw a chart of every kind in both languages again: docs/gallery.md (four minutes on two cores)
	$(BIN)/python -m experiments.gallery

words: $(VENV)/.ready-dev  ## bring the catalogues of other languages up to date with the code and configs
	mkdir -p build
	$(BIN)/pybabel -q extract
	$(BIN)/pybabel -q update
	$(BIN)/pybabel -q compile

# What takes minutes says so before it begins: so lint is no prerequisite, which make would run first.
test:  ## lint, types, import contracts and tests: about five minutes on two cores
	@echo 'Lint, then all checks but the longest: about five minutes on two cores.'
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 2 --dist worksteal -m 'not long'

test-all:  ## the same with the long checks: about forty minutes
	@echo 'Lint, then all checks, the longest too: about forty minutes on two idle cores.'
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 2 --dist worksteal
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=.numba_boundscheck $(BIN)/pytest -n 2 --dist worksteal -m 'not long' $(KERNEL_TESTS)

coverage: $(VENV)/.ready-dev  ## which lines and branches the tests of `make test` reach
	$(BIN)/pytest -n 2 --dist worksteal -m 'not long' --cov --cov-report=term-missing

lint: $(VENV)/.ready-dev  ## lint, types and import contracts only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready-dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove the environment and caches (results stay)
	rm -rf $(VENV) build .numba_boundscheck *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
