# make climb   train chapter 01 at every level, side by side       make test   all tests
# make test-all   the tests that make test samples, whole
# make lint    ruff and pyright      make site   build the site into site/      make verify   every proof of every chapter
# make notebook   the chapters' notebooks in Jupyter      make notebooks   all of them, executed anew from their text files
# make lock    requirements.lock again, after a change of the dependencies in pyproject.toml
# make upgrade   the same, with every package at its newest release
# make newest    the newest releases into .venv, whatever requirements.lock says, until it is set up again
#
# Needs only Python 3.11+ and make: the first call sets up .venv with uv, and fetches uv itself if it is missing.

PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
WORKERS ?= 2
# Each process would otherwise compile torch and transformers anew, in seconds.
unexport PYTHONDONTWRITEBYTECODE
# The certificates of the system, as pip and browsers use them: they know a proxy that uv's own do not.
export UV_SYSTEM_CERTS ?= true

GROUPS = --group dev --group docs --group build
# One file for every platform and Python. A version in it stays until --upgrade, or until pyproject.toml rules it out.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

.PHONY: climb test test-all lint site verify notebook notebooks lock upgrade newest clean

climb: .venv/.ready
	@.venv/bin/rungs climb

test: .venv/.ready
	@.venv/bin/pytest -n $(WORKERS) --dist worksteal --shares

test-all: .venv/.ready
	@.venv/bin/pytest -n $(WORKERS) --dist worksteal --shares -m "whole or not whole"

verify: .venv/.ready
	@.venv/bin/rungs verify all

notebook: .venv/.ready
	@.venv/bin/jupyter lab

notebooks: .venv/.ready
	@.venv/bin/python -m rungs.pages.notebooks

lint: .venv/.ready
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/pyright

site: .venv/.ready
	@.venv/bin/mkdocs build --strict

.venv/.ready: pyproject.toml requirements.lock | $(UV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rungs needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 test")'
	@echo "Setting up .venv (once; a few minutes with an empty cache) ..."
	@$(UV) venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@$(UV) pip sync --quiet --python .venv --require-hashes requirements.lock
	@$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

.uv/bin/uv: requirements-uv.lock
	@echo "Fetching uv ..."
	@$(PYTHON) -m venv .uv || { echo "Python's venv module is missing: install it (on Debian: python3-venv), or install uv."; exit 1; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-uv.lock
	@touch $@

lock: | $(UV)
	@$(COMPILE) $(GROUPS) pyproject.toml --output-file requirements.lock
	@echo uv | $(COMPILE) - --output-file requirements-uv.lock

upgrade: COMPILE += --upgrade
upgrade: lock

newest: .venv/.ready
	@$(UV) pip install --quiet --python .venv --upgrade --editable . $(GROUPS)

clean:
	rm -rf .venv .uv site .pytest_cache .ruff_cache .hypothesis
