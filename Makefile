# Two commands do everything, set-up included: `make demo` and `make test`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.PHONY: help setup plugins build demo gallery test lint bench soak order freeze install dist clean

CARGO ?= cargo
PREFIX ?= $(HOME)/.local
TARGET := $(or $(CARGO_TARGET_DIR),target)
# Tools of other languages stay beside what is built; the stamp is older than what asks for another version.
LANGUAGES := $(abspath $(TARGET))/languages
BUILT_IN := watermark delogo uri-template parameters null-filter
EXAMPLES := vignette grayscale timecode lut per-title dated-uri
HOSTILE := hostile-filter hostile-uri-policy hostile-parameter-policy hostile-wrong-world

help: ## What there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Install what is missing (says what, does nothing the second time)
	@scripts/setup.sh

plugins: setup ## Build the components
	@$(CARGO) build --release --target wasm32-unknown-unknown $(addprefix -p ,$(BUILT_IN) $(EXAMPLES) $(HOSTILE))

build: plugins ## Build target/release/wasmux
	@$(CARGO) build --release -p wasmux

demo: build ## Serve, and submit the guide's watermark request for a real clip
	@scripts/demo.sh "$(TARGET)"

gallery: build ## Make docs/gallery.png, a sheet of effects on a real clip
	@scripts/gallery.sh "$(TARGET)"

lint: plugins ## fmt and clippy
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --release --workspace --all-targets -- -D warnings
	@$(CARGO) clippy --release --target wasm32-unknown-unknown $(addprefix -p ,$(BUILT_IN) $(EXAMPLES) $(HOSTILE)) -- -D warnings

$(LANGUAGES)/installed: scripts/setup-languages.sh host/templates/plugin-js/uri-policy/package.json host/templates/plugin-py/uri-policy/requirements.txt | setup
	@scripts/setup-languages.sh "$(LANGUAGES)"
	@touch "$@"

test: build lint $(LANGUAGES)/installed ## All tests, fmt and clippy
	@scripts/setup-python.sh "$(TARGET)"
	@WASMUX_LANGUAGES="$(LANGUAGES)" $(CARGO) test --release --workspace --no-fail-fast

bench: build $(LANGUAGES)/installed ## Benches; results go to benches/results
	@$(CARGO) build --release --target wasm32-unknown-unknown -p kernels -p bench-uri -p bench-parameters
	@WASMUX_LANGUAGES="$(LANGUAGES)" $(CARGO) bench -p wasmux-benches --benches
	@$(CARGO) run --release -q -p wasmux-benches --bin changes

soak: build ## 10,000 tasks of one frame: the memory of the server stays
	@WASMUX_SOAK=10000 $(CARGO) bench -p wasmux-benches --bench service

order: build ## List the functions that tasks execute, by which the linker places them (needs qemu-user)
	@$(CARGO) run --release -q -p wasmux-benches --bin order

# Components that are kept say nothing of the machine on which they were built. These flags are added to those of .cargo/config.toml; RUSTFLAGS would take their place.
UNNAMED = $(foreach folder,$(wildcard $(or $(CARGO_HOME),$(HOME)/.cargo)/registry/src/*),'--remap-path-prefix=$(folder)=crates',) '--remap-path-prefix=$(CURDIR)=wasmux'

freeze: setup ## Keep the WIT and components of the version that is released
	@$(CARGO) build --release --target wasm32-unknown-unknown --target-dir "$(TARGET)/frozen" --config "target.wasm32-unknown-unknown.rustflags=[$(UNNAMED)]" -p lut -p hostile-filter -p dated-uri -p per-title
	@scripts/freeze.sh "$(TARGET)/frozen"

install: build ## Copy the binary, stripped, to PREFIX/bin
	@install -s -Dm755 $(TARGET)/release/wasmux "$(DESTDIR)$(PREFIX)/bin/wasmux"
	@echo "installed $(DESTDIR)$(PREFIX)/bin/wasmux"

dist: build ## A tarball with the binary, documents and licences
	@scripts/dist.sh "$(TARGET)"

clean: ## Remove what was built
	@$(CARGO) clean
