# Every target is one script; the logic lives there.
.DEFAULT_GOAL := help
.PHONY: help up down status logs test check fault generate bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## install what is missing, build, start everything (BARE=1: without the sandbox)
	@scripts/up.sh

down: ## stop what make up started; data stays
	@scripts/down.sh

status: ## what runs, and where
	@scripts/status.sh

logs: ## follow all logs (Ctrl-C ends it)
	@scripts/logs.sh

test: ## every test: Rust, web, browser, official SDKs, a real LiveKit
	@scripts/test.sh

check: ## formatting, lints, generated files, dependencies, AsyncAPI
	@scripts/check.sh

fault: ## kill servers at random under load (KILLS=400 for more)
	@scripts/fault.sh

generate: ## write the generated files anew (schemas, AsyncAPI, OpenAPI, types)
	@scripts/generate.sh

bench: ## measure, and write docs/benchmarks.md (ARGS=… is passed on)
	@scripts/bench.sh $(ARGS)
