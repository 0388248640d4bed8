# Two commands are all a newcomer needs: `make run` and `make test`. Each sets up what it needs in .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run demo test lint format locales bench pictures fuzz soak lock clean

run: $(VENV)/.run-ready
	@$(BIN)/python -m bot

# The chat inside the simulated internet, in "Russia, February 2026": no packet leaves this machine.
demo: $(VENV)/.test-ready
	@$(BIN)/python -m tests.lab russia-2026-02 -- $(BIN)/python -m bot chat

# Twice as many workers as cores, since the lab's tests mostly wait, in real time, for what never comes; and stealing,
# which starts the workers in different parts of the suite, so that some compute while others wait.
test: lint
	$(BIN)/python -m pytest -n $$((2 * $$(getconf _NPROCESSORS_ONLN))) --dist worksteal

lint: $(VENV)/.test-ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.test-ready
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Brings the catalogues of bot/chat/locales up to date with the texts, and says how much of each is translated.
locales: $(VENV)/.run-ready
	$(BIN)/python -m bot.chat.locales

bench: $(VENV)/.test-ready
	$(BIN)/python -m bench

# Draws the sample pictures of the documentation, of what is measured in the simulated internet: about two minutes.
pictures: $(VENV)/.test-ready
	$(BIN)/python -m bench.pictures docs/pictures

# Kills the outbox, a broadcast and the whole program two hundred times each: about a quarter of an hour.
soak: $(VENV)/.test-ready
	$(BIN)/python -m tests.soak

# Not a part of the tests: a minute for each reader of strangers' bytes. Atheris is not locked, and fetched only here.
fuzz: $(VENV)/.test-ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python -m tests.fuzz

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("reachbot needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (choose another with: make PYTHON=python3.12 ...)")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# --require-hashes refuses whatever is not exactly what the lock file names; the package index is the machine's own affair.
$(VENV)/.run-ready: requirements/run.txt pyproject.toml | $(VENV)/.python
	@echo "Setting up reachbot (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/.test-ready: requirements/test.txt requirements/run.txt pyproject.toml | $(VENV)/.python
	@echo "Setting up reachbot's tests (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@ $(VENV)/.run-ready

# Rewrites the pins from pyproject.toml; needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" pyproject.toml -o requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" pyproject.toml --group dev -c requirements/run.txt -o requirements/test.txt

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
