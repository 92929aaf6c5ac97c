# The lab's commands. Everything happens in .venv; PYTHON is what makes it: 3.11, 3.12 or 3.13.
PYTHON ?= python3
PROFILE ?= quick
FAULTS ?= 10000
SOAK_S ?= 7200
VENV := .venv/bin
# Jupyter asks whoever is root, as in a container, to say so.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
READY := .venv/.ready
# Tests start a thousand Python processes: each finds what the first one compiled.
export PYTHONDONTWRITEBYTECODE :=
# What starts servers meets a busy machine: a test that fails has two more tries, and the summary names it.
AGAIN := --reruns 2 --reruns-delay 3
# It asks the internet for news, before the class's eyes.
NEWS := @jupyterlab/apputils-extension:announcements

.PHONY: lab demo test test-fast lint notebooks lessons solutions site teach peers benchmark soak clean

lab: $(READY)  ## compare the three transports: PROFILE=quick, standard or full; after Ctrl-C, ARGS=--resume goes on
	@$(VENV)/python -m loadtests --profile $(PROFILE) $(ARGS)

demo: $(READY)  ## show the three transports live in a browser; ARGS="--open", "--guests", "--host 0.0.0.0" for a class
	@$(VENV)/python -m loadtests demo $(ARGS)

# First what only computes, then what starts servers and mostly waits, then what others on the machine would disturb.
test: test-fast  ## run the tests, in about eight minutes on two cores; THOROUGH=1 for every combination
	$(VENV)/python -m pytest $(AGAIN) --numprocesses $(if $(CI),5,6) --dist worksteal -m "starts and not alone"
	$(VENV)/python -m pytest $(AGAIN) -m alone tests/loadtests

lint: $(READY)
	$(VENV)/ruff check .
	$(VENV)/mypy

test-fast: lint  ## lint, types, and the tests that only compute: about 90 seconds
	$(VENV)/python -m pytest --numprocesses auto --dist worksteal -m "not starts and not alone"

notebooks: $(READY)  ## open JupyterLab on the first lesson, in an edition for a class: no outputs below a prediction
	@cd notebooks && ../$(VENV)/python -m lessons class
	PYTHONPATH=$(CURDIR)/notebooks $(VENV)/jupyter lab $(AS_ROOT) --ServerApp.root_dir=. \
	    --LabApp.default_url=/lab/tree/notebooks/class/01_three_ways_to_push.ipynb

teach: site  ## open what a lecturer reads first, in a browser
	@$(VENV)/python -m webbrowser -t "file://$(CURDIR)/notebooks/site/teaching.html"

lessons: $(READY)  ## make the notebooks anew from notebooks/source, run from first cell to last; ARGS="02" for one
	@cd notebooks && ../$(VENV)/python -m lessons notebooks $(ARGS)

solutions: $(READY)  ## the lessons with their exercises solved, in notebooks/solutions
	@cd notebooks && ../$(VENV)/python -m lessons solutions $(ARGS)

site: $(READY)  ## all lessons as one site that needs no network, in notebooks/site
	@cd notebooks && ../$(VENV)/python -m lessons site

peers: $(READY)  ## what the other servers of the benchmark are made of
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check -r loadtests/benchmark/peers/requirements.txt

benchmark: peers  ## what a delivery costs the server, beside other servers of the same feed; ARGS="--into FOLDER" keeps it
	@$(VENV)/python -m loadtests.benchmark $(ARGS)

soak: $(READY)  ## attack, break connections 10,000 times, watch two hours for leaks; FAULTS=300 SOAK_S=60 for less
	@$(VENV)/python -m loadtests.soak --faults $(FAULTS) --seconds $(SOAK_S) $(ARGS)

clean:  ## remove the environment; results stay
	rm -rf .venv

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) \
	    and 'the lab needs Python 3.11 to 3.13, and $(PYTHON) is ' + sys.version.split()[0] \
	    + ': call make with PYTHON=python3.12, for instance')"
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(VENV)/jupyter labextension disable --level=sys_prefix $(NEWS) >/dev/null 2>&1
	@touch $@
