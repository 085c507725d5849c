# Two commands do all the set-up: `make up` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Much of a test's time is waiting, so more processes than cores. `make test JOBS=0`: in this one, for a debugger.
JOBS ?= 4
# The tests' own code is compiled once, not in each process.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest
PARALLEL = -n $(JOBS) --dist loadgroup --no-loadscope-reorder

.PHONY: up down test test-slow test-all test-containers check format lint types imports bench clean

up: $(STAMP)
	$(BIN)/lab up

down: $(STAMP)
	$(BIN)/lab down

# The quick tests, then the rest of them: half-hour matters such as hundreds of kills and of answers.
test: $(STAMP)
	$(PYTEST) $(PARALLEL) -m 'not slow and not prove'

test-slow: $(STAMP)
	$(PYTEST) $(PARALLEL) -m slow

test-all: test test-slow

# The lab in containers. Needs a Docker Engine, or root and docker.io to start one of its own.
test-containers: $(STAMP)
	$(PYTEST) tests/containers

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
	rm -rf $(VENV)

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
