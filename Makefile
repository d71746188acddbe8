# Two commands: `make app` opens the workbench, `make test` runs everything that CI runs.
# Both set up what they need in .venv; nothing else on the machine changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# A browser window opens where there is a screen.
SCREEN := $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname))
BROWSER_FLAGS ?= $(if $(SCREEN),--server.headless=false --server.showEmailPrompt=false)

.PHONY: app test quick check screenshots demo clean

app: $(VENV)/.app
	$(BIN)/streamlit run run_app.py $(BROWSER_FLAGS)

test: $(VENV)/.test check
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "slow"

quick: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

screenshots: $(VENV)/.test
	$(BIN)/python docs/screenshots/take.py

demo: $(VENV)/.app
	$(BIN)/healnet demo --rebuild

clean:
	rm -rf $(VENV) app/viewer/dist node_modules

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.app: pyproject.toml constraints.txt hatch_build.py package-lock.json package.json $(shell find app/viewer/frontend -type f) | $(VENV)/.venv
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/.app
	$(PIP) install -c constraints.txt --group test
	@touch $@
