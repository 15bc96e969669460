# `make demo` and `make test` are all that anyone types; both install what they need into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: install deb demo test test-aarch64 test-faults fuzz lint lint-web api bench bench-edge bench-codec bench-cloud bench-link bench-loop bench-planner lock test-compose smoke-compose clean

install: $(STAMP)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "EvoSplit needs Python 3.10 or newer: make PYTHON=python3.12, or whichever is here")'
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(STAMP)
	$(BIN)/evosplit demo

# More processes than two cores: a third of the time tests wait for others. Those of one file stay together, since they
# share what is slow to start.
test: $(STAMP)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Several real clouds and agents, of which some stand still or die: five minutes.
test-faults: $(STAMP)
	$(BIN)/python -m pytest -m faults tests/cloud

# 10^6 mutated entropy-coded frames, FUZZ_REQUESTS mutated requests at the handlers of each tier; then new random
# examples for the property tests, for FUZZ_SECONDS: what fails becomes an @example.
FUZZ_SECONDS ?= 600
FUZZ_REQUESTS ?= 500000
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz_coded_frames
	EVOSPLIT_FUZZ_REQUESTS=$(FUZZ_REQUESTS) $(BIN)/python -m pytest -n 2 --dist loadfile \
	  tests/cloud/test_ingress_fuzz.py tests/edge/test_api_fuzz.py
	$(BIN)/python -m tests.fuzz $(FUZZ_SECONDS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Types of the dashboard's scripts, by JSDoc. The compiler is fetched by npm, into a folder that git ignores.
TYPESCRIPT := 7.0.2
lint-web:
	@command -v npm > /dev/null || { echo "lint-web NEEDS npm, which is not here: the dashboard's scripts were NOT checked"; exit 1; }
	npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix build/web typescript@$(TYPESCRIPT)
	build/web/node_modules/.bin/tsc --project shared/web/jsconfig.json

# The page of the Python API, from the docstrings; a test says when it is stale.
api: $(STAMP)
	$(BIN)/python -m docs.make_api

bench: $(STAMP)
	$(BIN)/python -m benchmarks

bench-edge: $(STAMP)
	$(BIN)/python -m benchmarks masked_conv head_borders int8_heads hall_change hall_delta \
	  gate_hooks idle_training cifar_hooks trainers sampler_memory

bench-planner: $(STAMP)
	$(BIN)/python -m benchmarks planner_speed planner_compare planner_accuracy measured_cells \
	  mobile_traces band_charts

# Bytes of a boundary at equal accuracy, and how fast the coder is.
bench-codec: $(STAMP)
	$(BIN)/python -m benchmarks feature_codec

# First frames, and how much of a bare loop's rate the cloud tier keeps.
bench-cloud: $(STAMP)
	$(BIN)/python -m benchmarks first_frame cloud_throughput

# The link between the tiers: what TLS and tokens cost, plan switches, killed tiers, ten minutes near capacity.
# QUICK=1 SOAK_MINUTES=2 plays less of it.
bench-link: $(STAMP)
	$(BIN)/python -m benchmarks secure_overhead plan_switches cloud_outage spool_crash sinks_away soak

# What the closed loop of calibration, promises and predictions is worth; each line is one of its figures.
bench-loop: $(STAMP)
	$(BIN)/python -m benchmarks promise fresh_agent drift_guard wrong_profile better_plans first_plan closed_loop

# Pins for every supported Python and platform; no addresses.
lock: | $(BIN)/python
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --extra dev \
	  --no-header --no-annotate --no-emit-index-url pyproject.toml --output-file constraints.txt

# A Debian package of the agent in dist/: ARCH is amd64 or arm64, DEB_PYTHON that of the system (JetPack 6: 3.10).
ARCH ?= amd64
DEB_PYTHON ?= 3.11
deb: $(STAMP)
	$(BIN)/python packaging/build_deb.py --arch $(ARCH) --python $(DEB_PYTHON)

# The package for 64-bit Arm, installed and started in a Debian that QEMU emulates; as root.
test-aarch64: ARCH := arm64
test-aarch64: deb
	EVOSPLIT_ARM_PACKAGE=$$(ls -t dist/evosplit_*_arm64.deb | head -1) $(BIN)/python -m pytest -m emulated tests/packaging

# The stack of containers; smoke-compose: inferences over TLS with a token, none without, the cloud killed.
test-compose: $(STAMP)
	$(BIN)/python -m pytest -m compose tests/compose

smoke-compose: $(STAMP)
	$(BIN)/python -m pytest -m "compose and smoke" tests/compose

clean:
	rm -rf $(VENV) build *.egg-info
