.DEFAULT_GOAL := help
.PHONY: help run setup upgrade test test-deep bench lint type lock sbom assets clean

help: ## this list
	@grep -E '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([^:]+):.*## (.*)/\1\t\2/' | awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

run: ## start everything: servers, web, worker and relay; Ctrl-C stops it
	@python3 -m portal run

setup: ## make .venv and fetch the browser files
	@python3 -m portal setup

upgrade: ## bring the database to this version
	@python3 -m portal upgrade

test: ## run every test that this machine can
	@python3 -m portal test

test-deep: ## run the long tests
	@python3 -m portal test-deep

bench: ## run every benchmark
	@python3 -m portal bench

bench-%: ## run one benchmark: load, sync, pages, runs, doors, log or follow
	@python3 -m portal bench $*

lint: ## check style, imports between rooms, templates and known dangers
	@python3 -m portal lint

type: ## check the types
	@python3 -m portal type

lock: ## write the requirements with their hashes anew
	@python3 -m portal lock

sbom: ## list what the portal is made of, as CycloneDX JSON
	@python3 -m portal sbom

assets: ## fetch and compress the browser files
	@python3 -m portal assets

clean: ## remove .venv and everything that can be made again, but no data
	@python3 -m portal clean
