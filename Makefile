# make run    starts the demo and prints its address; installs what is missing first
# make test   runs everything that can run here
# make setup  makes .venv with the command .venv/bin/twin
# make lock   resolves pyproject.toml into requirements.lock again (needs uv)

PYTHON ?= $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo $$p && break; \
	done)
BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILED := .venv/.compiled
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet

# Tests start the command dozens of times: what Python compiles is kept, whatever the caller says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup run test lock

setup: $(COMPILED)

run: $(COMPILED)
	@exec $(BIN)/twin serve --trust-loopback $(ARGS)

# Files are shared out over the cores, those with slow tests first; `ARGS="-n 0"` runs them one
# after another. Each has its core: threads of a sum would only wait for one another.
test: export OPENBLAS_NUM_THREADS := 1
test: $(COMPILED)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lock:
	uv pip compile pyproject.toml --extra test --extra validate --generate-hashes --no-emit-index-url \
		--no-header --python-version 3.11 --output-file requirements.lock

# Only wheels, and what is plain Python under SDISTS: no compiler and nothing outside the lock is
# needed. The locked setuptools comes first, since it builds those and the project itself.
SDISTS := psychrolib
$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 not found: apt-get install python3.11-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || \
		{ rm -rf .venv; $(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }; }
	@echo "installing the locked packages into .venv, a few minutes"
	@awk '/^setuptools==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock \
		> .venv/setuptools.lock
	@$(PIP) install --only-binary :all: --require-hashes -r .venv/setuptools.lock
	@$(PIP) install --only-binary :all: --no-binary $(SDISTS) --no-build-isolation \
		--require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

# Two seconds of the demo and one advice compile every kernel that a server needs.
KERNELS := $(wildcard twin/*.py twin/physics/*.py controllers/placement/*.py controllers/power/*.py)
$(COMPILED): $(INSTALLED) $(KERNELS)
	@echo "compiling the kernels, some minutes, once"
	@scratch=$$(mktemp -d) && echo '{"job": "first", "gpus": 8}' > $$scratch/ask.json && \
		$(BIN)/twin run --for 2 --out $$scratch/run >/dev/null && \
		$(BIN)/twin advise $$scratch/ask.json --site pilot >/dev/null; \
		code=$$?; rm -rf $$scratch; exit $$code
	@touch $@
