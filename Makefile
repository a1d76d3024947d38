# Everything installs into .venv with the tested versions of constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= demo-results
DATA ?=
# More options of the demo: make demo DATA=folder ARGS='--groups "^(person\d+)"'
ARGS ?=

.PHONY: test demo docs lint clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@

$(VENV)/.docs-installed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,docs]"
	touch $@

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -m "not slow and not gpu"

demo: $(VENV)/.installed
	$(BIN)/python examples/five_fold_study.py $(if $(DATA),--data "$(DATA)") --out "$(OUT)" --jobs 2 $(ARGS)

docs: $(VENV)/.docs-installed
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) demo-results docs/_build docs/auto_examples docs/api/generated
