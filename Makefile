# Weir's commands. `make` alone lists them. A fresh machine needs Go and make;
# targets that need more install it themselves.
GO      ?= go
BIN     := bin/weir
VERSION ?= 0.1.0

.DEFAULT_GOAL := help
.PHONY: help build demo test unit invariants wasm lint clients soak bench clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build bin/weir
	$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/weir

demo: build ## watch views follow a stream of flights (Ctrl-C ends it)
	$(BIN) demo

test: lint unit invariants wasm clients ## every test of the project

unit: build
	$(GO) test -timeout 15m ./...

invariants: # the packages with assertions and shared memory, once more with both on
	$(GO) test -timeout 10m -tags invariants -race -short ./mem ./arrange ./push ./shard ./wlog/...

wasm: # the pull runner builds for a browser
	GOOS=js GOARCH=wasm $(GO) build -o /dev/null ./pull

lint: ## gofmt, go vet, staticcheck, floors, docs of exported names
	@test -z "$$(gofmt -l .)" || { echo "gofmt wants to change:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test ./internal/lint

clients: build ## the stock clients: mariadb, go-sql-driver, node's mysql2
	./internal/clients/run.sh

soak: ## long randomized runs: laws, crashes, fuzzing; WEIR_SOAK is how many seconds a law takes
	WEIR_SOAK=600 $(GO) test -timeout 60m -count=1 ./wlog/... ./arrange ./push ./shard ./engine ./sqltest/...

bench: build ## the figures of docs/benchmarks.md
	$(BIN) bench all

clean: ## remove what was built
	rm -rf bin .cache
