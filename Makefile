# make climb   train chapter 01 at every level, side by side       make test   all tests
# make test-all   the tests that make test samples, whole
# make lint    ruff and pyright      make site   build the site into site/      make verify   every proof of every chapter
#
# Needs only Python 3.11+ and make: the first call sets up .venv with uv, and fetches uv itself if it is missing.

PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
WORKERS ?= 2
# Each process would otherwise compile torch and transformers anew, in seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: climb test test-all lint site verify clean

climb: .venv/.ready
	@.venv/bin/rungs climb

test: .venv/.ready
	@.venv/bin/pytest -n $(WORKERS) --dist worksteal

test-all: .venv/.ready
	@.venv/bin/pytest -n $(WORKERS) --dist worksteal -m "whole or not whole"

verify: .venv/.ready
	@.venv/bin/rungs verify all

lint: .venv/.ready
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/pyright

site: .venv/.ready
	@.venv/bin/mkdocs build --strict

.venv/.ready: pyproject.toml | $(UV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rungs needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 test")'
	@echo "Setting up .venv (once; a few minutes with an empty cache) ..."
	@$(UV) sync --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	@touch $@

.uv/bin/uv:
	@echo "Fetching uv ..."
	@$(PYTHON) -m venv .uv || { echo "Python's venv module is missing: install it (on Debian: python3-venv), or install uv."; exit 1; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

clean:
	rm -rf .venv .uv site .pytest_cache .ruff_cache .hypothesis
