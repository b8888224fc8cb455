# What a person types; everything is done by `python3 -m demo`, which needs nothing but Python >= 3.11.
PYTHON = $$(sh tools/find-python)

.PHONY: help setup demo demo-services demo-status demo-password demo-mail demo-down demo-clean test unit checks terraform integration e2e e2e-upgrade e2e-rotation molecule matrix docs

help:
	@echo "make demo           Redash on this machine: a local AWS, then site.yml, then manage.yml"
	@echo "make demo-down      stop the demo; what it holds is kept"
	@echo "make demo-clean     stop the demo and delete what it holds"
	@echo "make demo-services  only the local AWS, PostgreSQL and Redis"
	@echo "make demo-status    what of the demo is running"
	@echo "make demo-password  print the password of the demo's administrator"
	@echo "make demo-mail      a mail server that shows what the demo sends, until Ctrl-C"
	@echo
	@echo "make test           every check of the project; its parts:"
	@echo "  make unit         unit tests: seconds to a minute"
	@echo "  make checks       style, types, ansible-lint, ansible-test sanity, the built artefact"
	@echo "  make terraform    the Terraform module, with the real provider on an emulated AWS"
	@echo "  make integration  roles against real servers"
	@echo "  make e2e          the demo's whole road, and what people do on it; with the slow tests, which make test leaves out"
	@echo "make e2e-upgrade    upgrades, failures and kills in each step: an hour or more, not part of make test"
	@echo "make e2e-rotation   every rotation, killed and resumed, in both secret stores: long, not part of make test"
	@echo "make molecule       a molecule scenario for each role, on a running demo: about 10 minutes; those that need no demo are in make test, too"
	@echo "make matrix         unit tests, roles, playbooks and sanity on every ansible-core: half an hour for each of the five"
	@echo "make docs           the pages that are made from the code, and the site in build/docs/html"
	@echo "make setup          the virtual environment and the collections that the others need"

setup:
	@$(PYTHON) -m demo setup

demo:
	@$(PYTHON) -m demo up

demo-services:
	@$(PYTHON) -m demo services

demo-status:
	@$(PYTHON) -m demo status

demo-password:
	@$(PYTHON) -m demo password

demo-mail:
	@$(PYTHON) -m demo mail

demo-down:
	@$(PYTHON) -m demo down

demo-clean:
	@$(PYTHON) -m demo clean

# Coverage is of unit and integration together; pyproject.toml says how low it may sink. In two processes, the demo's
# tests in one of them and all others in the order of their folders: tests/conftest.py says what stays together.
test: setup
	@.venv/bin/python -m pytest --cov --numprocesses 2 --dist loadscope --no-loadscope-reorder

unit: setup
	@.venv/bin/python -m pytest --numprocesses auto tests/unit tests/fuzz

checks: setup
	@.venv/bin/python -m pytest tests/checks

terraform integration: setup
	@.venv/bin/python -m pytest tests/$@

# With the slow ones, which `make test` leaves out to end well inside an hour on two cores.
e2e: setup
	@.venv/bin/python -m pytest -m "slow or not slow" tests/e2e

e2e-upgrade: setup
	@.venv/bin/python -m pytest tests/e2e_upgrade

e2e-rotation: setup
	@.venv/bin/python -m pytest tests/e2e_rotation

molecule: demo
	@.venv/bin/python -m demo setup
	@.venv/bin/python tools/molecule.py

matrix: setup
	@.venv/bin/python tools/matrix.py

docs: setup
	@.venv/bin/python tools/variables_page.py
	@.venv/bin/python -m tests.terraform.test_docs
	@.venv/bin/python tools/ecosystem.py antsibull-changelog generate
	@.venv/bin/python tools/docs_site.py
