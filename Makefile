# What a person types; everything is done by `python3 -m demo`, which needs nothing but Python >= 3.11.
PYTHON = $$(sh tools/find-python)

.PHONY: help setup demo demo-services demo-status demo-down demo-clean test

help:
	@echo "make demo           Redash on this machine: a local AWS, then site.yml, then manage.yml"
	@echo "make demo-down      stop the demo; what it holds is kept"
	@echo "make demo-clean     stop the demo and delete what it holds"
	@echo "make demo-services  only the local AWS, PostgreSQL and Redis"
	@echo "make demo-status    what of the demo is running"
	@echo "make test           every check of the project"
	@echo "make setup          the virtual environment and the collections that the others need"

setup:
	@$(PYTHON) -m demo setup

demo:
	@$(PYTHON) -m demo up

demo-services:
	@$(PYTHON) -m demo services

demo-status:
	@$(PYTHON) -m demo status

demo-down:
	@$(PYTHON) -m demo down

demo-clean:
	@$(PYTHON) -m demo clean

test: setup
	@.venv/bin/python -m pytest
