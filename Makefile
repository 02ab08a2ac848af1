# Everything from nothing: each target makes what it needs first. `make` lists the targets.

PYTHON := $(shell for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		&& echo $$python && break; done)
BIN := .venv/bin
# Those of docs/ are as `reconciler ci workflow` writes them, the examples as `ci setup` does.
WORKFLOWS := $(wildcard .github/workflows/*.yml docs/examples/github/*.yml docs/*workflow.yml)
FORM_SETTINGS := .github/ISSUE_TEMPLATE/config.yml
FORMS := $(filter-out $(FORM_SETTINGS),$(wildcard .github/ISSUE_TEMPLATE/*.yml))
# Up to two processes for each core, as far as memory goes (tests/machine.py): each starts servers of
# its own, up to three MySQL and two MariaDB, in 3 GB. `make test WORKERS=2` takes fewer.
WORKERS := auto
SEEDS := 1-60
# CI has another in its place: tests/second_look.py.
PYTEST ?= $(BIN)/python -m pytest
# Everything that needs neither a server nor a network: the pure rooms and what edges do by themselves,
# whole simulated rollouts, reports, and what the documents promise. They wait for nothing, and are
# collected once, for a process on each core (tests/forked.py). The tidy ones stand first, so that
# one process has them all, and reads the source once.
OFFLINE := tests/tidy tests/unit tests/sim
ON_SERVERS := $(addprefix --ignore=,$(OFFLINE)) tests

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv servers engines vitess temporal demo demo-vitess quick test test-random test-engines test-vitess test-temporal chaos-temporal chaos-vitess chaos-reparents chaos-split chaos-split-servers test-server check docs lock bench dist changelog clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

engines: venv ## gh-ost, Spirit and pt-online-schema-change, in .servers/engines/
	@$(BIN)/python tools/fetch-engine

vitess: venv ## Vitess and etcd, in .servers/
	@$(BIN)/python tools/fetch-vitess

temporal: venv ## Temporal's server, built with Go, in .servers/
	@$(BIN)/python tools/fetch-temporal

demo: venv ## the main job, in front of you, on a sharded fleet of your own
	@$(BIN)/python tools/fetch-server mysql --link $(BIN)
	@$(BIN)/python demo/run.py

demo-vitess: venv ## the same on a Vitess cluster of your own, its VSchema and Online DDL with it
	@$(BIN)/python tools/fetch-server mysql --link $(BIN)
	@$(BIN)/python tools/fetch-vitess
	@$(BIN)/python demo/vitess.py

quick: venv ## the tests that need no server; of long series every seventh case
	$(PYTEST) --forked=cores -m 'not long' --hypothesis-profile quick $(OFFLINE)

test: venv servers ## all tests but those of engines, Vitess and Temporal, on servers of their own
	$(PYTEST) --forked=cores $(OFFLINE)
	$(PYTEST) --forked=$(WORKERS) -m 'not engine and not oldest' --hypothesis-profile quarter $(ON_SERVERS)

test-random: venv servers ## all random cases on servers, of which `make test` tries a quarter, and the oldest MariaDB
	$(PYTEST) --forked=$(WORKERS) -m '(random or oldest) and not engine' $(ON_SERVERS)

test-engines: venv servers engines ## the tests of every engine; one that is not there fails
	$(PYTEST) -n $(WORKERS) -m engine --every-engine

test-vitess: venv servers vitess ## the tests on a Vitess cluster; what it needs and is not there fails
	$(PYTEST) -n 4 -m vitess --vitess

test-temporal: venv servers temporal ## rollouts over regions on a Temporal server; what it needs and is not there fails
	$(PYTEST) -n 2 -m temporal --temporal

chaos-temporal: venv servers temporal ## SEEDS=1-200, KILLS=200 for so many at least: rollouts over two regions, with workers, Temporal and connections killed
	$(BIN)/python -m tests.temporal.chaos $(SEEDS) $(KILLS)

chaos-vitess: venv servers vitess ## SEEDS=1-60: an apply behind Vitess, and everything it needs killed, run by run
	$(BIN)/python -m tests.integration.chaos.vitess $(SEEDS)

chaos-reparents: venv servers vitess ## RUNS=1-18: an apply behind Vitess, and a replica that becomes the primary, run by run
	$(BIN)/python -m tests.integration.chaos.vitess_reparents $(RUNS)

chaos-split: venv ## SEEDS=1-300: simulated splits, with drivers killed, stopped and overtaken, run by run
	$(BIN)/python -m tests.sim.split $(SEEDS)

chaos-split-servers: venv servers ## SEEDS=1-20: splits on real servers, with drivers, connections and servers killed, or drivers woken up late
	$(BIN)/python -m tests.integration.chaos.split $(SEEDS)

test-server: venv ## what DDL means, asked of the server of RECONCILER_TEST_MYSQL or _MARIADB alone
	@test -n "$$RECONCILER_TEST_MYSQL$$RECONCILER_TEST_MARIADB" || { \
		echo 'name one: RECONCILER_TEST_MYSQL=host:port,user,password, or ..._MARIADB' >&2; exit 1; }
	$(PYTEST) -n $(WORKERS) -m any_server tests/integration

check: venv ## lint, format, types, import contracts, workflows and forms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(FORMS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config $(FORM_SETTINGS)
	$(BIN)/zizmor --offline --no-progress --quiet --persona pedantic \
		$(WORKFLOWS) action.yml .github/dependabot.yml

LOCKED = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --python-version 3.11 --constraint constraints.txt
lock: venv ## requirements.lock: what the action installs, each file by its hash; and what workers need besides
	@echo setuptools | $(LOCKED) --output-file requirements.lock pyproject.toml -
	@echo temporalio | $(LOCKED) --output-file docs/examples/worker/temporal.lock -

bench: venv ## what it costs: the benchmarks of bench/
	@$(BIN)/python tools/fetch-server mysql --link $(BIN)
	@$(BIN)/python tools/fetch-vitess
	@$(BIN)/python tools/fetch-skeema || echo "bench/fleet.py goes without it" >&2
	@for benchmark in bench/*.py; do $(BIN)/python "$$benchmark" || exit 1; done

docs: venv ## the documentation as a site, in build/site/; a link that leads nowhere fails
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]' --constraint constraints.txt
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c docs/site -d build/site-read . build/site

dist: venv ## the files of a release, in dist/: the source distribution, and the wheel from it
	rm -rf dist
	$(BIN)/python -m build --no-isolation

changelog: venv ## gather changes/ into CHANGELOG.md, under the version that the package has
	$(BIN)/towncrier build --yes --version "$$($(BIN)/python -c 'import reconciler; print(reconciler.__version__)')"

clean: ## remove everything that was made here: environment, servers, caches
	@test ! -x $(BIN)/reconciler || for folder in .sandbox .demo/fleet .demo-vitess/fleet; do \
		$(BIN)/reconciler sandbox down --folder $$folder || exit 1; done
	rm -rf .venv .servers .demo .demo-vitess .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache build dist *.egg-info
