# The commands of the house. Everything they need is installed by themselves, locked, into .venv.
# A clean Debian 12 needs python3 (3.11 to 3.13) with venv, git and make; nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q --require-hashes
DEMO_FLAGS ?=
TEST_FLAGS ?=
PG15 := /usr/lib/postgresql/15/bin

.PHONY: help setup setup-dev front demo test unit check procedures bench clean-demo test-packages test-pg15 fault-kill fault-fuzz fault-idle fault-backlog fault-poison fault-late canary courses manual

help:
	@echo "make setup       install into .venv          make demo        the demonstration city"
	@echo "make test        every check and test        make unit        quick tests, no browser"
	@echo "make check       linters, types, freshness   make bench       side-by-side figures"
	@echo "make procedures  the legal tables as pages"
	@echo "make fault-kill  kill -9 under load (KILLS=200)"
	@echo "make canary      search all disks' bytes for a known position"
	@echo "make test-pg15   tests on postgresql-15      make clean-demo  begin the demo anew"

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "Python 3.11, 3.12 or 3.13 is needed (Debian: apt install python3)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv is missing. Debian: apt install python3.11-venv"; exit 1; }
	@echo "[1/4] making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: $(VENV)/made requirements/runtime.txt requirements/build.txt
	@echo "[2/4] installing the locked packages (about a minute at the first time)"
	@$(PIP) -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

front: $(VENV)/runtime
	@echo "[3/4] building the pages' front end (a second when nothing changed)"
	@$(BIN)/python tools/build_front.py

$(VENV)/installed: $(VENV)/runtime pyproject.toml hatch_build.py | front
	@echo "[4/4] installing sifang"
	@$(BIN)/python -m pip --disable-pip-version-check install -q --no-deps --no-build-isolation -e .
	@touch $@

setup: front $(VENV)/installed

$(VENV)/dev: $(VENV)/runtime requirements/dev.txt
	@echo "[2/4] installing the locked tools for tests"
	@$(PIP) -r requirements/dev.txt
	@touch $@

setup-dev: $(VENV)/dev setup

demo: setup
	@$(BIN)/sifang demo $(DEMO_FLAGS)

clean-demo:
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m sifang.ops.clean_demo; else echo "nothing to clean"; fi

check: setup-dev
	@echo "check: style"          && $(BIN)/ruff check -q . && $(BIN)/ruff format -q --check .
	@echo "check: layers"         && $(BIN)/lint-imports --no-cache > $(VENV)/lint.out || { cat $(VENV)/lint.out; exit 1; }
	@echo "check: types"          && $(BIN)/mypy --no-error-summary
	@echo "check: migrations"     && $(BIN)/python -W ignore tools/check_migrations.py
	@echo "check: settings page"  && $(BIN)/python -m sifang.ops.settings_page --check
	@echo "check: procedures"     && $(BIN)/python tools/build_procedures.py --check
	@echo "check: article index"  && $(BIN)/python tools/build_articles.py --check
	@echo "check: licences"       && $(BIN)/python tools/check_licences.py
	@echo "check: repository"     && $(BIN)/python tools/check_repository.py
	@echo "check: front end"      && $(BIN)/python tools/build_front.py --check
	@echo "check: base map"       && $(BIN)/python tools/draw_schematic.py --check

# the tables as pages that a lawyer signs: docs/procedures/
procedures: setup
	@$(BIN)/python tools/build_procedures.py

test-packages:
	@sh tools/test_packages.sh

unit: setup-dev
	@$(BIN)/pytest -n 2 --dist loadgroup -m "not browser and not slow" $(TEST_FLAGS)

test: test-packages check
	@$(BIN)/pytest -n 2 --dist loadgroup --durations=10 --cov --cov-branch --cov-report=term:skip-covered $(TEST_FLAGS)

# the manual's pictures, made by the journey in a real browser; not kept in the repository
manual: setup-dev test-packages
	@mkdir -p docs/guide/manual/images
	@MANUAL_IMAGES=$(CURDIR)/docs/guide/manual/images $(BIN)/pytest tests/journeys/test_life_in_browser.py -n 0 -q

test-pg15: setup-dev
	@[ -x $(PG15)/postgres ] || if [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15; \
	  else echo "missing: Debian package postgresql-15 (apt install postgresql-15)"; exit 1; fi
	@SIFANG_TEST_POSTGRES=$(PG15) $(BIN)/pytest -n 2 --dist loadgroup -m "not browser and not slow" $(TEST_FLAGS)

# long form; a short one is in the suite: make fault-fuzz INPUTS=1000000
fault-fuzz: setup-dev
	@$(BIN)/python tests/faults/fuzz.py --inputs $(or $(INPUTS),1000000)

fault-idle: setup-dev
	@$(BIN)/python -W ignore tests/faults/idle.py --connections $(or $(CONNECTIONS),20000)

fault-backlog: setup-dev
	@$(BIN)/python -W ignore tests/faults/backlog.py --frames $(or $(FRAMES),197520)

# long form; a short one is in the suite: make fault-late COUNT=1000
fault-late: setup-dev
	@$(BIN)/python tests/faults/late.py --count $(or $(COUNT),1000)

# long form (a full disk needs root); a short one is in the suite: make fault-poison ROUNDS=22
fault-poison: setup-dev
	@$(BIN)/python -W ignore tests/faults/poison.py --rounds $(or $(ROUNDS),22) $(FAULT_FLAGS)

# long form; a short one is in the suite: make fault-kill KILLS=200
fault-kill: setup-dev
	@$(BIN)/python tests/faults/kill.py --kills $(or $(KILLS),200) $(FAULT_FLAGS)

# random courses beside the independent oracle; a short form is in the suite: make courses COUNT=10000
courses: setup-dev
	@COURSES=$(or $(COUNT),10000) COURSES_FROM=$(or $(FROM),0) \
	  $(BIN)/pytest tests/courses/test_courses.py -n 0 -s -k agree $(TEST_FLAGS)

# searches all an installation leaves on disks for a known position; with a control that must be found
canary: setup-dev
	@$(BIN)/pytest tests/attacks/test_canary.py -n 0 -v $(TEST_FLAGS)

# short form: make bench BENCH_FLAGS=--short ; the long form writes docs/performance.md
bench: setup-dev
	@sh tools/bench_packages.sh
	@$(BIN)/python bench/table.py $(or $(BENCH_FLAGS),--write)
