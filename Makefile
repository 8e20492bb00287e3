# Every target sets itself up: Python 3.11 or newer and make are all that must be there.
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Many containers set it. A test starts hundreds of programs, and each of them would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo wheel compiled compiled-test site test check release-check mutants moods repeats bench lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: $(READY) ## a fake Daraja, a sample shop, real payments, a short load, and the readiness report
	@$(BIN)/tayari demo

# A wheel needs the build tool alone: without .venv, who only installs Tayari does not wait for all that it is tested with.
wheel: ## dist/tayari-VERSION-py3-none-any.whl, to be installed anywhere
	@rm -rf dist; \
	if [ -e $(READY) ]; then $(BIN)/python -m hatchling build -t wheel -d dist; \
	else \
	  python="$$(sh .ci/find-python)" && "$$python" -m venv build/wheel && \
	  build/wheel/bin/python -m pip wheel -q --disable-pip-version-check --no-deps -w dist . && ls dist/*.whl; \
	fi

site: $(READY) ## the documents as a site, in site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

compiled: $(READY) ## a wheel for this platform with the simulator compiled: dist/compiled, unpacked in build/compiled
	@rm -rf dist/compiled build/compiled && \
	TAYARI_COMPILED=1 $(BIN)/python -m hatchling build -t wheel -d dist/compiled && \
	$(BIN)/python -m zipfile -e dist/compiled/*.whl build/compiled

compiled-test: $(READY) ## the simulator's tests on what `make compiled` made
	@PYTHONPATH="$(CURDIR)/build/compiled" $(BIN)/python -m pytest -n 2 --dist loadfile -m "not long and not registry" \
	  tests/simulator tests/house/test_compiled.py

test: check ## everything that must hold before a merge
	@$(BIN)/python -m pytest -n 6 --dist loadfile --no-loadscope-reorder

check: $(READY) ## style, types and the direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

release-check: $(READY) ## build the archives, check their metadata, install them in empty environments, run the demo
	@.ci/release-check

mutants: $(READY) ## the table of rules and the defects that each of them catches
	@$(BIN)/python tests/contracts/mutants.py --write docs/mutants.md

.PHONY: mutation
mutation: $(READY) ## mutants of the good merchants, judged by the release suite (hours; goes on where it stopped)
	@$(BIN)/python tests/contracts/mutation.py --judge 1000 --write

moods: $(READY) ## the table of the good shop's moods, and what each rule says about them
	@$(BIN)/python tests/contracts/mood_table.py --write docs/mutants.md

repeats: $(READY) ## the good merchants judged twenty times each: twenty equal verdicts (an hour and a half)
	@$(BIN)/python tests/contracts/repeats.py --times 20

bench: $(READY) ## whole payments per core, as a ratio to a floor measured in the same run
	@$(BIN)/python benchmarks/bench.py --write && $(BIN)/python benchmarks/peers.py --write

lock: $(READY) ## renew the exact versions
	@lock="uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q --extra load"; \
	$$lock --group dev -o constraints.txt && $$lock -c constraints.txt -o deploy/requirements.txt

clean: ## forget the environment and what was built
	rm -rf $(VENV) dist build site

# uv where it is present, else venv and pip.
$(READY): pyproject.toml constraints.txt
	@python="$$(sh .ci/find-python)" || exit 1; \
	echo "Setting up $(VENV) (once) ..."; \
	if command -v uv >/dev/null 2>&1; then \
	  uv venv -q --allow-existing --python "$$python" $(VENV) && \
	  uv pip install -q --python $(BIN)/python --require-hashes -r constraints.txt && \
	  uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
	  "$$python" -m venv $(VENV) && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --upgrade 'pip>=25.1' && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r constraints.txt && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi || { echo "The set-up failed; the lines above say why. Fix that, and run make again." >&2; exit 1; }
	@touch $@
