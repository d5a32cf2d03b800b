# What a developer needs, in a few words: `make demo`, `make test`, `make lint`.

CARGO ?= cargo
PYTHON ?= python3
VENV := .venv
TOOLS := .tools
CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2

.PHONY: demo test bench soak chaos fuzz lint format headers model-check conformance-table clean

# Builds the program and the bundled connectors, syncs the example, shows the result.
demo:
	$(CARGO) build --release --quiet -p headwater-cli -p headwater-connector-csv -p headwater-connector-json
	examples/demo.sh

# Every test there is. `../shared/data` is used where it is present, and must be in CI.
test: $(VENV)/.ready
	$(CARGO) build --workspace --quiet
	$(CARGO) test --workspace
	$(CARGO) test --manifest-path fuzz/Cargo.toml --target-dir target
	$(VENV)/bin/python tests/real/model.py --check

# Measures what benches/RESULTS.md shows, and writes it there: half an hour on a quiet machine.
bench:
	$(PYTHON) benches/run.py

# Writes over HTTP for ten minutes while the server is killed again and again; `make test` does so briefly.
soak:
	HEADWATER_SOAK_SECONDS=600 $(CARGO) test -p headwater-crash-tests --test soak -- --nocapture

# Twenty syncs of 50 000 rows into a twin where everything goes wrong; `make test` does two small ones.
chaos:
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
	$(VENV)/bin/ruff check tests benches
	$(VENV)/bin/ruff format --check tests benches
	$(VENV)/bin/clang-format --dry-run --Werror $$(git ls-files '*.c')
	$(CARGO) run --quiet -p headwater-headers -- --check
	$(CARGO) run --quiet -p headwater-conformance --bin feature-table -- --check README.md

# Writes what `lint` checks.
format: $(VENV)/.ready
	$(CARGO) fmt --all
	$(VENV)/bin/ruff format tests benches
	$(VENV)/bin/clang-format -i $$(git ls-files '*.c')

headers:
	$(CARGO) run --quiet -p headwater-headers

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
