# TinyTorch. Works on a machine that has Python 3.10 or newer and make, and nothing else:
# the first command makes .venv and installs into it; later ones see the stamp and start at once.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# PyTorch is large. To use an environment that already has it: make bench TORCH_PYTHON=...
TORCH_PYTHON ?= $(PY)
TORCH := $(if $(filter $(PY),$(TORCH_PYTHON)),$(VENV)/.torch)
PIP := $(PY) -m pip --disable-pip-version-check --quiet install
# An environment made by another tool, or an interrupted one, may have no pip.
NEEDS_PIP := $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null
# pip compiles what it installs, but not what it only links to.
COMPILE := $(PY) -m compileall -q tito tests/milestones

.DEFAULT_GOAL := help
.PHONY: help demo test check bench parity verify clean

help:  ## show this list
	@grep -E '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1	/' | expand -t 16

demo: $(VENV)/.core  ## the whole course: every module, every milestone really trained
	@$(PY) -m tito.main demo

test: $(VENV)/.dev  ## all tests
	$(PY) -m pytest -n 2 --dist loadfile

check: $(VENV)/.dev  ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check tito tests bench scripts examples
	$(PY) -m mypy

bench: $(TORCH)  ## speed and memory beside PyTorch (installs torch, large)
	$(TORCH_PYTHON) -m bench
	$(TORCH_PYTHON) -m bench.tokenizer

parity: $(TORCH)  ## every layer and loss beside PyTorch, and PyTorch in the milestones (installs torch, large)
	$(TORCH_PYTHON) -m bench.parity
	$(TORCH_PYTHON) -m bench.parity_files
	$(TORCH_PYTHON) -m pytest -q tests/course/test_verification_fairness.py -k pytorch

verify: $(VENV)/.dev  ## wrong answers, and who notices: docs/VERIFICATION.md (hours; it can be stopped)
	$(PY) -m tests.course.faults
	$(PY) -m tests.course.faults.cheats

clean:  ## remove .venv, caches and builds
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# If the Python of .venv is gone (after a system upgrade), install everything again.
ifneq ($(shell test -x $(PY) || echo gone),)
.PHONY: $(VENV)/.core $(VENV)/.dev $(VENV)/.torch
endif

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "TinyTorch needs Python 3.10 or newer; '$(PYTHON)' is older or missing. Try: make PYTHON=python3.12 ..."; exit 3; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV) || \
	  { rm -rf $(VENV); echo "$(VENV) could not be created. On Debian and Ubuntu, first run: apt install python3-venv"; exit 3; }

$(VENV)/.core: pyproject.toml | $(PY)
	@echo "Installing TinyTorch (once)"
	@$(NEEDS_PIP)
	@$(PIP) --editable .
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: pyproject.toml | $(PY)
	@echo "Installing TinyTorch and its test tools (once)"
	@$(NEEDS_PIP)
	@$(PIP) --editable '.[dev]'
	@$(COMPILE)
	@touch $@ $(VENV)/.core

$(VENV)/.torch: pyproject.toml | $(VENV)/.dev
	@echo "Installing PyTorch to compare with (once, large)"
	@$(PIP) --editable '.[torch]'
	@touch $@
