# The targets install into .venv, with the tested versions in constraints.txt.
# test-lowest installs into .venv-lowest, with the lowest versions that pyproject.toml
# allows.
PYTHON ?= python3
VENV := .venv
LOWEST := .venv-lowest
BIN := $(VENV)/bin
OUT ?= demo-results
DATA ?=
# More options: make demo DATA=folder ARGS='--groups "^(person\d+)"'
#               make test-machines ARGS="--rows 2,3 tests/metrics"
ARGS ?=

.PHONY: test test-lowest test-machines demo docs lint clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@

$(VENV)/.docs-installed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,docs]"
	touch $@

$(LOWEST)/.installed: pyproject.toml constraints-lowest.txt
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-lowest.txt -e ".[test]"
	touch $@

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Two processes of one thread each; tests that need more threads set them.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not gpu"

test-lowest: $(LOWEST)/.installed
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -n 2 --dist worksteal -m "not slow and not gpu"

test-machines: $(VENV)/.installed $(LOWEST)/.installed
	$(BIN)/python tests/machines.py $(ARGS)

demo: $(VENV)/.installed
	$(BIN)/python examples/five_fold_study.py $(if $(DATA),--data "$(DATA)") --out "$(OUT)" --jobs 2 $(ARGS)

docs: $(VENV)/.docs-installed
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) $(LOWEST) build demo-results docs/_build docs/auto_examples docs/api/generated
