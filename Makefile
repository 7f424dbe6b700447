# Two commands are all a fresh clone needs: `make run` and `make test`. Works with GNU make 3.81 (macOS).
VENV := .venv
BIN  := $(VENV)/bin
JOBS ?= 2

# What is installed depends on these; a change of one of them installs again.
INSTALL_INPUTS := pyproject.toml tools/venv.sh $(wildcard hatch_build.py web/package-lock.json web/package.json web/vite.config.* web/*.html) \
                  $(wildcard web/src/* web/src/*/* web/public/*)

.PHONY: help setup run test check fmt unit screen security fuzz integration browser agents webtest chaos bench web wire binding widths pictures docs dist clean

help:            ## List the verbs
	@sed -n 's/^\([a-z]*\): .*## /\1	/p' Makefile

setup: $(VENV)/dev.stamp  ## Make .venv with everything for development

run: $(VENV)/run.stamp  ## Start a shell session in a gateway of yours
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(BIN)/tether run shell

test: check      ## Everything that must hold before a commit
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile tests/unit tests/docs tests/screen tests/security tests/integration

check: $(VENV)/dev.stamp  ## Lint, format, types, import rules, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/golden.py --check
	$(BIN)/python tools/wire_types.py --check
	$(BIN)/python tools/ghostty_binding.py --check
	$(BIN)/python tools/widths.py --check
	$(BIN)/python tools/docs.py --check

fmt: $(VENV)/dev.stamp  ## Format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: $(VENV)/dev.stamp  ## Pure modules and single rooms
	$(BIN)/python -m pytest tests/unit

screen: $(VENV)/dev.stamp  ## The screen model against xterm.js
	$(BIN)/python -m pytest tests/screen

integration: $(VENV)/dev.stamp  ## Real gateways, terminals and sockets
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile tests/integration

security: $(VENV)/dev.stamp  ## Attacks on a real gateway
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile tests/security

fuzz: $(VENV)/dev.stamp  ## Every reader of strangers' bytes, a minute each (SECONDS=600 for more), and the API's document
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --group fuzz
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60)
	$(BIN)/python -m tests.fuzz.api --seconds $(or $(SECONDS),60)

browser: $(VENV)/dev.stamp  ## Pages in chromium
	$(BIN)/python tools/web_test.py install
	$(BIN)/python -m pytest tests/browser

agents: $(VENV)/dev.stamp  ## The real codex, claude and opencode, with a mock model
	$(BIN)/python tools/agents_setup.py
	$(BIN)/python -m pytest tests/agents

webtest: $(VENV)/dev.stamp  ## Types and unit tests of the web client
	$(BIN)/python tools/web_test.py

chaos: $(VENV)/dev.stamp  ## Kill everything, again and again, and count the bytes
	$(BIN)/python -m pytest tests/chaos -s

bench: $(VENV)/dev.stamp  ## Latency and throughput against peers, as ratios
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --group bench
	$(BIN)/python -m tests.bench.npm_setup
	$(BIN)/python -m tests.bench

web: $(VENV)/dev.stamp  ## Build the web client into the package
	$(BIN)/python hatch_build.py

wire: $(VENV)/dev.stamp  ## Write the golden files and the browser's types
	$(BIN)/python tools/golden.py
	$(BIN)/python tools/wire_types.py

binding: $(VENV)/dev.stamp  ## Write what cffi must know of the terminal emulator
	$(BIN)/python tools/ghostty_binding.py

widths: $(VENV)/dev.stamp  ## Write how many columns characters take in browsers, as in the screen model
	$(BIN)/python tools/widths.py

pictures: $(VENV)/dev.stamp  ## Take every page for docs/pictures (chromium, a Chinese font)
	$(BIN)/python -m tools.pictures

docs: $(VENV)/dev.stamp  ## Write the generated parts of docs/
	$(BIN)/python -m tests.agents.cases
	$(BIN)/python tools/docs.py

dist: $(VENV)/dev.stamp  ## Wheel and source distribution in dist/
	$(BIN)/python -m pip --disable-pip-version-check install --quiet build
	$(BIN)/python -m build

clean:           ## Remove what is made here (not your sessions)
	rm -rf $(VENV) dist build tether/web/static web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find tether tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/run.stamp: $(INSTALL_INPUTS)
	@sh tools/venv.sh $(VENV) run
	@touch $@

$(VENV)/dev.stamp: $(INSTALL_INPUTS)
	@sh tools/venv.sh $(VENV) dev
	@touch $@ $(VENV)/run.stamp
