.DEFAULT_GOAL := help
.PHONY: help setup clients frameworks demo up check test bench bench-peers lock docs

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: ## .venv with Clary and its tools, as locked
	@scripts/setup

clients: setup ## the environments of the unmodified clients that the tests run
	@scripts/clients

demo: setup ## train, deploy and ask a model with the SageMaker SDK, on this machine
	@scripts/clients sdk2
	@.venv/bin/python examples/demo.py .venv-sdk2/bin/python

up: setup ## start Clary
	@.venv/bin/clary up

check: setup ## format, lint, types, layers, documents
	@scripts/check

frameworks: setup ## the framework environments that the tests need (clary frameworks builds others when they are needed)
	@.venv/bin/clary frameworks install scikit-learn-1.2 pytorch-2.13 tensorflow-2.21

test: check clients frameworks ## the checks, then all tests
	@.venv/bin/python -m pytest -n 2 --dist worksteal

bench: bench-peers ## the measurements of docs/performance.md
	@scripts/bench

bench-peers: setup ## the environments of the programs that the benchmarks compare with
	@scripts/bench-peers

lock: setup ## lock the dependencies anew (scripts/lock --upgrade takes newer versions)
	@scripts/lock

docs: setup ## write the generated documents anew
	@.venv/bin/python scripts/write_docs.py
