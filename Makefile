# Everything runs in an environment that `tests/setup/with` makes on first use; nothing is installed by hand.
# With KUBECONFIG set, demo, validate and the integration tests use that cluster instead of the lab.
# That they may write to it, ASSAY_TEST_CLUSTER=yes says.
# PYTHON=/path/to/python3 names the Python to use, ASSAY_CACHE=/folder another place for what is made once.

PYTHON ?=
export PYTHON
WITH := tests/setup/with
STAGES ?=
ARGS ?=
TEST := tests.runner

.DEFAULT_GOAL := help
.PHONY: help demo setup lab-build lab-up down status validate preflight test keep unit lint changelog sanity integration platforms \
        faults addons molecule gauntlet soak strangers versions kubernetes mutate bench conformance-lab generate docs build constraints clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "  make %-32s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## from nothing to a validated cluster: lab up, every check, the report
	@$(WITH) --lab python tests/setup/demo.py $(ARGS)

validate: ## every check once more on the lab (or on KUBECONFIG)
	@$(WITH) python tests/setup/demo.py --validate-only $(ARGS)

down: ## take the lab down, all clusters
	@$(WITH) python -m tests.lab down --all

setup: ## only the environment: Python packages in the cache folder
	@$(WITH) true

preflight: ## whether this machine can run the lab; changes nothing
	@$(WITH) --preflight

lab-build: ## the lab's programs: Debian packages, Go, builds
	@KUBECONFIG= $(WITH) --lab true

lab-up: ## one cluster of the lab
	@KUBECONFIG= $(WITH) --lab python -m tests.lab up $(ARGS)

status: ## what of the lab is running
	@$(WITH) python -m tests.lab status

test: ## all tests; STAGES="unit lint" runs some, ASSAY_CLUSTERS=2 on so many clusters
	@$(WITH) python -m $(TEST) $(STAGES)

keep: ## after a full `make test` or `make gauntlet`: keep how many tests there are, which take long, and what it ran on
	@$(WITH) python -m tests.runner.keep
	@$(WITH) python -m tests.setup.generate

unit lint changelog sanity: ## one stage of the tests, without the lab
	@$(WITH) python -m $(TEST) $@

integration platforms molecule faults addons: ## one stage of the tests, with the lab
	@$(WITH) python -m $(TEST) $@

gauntlet: ## every fault there is, not only one or two for each check, and what was claimed of each as a table
	@$(WITH) python -m $(TEST) gauntlet

soak: ## the long tests: again and again, kills at random moments (SOAK_ROUNDS=20), machines in foul weather (ASSAY_WEATHER=1)
	@$(WITH) python -m $(TEST) soak

strangers: ## every check on clusters that look like OpenShift, EKS, Rancher, a tenant's and others (docs/strangers.md)
	@$(WITH) python -m $(TEST) strangers

kubernetes: ## checks and their faults on a cluster of an older Kubernetes
	@$(WITH) python -m $(TEST) kubernetes; status=$$?; $(WITH) python -m tests.setup.generate && exit $$status

versions: ## plugins and playbooks under older ansible-core, each in an environment of its own
	@$(WITH) python -m $(TEST) versions; status=$$?; $(WITH) python -m tests.setup.generate && exit $$status

mutate: ## small faults put into the product on purpose: do the nearest tests notice? ARGS="diagnosis" tries one room
	@$(WITH) python -m tests.mutate $(ARGS)

bench: ## time, CPU, memory and requests against the same work as kubernetes.core tasks
	@$(WITH) --lab python -m tests.bench $(ARGS)

conformance-lab: ## the upstream conformance tests against the lab
	@KUBECONFIG= $(WITH) --lab python -m tests.lab conformance $(ARGS)

generate: ## modules, roles, pages and lists of checks, from each class and the text beside it
	@$(WITH) python -m tests.setup.generate

docs: ## the reference of modules and roles, from their own documentation
	@$(WITH) tests/setup/docs

build: ## the collection as a tarball in build/
	@$(WITH) ansible-galaxy collection build --force --output-path build .

constraints: ## new exact versions for tests/constraints.txt
	@$(WITH) tests/setup/constraints

clean: ## what the targets left in this checkout; the cache folder stays
	@rm -rf build .ansible .pytest_cache .ruff_cache assay-results tests/output
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
