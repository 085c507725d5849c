# Two commands do all the set-up: `make up` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MODULES := tests/pages/node_modules/.package-lock.json
# How many processes run tests; more than cores, since some of the time is waiting. `make test JOBS=0`: one.
JOBS ?= 4
# The tests' own code is compiled once, whatever the environment says.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest
# What took longest is listed, so that it is seen before the whole takes too long.
LONGEST = --durations=12 --durations-min=5

.PHONY: up down test test-slow test-all test-containers test-pages prove check format lint types imports bench clean

up: $(STAMP)
	$(BIN)/lab up

down: $(STAMP)
	$(BIN)/lab down

# Every claim once, in minutes; then what takes longer: more answers, more kills, every subset of the fixes.
test: $(STAMP)
	$(PYTEST) -n $(JOBS) $(LONGEST) -m 'not slow and not prove'

test-slow: $(STAMP)
	$(PYTEST) -n $(JOBS) $(LONGEST) -m slow

test-all: test test-slow

# What must not depend on luck, many times over: hours. A run that was cut is continued by the next one.
# `make prove ONLY=kill` runs a part: ONLY is an expression of names, as pytest -k takes it.
prove: $(STAMP)
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m tests.prove --jobs $(JOBS) --only '$(ONLY)'

# The lab in containers. Needs a Docker Engine, or root and docker.io to start one of its own.
test-containers: $(STAMP)
	$(PYTEST) tests/containers

# The pages of cards in a browser. Needs chromium, chromium-driver, poppler-utils, nodejs with npm, and Java.
test-pages: $(STAMP) $(MODULES)
	$(PYTEST) tests/pages

check: lint types imports test

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) tests/pages/node_modules

# The rules of accessibility and the checker of HTML, in the versions of package-lock.json.
$(MODULES): tests/pages/package.json tests/pages/package-lock.json
	cd tests/pages && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# uv when it is on the path, else what Python brings; the exact tested versions either way.
$(STAMP): pyproject.toml constraints.txt
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[dev]'; \
	else \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'; \
	fi
	@touch $@
