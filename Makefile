LINT := go tool -modfile=tools/go.mod golangci-lint
GO   := go
FUZZ ?= 10s
DURATION ?= 5m
SEED ?= 1
KAFKA ?= embedded

.DEFAULT_GOAL := help
.PHONY: help build run test test-kafka test-dlt lint fmt bench bench-index bench-memory bench-parallel chaos chaos-short mutants fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

build: ## build bin/producer
	$(GO) build -trimpath -o bin/ ./cmd/producer

run: ## all in one process: sample API, broker, registry, two runs
	$(GO) run ./cmd/producer demo

test: ## all tests that need only Go, with the race detector
	$(GO) test -race -timeout 10m $$($(GO) list ./... | grep -v /test/e2e$$)
	$(GO) test -race -count=1 -timeout 10m ./test/e2e  # Go's cache of results does not see the binary that it builds

test-kafka: ## the suites against a real Kafka and registry (Java 17, Maven)
	$(GO) run ./test/kafka sh -ec '$(GO) test -count=1 -timeout 10m ./test/e2e; $(GO) test -count=1 -timeout 5m -run Conformance ./pkg/kafka ./pkg/registry'

test-dlt: ## the program beside dlt 1.31 on one API (Python 3.9 to 3.13)
	$(GO) test -tags dlt -count=1 -timeout 30m ./test/dlt

lint: ## go vet, golangci-lint (with gofmt and goimports), go mod tidy
	$(GO) vet ./...
	$(LINT) run ./...
	$(GO) mod tidy -diff

fmt: ## format the code
	$(LINT) fmt ./...

bench: ## the encoder and a whole run beside others; KAFKA=real
	$(GO) run ./test/bench -kafka $(KAFKA)

bench-index: ## the index of a topic at 1 and 10 million keys: memory, time
	$(GO) run ./test/bench -index

bench-memory: ## the peak of memory at 100,000 and at 1,000,000 records
	$(GO) run ./test/bench -memory

bench-parallel: ## 100,000 records at 20 ms a request, 1 page at a time to 16
	$(GO) run ./test/bench -parallel -rounds 1 -kafka $(KAFKA)

chaos: ## kill the program for DURATION (5m); SEED=1 KAFKA=real, cluster
	$(GO) run ./test/chaos -duration $(DURATION) -seed $(SEED) -kafka $(KAFKA)

chaos-short: ## a slice of it, under half a minute
	$(GO) run ./test/chaos -duration 15s -seed $(SEED)

mutants: ## break the protocol in three dozen ways: each must be noticed
	$(GO) run ./test/mutants

fuzz: ## every fuzz target, each for FUZZ (10s)
	@grep -r '^func Fuzz' --include='*_test.go' pkg | sed -E 's|(.*)/[^/]*:func ([A-Za-z0-9_]*).*|./\1 \2|' | while read -r package target; do \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) $$package || exit 1; \
	done

clean: ## remove what was built and fetched
	rm -rf bin .cache
