# Every target does its own set-up: on a fresh Debian 12 with the .NET 10 SDK, as root, `make build` and `make test` need nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export FAIRLEAD_KUBECTL = $(CURDIR)/.tools/kubectl

.PHONY: help setup build demo aot test bench fuzz lint clean
.DEFAULT_GOAL := help

help: ## show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 14

setup: ## install what is missing: Debian packages and kubectl
	@eng/setup.sh

build: setup ## build the program for this machine, at bin/fairlead
	@dotnet build src/fairlead -c Release -v q -nologo
	@mkdir -p bin && ln -sfn ../artifacts/bin/fairlead/release/fairlead bin/fairlead
	@echo "built: bin/fairlead"

demo: build ## start a two-node cluster, try all of the lesson on it with real packets, and leave it running
	@PATH="$(CURDIR)/.tools:$$PATH" bin/fairlead demo
	@echo "Here fairlead is bin/fairlead, and kubectl is $$(readlink .tools/kubectl)."

aot: setup ## build the release binary, one file, at bin/aot/fairlead
	@eng/aot.sh

test: setup ## run every test; ends with one line: N passed, N failed, N skipped
	@eng/test.sh

bench: setup ## measure the release binary, each figure beside its baseline or target
	@eng/bench.sh

fuzz: setup ## feed mutated inputs to every reader of foreign bytes; FUZZ_COUNT=N for each (200000; DNS queries 10000000), FUZZ_SEED=S repeats
	@FUZZ_COUNT="$(FUZZ_COUNT)" FUZZ_SEED="$(FUZZ_SEED)" FUZZ_TARGET="$(FUZZ_TARGET)" eng/fuzz.sh

lint: ## style, formatting and analyzers, as errors
	@eng/lint.sh

clean: ## remove everything built
	@rm -rf artifacts bin
