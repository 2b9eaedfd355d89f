# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target does its own set-up in .venv: no sudo, no manual step.
#   make test PYTHON=python3.13          another interpreter (it decides the newest ansible-core that fits)
#   make units CORE=2.16 PYTHON=python3.10    another ansible-core as well
PYTHON ?= python3
CORE ?=

export PYTHON CORE

TARGETS := quickstart sandbox test lint sanity units pytest integration format generate changelog bench chaos docs build importer clean

.PHONY: help $(TARGETS)

help:
	@echo 'make quickstart    see the collection at work, offline: a dataset becomes a model'
	@echo 'make sandbox       start the offline providers and print what to export'
	@echo 'make test          lint + sanity + units + integration, with one line of counts at the end'
	@echo 'make lint          ruff, mypy, yamllint, ansible-lint, antsibull-docs, antsibull-changelog, reuse, messages, generated files'
	@echo 'make sanity        ansible-test sanity'
	@echo 'make units         ansible-test units'
	@echo 'make pytest        plain pytest, without ansible-test: a file in seconds; ARGS="tests/unit/chaos -x"'
	@echo 'make integration   ansible-test integration, against the sandbox'
	@echo 'make format        format the Python files, and fix what ruff can fix'
	@echo 'make generate      write what follows from another place: choices in the documentation, the role, groups, tables'
	@echo 'make changelog     write CHANGELOG.md anew from changelogs/fragments'
	@echo 'make bench         the benchmarks in tests/bench'
	@echo 'make chaos         tasks whose hosts, networks, clocks and processes misbehave; ARGS="--trials 1000 --seed 1"'
	@echo 'make docs          the documentation as HTML, in build/docs'
	@echo 'make build         the artifact for Ansible Galaxy, in build'
	@echo 'make importer      build, and check the artifact as Ansible Galaxy does'
	@echo 'make clean         remove .venv and build'
	@echo
	@echo 'PYTHON=python3.13 chooses the interpreter (python3 if left out), CORE=2.16 the ansible-core.'
	@echo 'ARGS="..." is passed on to ansible-test, pytest, ansible-playbook, the sandbox and the bench.'

$(TARGETS):
	@sh tests/tools/run.sh $@
