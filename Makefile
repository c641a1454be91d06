# One command for each chore; `make env` is the only one that needs the network.
# Needs on a fresh machine: Python 3.11 or newer, pip, g++ and make. CMake and Ninja come from pip.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# One build folder for the extension and the C++ tests: the library is compiled once.
BUILD := build/core
# Workers for pytest: more than four only repeat the imports.
JOBS ?= $(shell n=$$(nproc); echo $$((n < 4 ? n : 4)))
PYTEST_ARGS ?=
BENCH_ARGS ?=
# Where the browser tests keep their pictures of the report.
SCREENSHOTS ?= $(CURDIR)/build/screenshots
# Pairs of eyes for train-real; TRAIN_ARGS such as --folds 5.
PHOTOGRAPHS ?= $(or $(IGWAS_TEST_DATA),../shared/data)/fundus/eyepacs_pairs_400
TRAIN_ARGS ?=
# Options of demo or demo-truth, such as --people 600.
DEMO_ARGS ?=
CMAKE_ARGS ?=

CPP_FILES := $(shell find cpp -name '*.cpp' -o -name '*.hpp' -o -name '*.cu' -o -name '*.cuh' \
	-o -name '*.h')
BUILD_FILES := CMakeLists.txt setup.py $(wildcard cmake/*.cmake) $(CPP_FILES)

.PHONY: help env demo test test-cpp test-python browser test-slow gpu-here test-gpu bench-gpu mutants lint \
	format type tidy-cuda gpu-resources sanitize docs docs-figures train-real encoder-sight demo-truth all-checks \
	validation bench bench-quick constraints clean

help: ## list the chores
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

env: $(VENV)/.core ## build .venv and the compiled core, or bring them up to date

# The environment: again when its versions change.
$(VENV)/.installed: pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
	  echo "error: no python3 on PATH; expected Python 3.11 or newer. Install it, or name it: make env PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is $$("$(PYTHON)" -V 2>&1); expected Python 3.11 or newer. Install it, or name it: make env PYTHON=/path/to/python3.11" >&2; exit 1; }
	@command -v g++ >/dev/null || command -v c++ >/dev/null || { \
	  echo "error: no C++ compiler on PATH; expected g++ with C++20. Install g++ 11 or newer." >&2; exit 1; }
	# Some systems ship venv without its own pip: then the pip of PYTHON fills the environment.
	[ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV) 2>/dev/null || { \
	  "$(PYTHON)" -m venv --clear --without-pip $(VENV) && \
	  "$(PYTHON)" -m pip --python $(BIN)/python install --quiet --constraint constraints.txt pip; }
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --upgrade \
	  pip setuptools pybind11 cmake ninja
	touch $@

# The package and its compiled core: again when a C++ source or the build changes. The build tools
# are those of .venv (no isolation), so that Ninja compiles only what changed.
$(VENV)/.core: $(VENV)/.installed $(VENV)/.cmake_args $(BUILD_FILES)
	PATH="$(CURDIR)/$(BIN):$$PATH" IGWAS_BUILD_DIR="$(CURDIR)/$(BUILD)" CMAKE_ARGS="$(CMAKE_ARGS)" \
	  $(BIN)/python -m pip install --quiet --constraint constraints.txt \
	  --no-build-isolation --editable ".[dev]"
	@ls python/igwas/_cuda.*.so >/dev/null 2>&1 || \
	  echo "The GPU backend is left out: no nvcc of CUDA 12.0 or newer was found, or IGWAS_CUDA is OFF (docs/cuda.md)."
	touch $@

# Options of the build, which stay until others are given: CMAKE_ARGS alone builds again.
$(VENV)/.cmake_args: FORCE
	@mkdir -p $(VENV)
	@[ -f $@ ] || touch $@
	@[ -z "$(strip $(CMAKE_ARGS))" ] || [ "$$(cat $@)" = "$(strip $(CMAKE_ARGS))" ] || \
	  echo "$(strip $(CMAKE_ARGS))" > $@

FORCE:

# An interrupted demo goes on; `make demo DEMO_ARGS=--overwrite` starts again.
demo: env ## the whole pipeline on a simulated cohort with known answers
	$(BIN)/igwas-fast demo $(if $(DEMO_ARGS),$(DEMO_ARGS),$(if $(wildcard demo-output/demo.json),--resume))

test: test-cpp test-python ## C++ tests, then Python tests

test-cpp: env
	$(BIN)/cmake -S . -B $(BUILD) -G Ninja -DCMAKE_MAKE_PROGRAM="$(CURDIR)/$(BIN)/ninja" \
	  -DIGWAS_BUILD_TESTS=ON $(CMAKE_ARGS) >/dev/null
	$(BIN)/cmake --build $(BUILD)
	$(BIN)/ctest --test-dir $(BUILD) --output-on-failure

# After test-cpp, so that its result stands above pytest's closing line.
test-python: env test-cpp browser
	mkdir -p "$(SCREENSHOTS)"
	IGWAS_SCREENSHOTS="$(SCREENSHOTS)" $(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

browser: ## chromium for the tests of the report: installed as root where it is missing
	.ci/install_browser

test-slow: env ## the tests that take minutes
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

# Before anything is built; needs only a Python (env says if there is none). The modules below ask the built backend again.
gpu-here:
	@[ -z "$(PYTHON)" ] || PYTHONPATH=python "$(PYTHON)" -m igwas.nvidia_driver

# Both are done within ten minutes, ask for nothing and leave a JSON file; status 77: no GPU.
test-gpu: gpu-here ## everything that runs where there is a GPU; writes build/gpu/tests.json
	$(MAKE) --no-print-directory env
	$(BIN)/cmake -S . -B $(BUILD) -G Ninja -DCMAKE_MAKE_PROGRAM="$(CURDIR)/$(BIN)/ninja" \
	  -DIGWAS_BUILD_TESTS=ON $(CMAKE_ARGS) >/dev/null
	$(BIN)/cmake --build $(BUILD) --target test_gpu
	$(BIN)/python -m igwas.benchmark.gpu_checks --program $(BUILD)/test_gpu -o build/gpu/tests.json

bench-gpu: gpu-here ## rates of this machine's GPUs and CPU; writes build/gpu/benchmark.json
	$(MAKE) --no-print-directory env
	$(BIN)/python -m igwas.benchmark.gpu_rates -o build/gpu/benchmark.json

mutants: test-cpp ## put faults into the GPU backend: each must be caught; about ten minutes
	$(BIN)/python cpp/tests/cuda_sim/mutants.py

lint: env ## every linter, changing nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run -Werror $(CPP_FILES)
	$(BIN)/codespell
	$(BIN)/python .ci/check_words.py

format: env ## let ruff and clang-format rewrite the sources
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(CPP_FILES)

tidy-cuda: env ## clang-tidy over the GPU kernels, where it is installed
	.ci/tidy_cuda

gpu-resources: env ## registers and spills of the kernels, all architectures; writes docs/cuda-resources.md
	$(BIN)/python .ci/gpu_resources.py -o docs/cuda-resources.md

type: env ## mypy, strict
	$(BIN)/mypy

sanitize: env ## C++ tests under the address and undefined-behaviour sanitizers
	$(BIN)/cmake -S . -B build/sanitize -G Ninja -DCMAKE_MAKE_PROGRAM="$(CURDIR)/$(BIN)/ninja" \
	  -DCMAKE_BUILD_TYPE=RelWithDebInfo -DIGWAS_BUILD_BINDINGS=OFF -DIGWAS_BUILD_TESTS=ON \
	  -DIGWAS_CUDA=OFF \
	  -DIGWAS_SANITIZE=address,undefined
	$(BIN)/cmake --build build/sanitize
	ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
	  $(BIN)/ctest --test-dir build/sanitize --output-on-failure

docs: env ## write the generated pages of docs/ again
	$(BIN)/python docs/generate.py

docs-figures: env browser ## draw docs/figures again from a finished demo
	$(BIN)/python docs/draw_figures.py demo-output

validation: env ## null calibration, about two minutes; writes docs/validation.md
	$(BIN)/python validation/null_calibration.py --output docs/validation.md

# Runs that are finished stay in build/encoder: an interrupted one goes on.
build/encoder/images.h5: | $(VENV)/.core
	mkdir -p build/encoder
	$(BIN)/igwas-fast images "$(PHOTOGRAPHS)" -o $@

train-real: env build/encoder/images.h5 ## train every recipe on real photographs, half an hour; writes docs/encoder-results.md
	$(BIN)/python validation/encoder_results.py build/encoder/images.h5 --work build/encoder \
	  -o docs/encoder-results.md $(TRAIN_ARGS)

# Cohorts and finished commands stay in build/demo-truth: an interrupted measurement goes on.
demo-truth: env ## the demo over five seeds beside two references, an hour; writes docs/demo-results.md
	mkdir -p build
	$(BIN)/python validation/demo_truth.py --work build/demo-truth -o docs/demo-results.md $(DEMO_ARGS)

encoder-sight: env ## how much of each drawn parameter an encoder sees, ten minutes; writes docs/encoder-sight.md
	$(BIN)/python validation/encoder_sight.py --work build/encoder-sight -o docs/encoder-sight.md \
	  $(SIGHT_ARGS)

all-checks: test lint type sanitize ## everything that must be green before a change goes in

# Cohorts and unfinished measurements stay in build/benchmark: an interrupted `make bench` goes on.
bench: env ## the full benchmark, about an hour; writes benchmarks/results/full.json and docs/benchmarks.md
	mkdir -p build benchmarks/results
	$(BIN)/igwas-fast bench --work build/benchmark --resume --overwrite $(BENCH_ARGS) \
	  --curve samples,variants,phenotypes,threads,missing,frequency \
	  -o benchmarks/results/full.json --report docs/benchmarks.md

bench-quick: env ## a small benchmark, under a minute; writes only to build/
	mkdir -p build
	$(BIN)/igwas-fast bench --quick --work build/benchmark --overwrite $(BENCH_ARGS) \
	  -o build/benchmark-quick.json --report build/benchmark-quick.md

constraints: env ## pin the versions that .venv has now
	{ sed -n '/^#/p;/^torch==/p;/^cupy-/p;/^onnxruntime-gpu==/p' constraints.txt; \
	  $(BIN)/python -m pip freeze --all --exclude-editable | grep -v '^torch=='; } > constraints.new
	mv constraints.new constraints.txt

clean: ## remove what the chores above built, .venv included
	rm -rf build .venv demo-output python/*.egg-info .mypy_cache .ruff_cache .pytest_cache
	find python -name '_core*.so' -delete -o -name '_cuda*.so' -delete
