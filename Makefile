# Sets everything up from a bare checkout. Needs Python 3.11 to 3.15 with venv, and make.
#   make demo    install into .venv and check examples/web.yaml
#   make test    install with the development tools, then lint, types, tests
#   make slow    the tests that take minutes: all incomplete logs, campaigns of planted faults
#   make lock    write constraints.txt anew: the newest versions of what pyproject.toml asks for
# What is installed is what constraints.txt names, which is what was tested. LOCK= installs the newest versions instead.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ROOMS  := spec model checker traces cli
LOCK   ?= constraints.txt
NEWER  := $(if $(LOCK),,--upgrade --upgrade-strategy eager)

# pip reads these: what is installed, and (by its second name from pip 25.3 on) what builds it
export PIP_CONSTRAINT := $(LOCK:%=$(CURDIR)/%)
export PIP_BUILD_CONSTRAINT := $(PIP_CONSTRAINT)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test slow install install-dev lint types tests lock readme vendor clean
.DELETE_ON_ERROR:

demo: install
	@echo '$$ kubecheck check examples/web.yaml'
	@$(BIN)/kubecheck check examples/web.yaml
	@echo
	@echo 'kubecheck is in $(BIN): `source $(BIN)/activate` lets this shell find it'

test: install-dev lint types tests

# An editable install: what is run is the checkout. pip is called each time, because the list of packages may have changed.
install: $(BIN)/python
	@echo 'installing kubecheck into $(VENV)'
	@$(BIN)/python -m pip install --quiet $(NEWER) --editable .

install-dev: $(BIN)/python
	@echo 'installing kubecheck and the development tools into $(VENV)'
	@$(BIN)/python -m pip install --quiet $(NEWER) --editable '.[dev]'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 16) else \
	    f"kubecheck needs Python 3.11 to 3.15, $(PYTHON) is {v.major}.{v.minor}: try make PYTHON=python3.12 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv $(VENV)

lint:
	$(BIN)/ruff check .

# mypy cannot see through an editable install, so the namespace package is laid out for it with links.
types:
	@rm -rf $(VENV)/rooms && mkdir -p $(VENV)/rooms/kubecheck
	@for room in $(ROOMS); do ln -s "$(CURDIR)/$$room" "$(VENV)/rooms/kubecheck/$$room"; done
	MYPYPATH=$(VENV)/rooms $(BIN)/mypy --strict $(ROOMS:%=-p kubecheck.%)

tests:
	$(BIN)/python -m pytest -n auto -m "not slow"

slow:
	$(BIN)/python -m pytest -n auto -m slow

# One file for every supported Python. The lock itself is made of what pyproject.toml says, by a tool that lives for this only.
lock: PIP_CONSTRAINT :=
lock: PIP_BUILD_CONSTRAINT :=
lock: $(BIN)/python
	@tool=$$(mktemp -d) && trap 'rm -rf "$$tool"' EXIT && $(BIN)/python -m venv "$$tool" && \
	    "$$tool/bin/python" -m pip install --quiet uv && \
	    "$$tool/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev --no-annotate \
	        --custom-compile-command 'make lock' pyproject.toml -o constraints.txt
	@git --no-pager diff --stat -- constraints.txt

# Bring the examples and pictures in README.md and docs/ up to date with what the commands print.
readme:
	$(BIN)/python -m tests.cli.readme

# Fetch the explorer's two libraries anew, at the versions and digests that it names.
vendor:
	$(BIN)/python -m kubecheck.cli.explorer.vendor

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
