# What a developer needs, in a few words: `make demo`, `make test`, `make lint`.

CARGO ?= cargo
PYTHON ?= python3
VENV := .venv
TOOLS := .tools
CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2

PREFIX ?= /usr/local
PROFILE ?= release
TARGET := $(or $(CARGO_TARGET_DIR),target)
BUILT := $(TARGET)/$(subst dev,debug,$(PROFILE))

.PHONY: demo install test wheel python python-docs python-examples python-leaks python-test bench soak chaos ffi-soak ffi-sanitizers ffi-bench abi-baseline fuzz lint format headers model-check conformance-table clean

# Builds the program and the bundled connectors, syncs the example, shows the result.
demo:
	$(CARGO) build --release --quiet -p headwater-cli -p headwater-connector-csv -p headwater-connector-json
	examples/demo.sh

# Installs libheadwater, its headers, the bundled connectors, and what pkg-config and CMake ask for.
install:
	$(CARGO) build --profile $(PROFILE) --quiet -p headwater-ffi -p headwater-connector-csv -p headwater-connector-json
	ffi/install.sh $(BUILT) $(DESTDIR)$(PREFIX)

# Every test there is. `../shared/data` is used where it is present, and must be in CI.
test: $(VENV)/.ready
	$(CARGO) build --workspace --quiet
	$(CARGO) test --workspace
	$(CARGO) test --manifest-path fuzz/Cargo.toml --target-dir target
	$(VENV)/bin/python tests/real/model.py --check
	$(MAKE) python-test

# The Python wheel, in target/wheels: the module, the command and the bundled connectors.
wheel: $(VENV)/.ready
	$(VENV)/bin/python python/build_wheel.py --release

# The package as the wheel has it, but not optimised, in the environment of the tests.
python: $(VENV)/.ready
	$(VENV)/bin/python python/build_wheel.py --out target/wheels-dev
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps target/wheels-dev/*.whl

# A page of documentation for each class, in target/python-docs.
python-docs: python
	$(VENV)/bin/python python/generate/docs.py target/python-docs

# The examples for orchestrators, each run once: installs these into an environment of its own.
python-examples: python
	examples/python/try.sh

# 100 000 calls of each kind, in which memory must stay flat; `make test` makes fewer.
python-leaks: python
	HEADWATER_LEAK_CALLS=100000 $(VENV)/bin/python -m pytest tests/python/test_leaks.py

# The tests of the package, what they cannot see from outside, and its types.
python-test: python
	$(VENV)/bin/python -m pytest tests/python
	$(VENV)/bin/python -m mypy --config-file tests/python/mypy.ini -p headwater
	$(VENV)/bin/python -m mypy.stubtest headwater._headwater --mypy-config-file tests/python/mypy.ini
	$(VENV)/bin/python python/generate/errors.py --check
	$(VENV)/bin/python python/generate/aio.py --check

# Measures what benches/RESULTS.md shows, and writes it there: half an hour on a quiet machine.
bench:
	$(PYTHON) benches/run.py

# Writes over HTTP for ten minutes while the server is killed again and again; `make test` does so briefly.
soak:
	HEADWATER_SOAK_SECONDS=600 $(CARGO) test -p headwater-crash-tests --test soak -- --nocapture

# Calls libheadwater 100 000 times, and as often under valgrind; `make test` makes some hundred calls.
ffi-soak:
	HEADWATER_FFI_CALLS=100000 $(CARGO) test -p headwater-ffi-tests --test memory -- --nocapture

# What libheadwater costs: rows in bulk against the program, calls against the same calls in Rust.
ffi-bench:
	$(PYTHON) benches/run.py --only ffi --dry-run

# The tests of libheadwater and of connectors with the Rust side under a sanitizer, and the programs that
# misuse the library; needs a nightly compiler, with its source for threads.
ffi-sanitizers:
	tests/ffi/sanitizers.sh address
	tests/ffi/sanitizers.sh thread

# Writes what abidiff compares with: for a new major version of the library, or once a struct that
# starts with its size has grown at its end.
abi-baseline:
	$(CARGO) run --quiet -p headwater-ffi-tests --bin abi-baseline

# Twenty syncs of 50 000 rows, all at once, into twins where everything goes wrong; `make test` does two
# small ones.
chaos:
	$(CARGO) build --release --quiet -p headwater-cli -p headwater-connector-csv
	HEADWATER_BIN=$(abspath $(TARGET))/release/headwater \
	  HEADWATER_CHAOS_SEEDS=20 HEADWATER_CHAOS_ROWS=50000 \
	  $(CARGO) test -p headwater-program-tests --test remote_chaos -- --nocapture

# Fuzzes every target for a quarter of an hour; needs a nightly compiler.
fuzz: $(TOOLS)/bin/cargo-fuzz
	fuzz/run.sh 900

# Formatting, lints, licences, and what is generated.
lint: $(VENV)/.ready $(TOOLS)/bin/cargo-deny
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet
	$(TOOLS)/bin/cargo-deny --log-level error check bans licenses sources
	$(VENV)/bin/ruff check tests benches python examples
	$(VENV)/bin/ruff format --check tests benches python examples
	$(VENV)/bin/clang-format --dry-run --Werror $$(git ls-files '*.c' '*.cpp' '*.hpp' 'tests/testees/*.h')
	$(CARGO) run --quiet -p headwater-headers -- --check

# Writes what `lint` checks.
format: $(VENV)/.ready
	$(CARGO) fmt --all
	$(VENV)/bin/ruff format tests benches python examples
	$(VENV)/bin/clang-format -i $$(git ls-files '*.c' '*.cpp' '*.hpp' 'tests/testees/*.h')

headers:
	$(CARGO) run --quiet -p headwater-headers

# Writes the README's feature table, which a test compares with what the cases give.
conformance-table:
	$(CARGO) run --quiet -p headwater-conformance --bin feature-table -- --write README.md

$(VENV)/.ready: requirements-dev.txt tests/real/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt -r tests/real/requirements.txt
	touch $@

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install cargo-deny --version $(CARGO_DENY_VERSION) --locked --debug --quiet --root $(TOOLS)

$(TOOLS)/bin/cargo-fuzz:
	$(CARGO) install cargo-fuzz --version $(CARGO_FUZZ_VERSION) --locked --quiet --root $(TOOLS)

clean:
	$(CARGO) clean
	rm -rf $(VENV) $(TOOLS)
