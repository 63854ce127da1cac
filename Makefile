# Two commands: `make run` and `make test`. Everything lives in .venv; the models in the user's cache folder.
PYTHON ?= python3
RUN_FLAGS ?=
PROCESSES ?= 2
BENCHES ?= next_token generating readers attention sampling interaction tokenizing serving following first_chart start growth
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run test check faults load bench wheel clean

help:
	@echo "make run     install, fetch the models, serve the app   (RUN_FLAGS='--port 8600 --no-browser')"
	@echo "make test    install, check, run every test suite"
	@echo "make check   ruff, mypy, import-linter"
	@echo "make faults  the bad inputs and faults the app must survive, by number: passed, failed, skipped"
	@echo "make load    30 readers at once on each kind of page, cold, and for 5,000 reruns: each figure against its target (8 minutes)"
	@echo "make bench   speed as ratios against what one would use instead: tables here, JSON in build/bench   (BENCHES=\"next_token readers\")"
	@echo "make wheel   dist/*.whl"
	@echo "make clean   remove what was built (not .venv, not the models)"

# A second run finds the stamp newer than what it was made from: no pip, no network.
run: $(VENV)/.installed
	@$(BIN)/llm-playground fetch || echo "Some models are missing. The calculators work without them."
	@$(BIN)/llm-playground run $(RUN_FLAGS)

# Two at a time; what measures thirty readers has the machine to itself.
test: check
	$(BIN)/python -m pytest -rs --instafail --numprocesses $(PROCESSES) --dist worksteal -m "not load"
	$(BIN)/python -m pytest -rs --instafail -m load

check: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

faults: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m fault --numprocesses $(PROCESSES) --dist worksteal

load: $(VENV)/.installed-test
	$(BIN)/python -m tests.load > /dev/null

# One after another: each has the machine to itself.
bench: $(VENV)/.installed-test
	@for bench in $(BENCHES); do echo "== $$bench"; $(BIN)/python -m tests.bench.$$bench || exit 1; done

wheel: $(VENV)/.installed-test
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find playground pages tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --constraint constraints.txt --editable ".[test]"
	@touch $@ $(VENV)/.installed
