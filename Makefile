# Everything from nothing: each target makes what it needs first. `make` lists the targets.

PYTHON := $(shell for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		&& echo $$python && break; done)
BIN := .venv/bin
WORKFLOWS := $(wildcard .github/workflows/*.yml)
ACTIONS := $(wildcard action.yml)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv servers demo test check bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: .venv/.installed ## the virtual environment, with the package and its tools installed

.venv/.installed: pyproject.toml constraints.txt
ifeq ($(PYTHON),)
	@echo 'no Python 3.11 or newer on the PATH: install one (Debian, Ubuntu: apt install python3),' \
		'or say make PYTHON=/path/to/python3' >&2; exit 1
endif
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) tools/make-venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--editable '.[dev]' --constraint constraints.txt
	@touch $@

servers: venv ## MySQL and MariaDB servers, in .servers/ and on the environment's PATH
	@$(BIN)/python tools/fetch-server --link $(BIN)

demo: venv ## the main job, in front of you, on a sharded fleet of your own
	@$(BIN)/python tools/fetch-server mysql --link $(BIN)
	@$(BIN)/python demo/run.py

test: venv servers ## all tests, on servers of their own
	$(BIN)/python -m pytest -n 2

check: venv ## lint, format, types, import contracts, workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
ifneq ($(WORKFLOWS),)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/zizmor --offline --no-progress --quiet $(WORKFLOWS) $(ACTIONS)
endif
ifneq ($(ACTIONS),)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions $(ACTIONS)
endif

bench: venv ## what it costs: the benchmarks of bench/
	@$(BIN)/python tools/fetch-server mysql --link $(BIN)
	@for benchmark in bench/*.py; do $(BIN)/python "$$benchmark" || exit 1; done

clean: ## remove everything that was made here: environment, servers, caches
	@test ! -x $(BIN)/reconciler || $(BIN)/reconciler sandbox down
	rm -rf .venv .servers .demo .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache build *.egg-info
