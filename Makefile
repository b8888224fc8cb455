# What a person types; everything is done by `python3 -m demo`, which needs nothing but Python >= 3.11.
PYTHON = $$(sh tools/find-python)

.PHONY: help setup demo demo-services demo-status demo-password demo-mail demo-down demo-clean test unit lint checks terraform integration e2e test-long test-slow e2e-upgrade e2e-rotation fuzz mutation molecule matrix bare coverage docs release-facts

# What is longer than `make test`; .github/workflows/nightly.yml runs each as a job.
LONG = test-slow e2e-upgrade e2e-rotation fuzz mutation molecule matrix bare

# `make TARGET MEASURE=NAME` notes in build/coverage/NAME which code the tests ran; `make coverage` combines these files.
ifdef MEASURE
export COVERAGE_FILE = $(CURDIR)/build/coverage/$(MEASURE)
MEASURED = --cov --cov-report= --cov-fail-under=0
endif

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
	@echo "  make unit         unit tests, on all cores"
	@echo "  make lint         ruff, mypy, yamllint, ansible-lint, as pre-commit runs them: half a minute"
	@echo "  make checks       style, types, ansible-lint, ansible-test sanity, the built artefact"
	@echo "  make terraform    the Terraform module, with the real provider on an emulated AWS"
	@echo "  make integration  roles against real servers"
	@echo "  make e2e          the demo's whole road, and what people do on it; with the slow tests, which make test leaves out"
	@echo
	@echo "make test-long      everything that is longer than make test: many hours; nightly in CI; its parts:"
	@echo "  make test-slow    the tests that are marked slow"
	@echo "  make e2e-upgrade  every upgrade hop, failures, and kills in each step: an hour or more"
	@echo "  make e2e-rotation every rotation, killed and resumed, in both secret stores: an hour or more"
	@echo "  make fuzz         100 000 random inputs of the loaders, 2000 of each property; about 10 minutes; make unit tries 150 and 50"
	@echo "  make mutation     small faults in plugins/module_utils/core and one_off: does a test fail for each? FILES=core/stopped.py tries one"
	@echo "  make molecule     a molecule scenario for each role, on a running demo: about 10 minutes"
	@echo "  make matrix       unit tests, roles, playbooks and sanity on every ansible-core: half an hour for each of the five;"
	@echo "                    CORE=2.18 tries one of them"
	@echo "  make bare         make demo in bare roots of Debian 12 and 13 and Ubuntu 24.04: about 10 minutes each; needs root"
	@echo "make coverage       one report of what runs with MEASURE=NAME (make e2e-upgrade MEASURE=upgrade) have covered"
	@echo
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

# Coverage is of unit and integration together; pyproject.toml says how low it may sink. In four processes: the tests of each
# of the two demos, which wait as much as they work, and beside them all others. tests/conftest.py says what stays together.
test: setup
	@.venv/bin/python -m pytest --cov --numprocesses 4 --dist loadscope --no-loadscope-reorder $(MEASURED)

unit: setup
	@.venv/bin/python -m pytest --numprocesses auto tests/unit tests/fuzz

# Without setup, which asks pip: .venv has to be there.
lint:
	@.venv/bin/python tools/lint.py

checks: setup
	@.venv/bin/python -m pytest tests/checks

terraform integration: setup
	@.venv/bin/python -m pytest tests/$@

# With the slow ones, which `make test` leaves out to end well inside an hour on two cores.
e2e: setup
	@.venv/bin/python -m pytest -m "slow or not slow" tests/e2e tests/e2e_core

# One after the other; what fails does not keep the others from running.
test-long:
	@$(MAKE) --no-print-directory --keep-going $(LONG)

test-slow: setup
	@.venv/bin/python -m pytest -m slow $(MEASURED)

e2e-upgrade: setup
	@.venv/bin/python -m pytest $(MEASURED) tests/e2e_upgrade

e2e-rotation: setup
	@.venv/bin/python -m pytest $(MEASURED) tests/e2e_rotation

fuzz: setup
	@HYPOTHESIS_PROFILE=long REDASH_FUZZ_EXAMPLES=$${REDASH_FUZZ_EXAMPLES:-25000} .venv/bin/python -m pytest -m hypothesis $(MEASURED) tests/fuzz tests/unit

mutation: setup
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --requirement requirements-mutation.txt
	@.venv/bin/python -m tests.mutation.run $(FILES)

molecule: demo
	@.venv/bin/python -m demo setup
	@.venv/bin/python tools/molecule.py

matrix: setup
	@.venv/bin/python tools/matrix.py $(if $(CORE),--core $(CORE))

# Only root makes and enters a root file system. -rs: what could not be tried is named.
bare: setup
	@$$(test "$$(id -u)" = 0 || echo sudo --preserve-env) .venv/bin/python -m pytest -rs tests/bare

coverage: setup
	@mkdir -p build/coverage-report
	@.venv/bin/python -m coverage combine --keep --data-file=build/coverage-report/data build/coverage/*
	@.venv/bin/python -m coverage html --data-file=build/coverage-report/data --directory=build/coverage-report/html --fail-under=0
	@.venv/bin/python -m coverage report --data-file=build/coverage-report/data

# A release's row for core/release.py: make release-facts VERSION=26.9.0 [IMAGE=...] [SOURCE=a checkout of Redash]
release-facts: setup
	@.venv/bin/python tools/release_facts.py '$(VERSION)' $(if $(IMAGE),--image '$(IMAGE)') $(if $(SOURCE),--source '$(SOURCE)')

docs: setup
	@.venv/bin/python tools/variables_page.py
	@.venv/bin/python -m tests.terraform.test_docs
	@.venv/bin/python tools/ecosystem.py antsibull-changelog generate
	@.venv/bin/python tools/docs_site.py
