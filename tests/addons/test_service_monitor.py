# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""service_monitor, green and red: the operator, a Prometheus' rights, configuration and replicas, and who may not ask."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import options, registry, rights
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Run, Settings
from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.kinds import path_of
from ansible_collections.assay.clusters.plugins.module_utils.results.record import Record
from tests.addons.scraping import (
    CAUSE, CHECK, K8S, MONITORING, OPERATOR, PODS, SHORT, both_ready, green, of_witness, ours, pod, record_of, rolled)
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.rights import wait_until_allowed

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("monitoring")]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
NOTHING = "its configuration has nothing of it"


@pytest.fixture(autouse=True)
def witness(lab: Any) -> Iterator[None]:
    """A ServiceMonitor of somebody's beside ours, which nobody touches."""
    before = of_witness(lab)
    yield
    assert of_witness(lab) == before and ours(lab) == []


# ---- a healthy cluster ----------------------------------------------------------------------------------------------
def test_what_is_new_is_scraped_by_both_replicas_by_both_kinds(prove: Any) -> None:
    green(prove, monitors=["monitoring/k8s"])
    [record] = prove.result["records"]
    assert record["observed"]["replicas"] == {"monitoring/k8s": list(PODS)}
    assert record["observed"]["scraping"] == {kind: ["monitoring/k8s"] for kind in ("ServiceMonitor", "PodMonitor")}
    assert {m["name"] for m in record["measurements"]} == {"new target scraped by all after", "deleted target gone from all after"}


# ---- the operator ---------------------------------------------------------------------------------------------------
def test_an_operator_that_is_stopped(lab: Any, prove: Any) -> None:
    with lab.fault.scale("monitoring", "prometheus-operator", 0):
        record = record_of(prove, scrape_limit=20)
    assert_red(record, "ctrl.not-progressing", ["deployment/monitoring/prometheus-operator"], "confirmed", "0 of 0 replicas available",
               NOTHING)
    assert record.step == "a new target is scraped by each of them" and prove.result["leftovers"] == []
    green(prove)


@pytest.mark.gauntlet
def test_an_operator_that_is_told_to_look_elsewhere(lab: Any, prove: Any) -> None:
    [container] = lab.api(OPERATOR)["spec"]["template"]["spec"]["containers"]
    narrow = {**container, "args": [*container["args"], "--namespaces=monitoring,kube-system"]}
    with lab.fault.patch(OPERATOR, {"spec": {"template": {"spec": {"containers": [narrow]}}}}):
        rolled(lab)
        record = record_of(prove, scrape_limit=20)
    rolled(lab)
    assert_red(record, CAUSE, ["deployment/monitoring/prometheus-operator"], "confirmed", "--namespaces=monitoring,kube-system")
    green(prove)


# ---- a Prometheus ---------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_prometheus_without_a_right_to_the_namespace(lab: Any, prove: Any) -> None:
    path = f"{RBAC}/clusterroles/prometheus"
    rules = [r for r in lab.api(path)["rules"] if "endpoints" not in (r.get("resources") or ())]
    with lab.fault.patch(path, {"rules": rules}):
        record = record_of(prove, **SHORT)
    assert_red(record, "rbac.missing", ["serviceaccount/monitoring/prometheus"], "confirmed",
               "system:serviceaccount:monitoring:prometheus may not list endpoints in namespace assay-", "it finds no target")
    assert " auth can-i list pods -n assay-" in record.next_command
    green(prove)


@pytest.mark.gauntlet
def test_targets_that_a_scrape_class_leaves_out_are_not_sure(lab: Any, prove: Any) -> None:
    leave = {"action": "drop", "sourceLabels": ["__meta_kubernetes_namespace"], "regex": "assay-.*"}
    with lab.fault.patch(K8S, {"spec": {"scrapeClasses": [{"name": "usual", "default": True, "relabelings": [leave]}]}}):
        record = record_of(prove, **SHORT)
    assert_red(record, CAUSE, ["prometheus/monitoring/k8s"], "probable", "relabelings of its scrape class usual drop targets by "
               "__meta_kubernetes_namespace (assay-.*)", "it dropped all ")
    green(prove)


@pytest.mark.gauntlet
def test_a_configuration_that_is_refused(lab: Any, prove: Any) -> None:
    secret = {"metadata": {"name": "additional"}, "stringData": {"more.yaml": "- job_name: more\n  no_such_field: 1\n"}}
    with lab.fault.extra(f"{MONITORING}/secrets", secret), \
            lab.fault.patch(K8S, {"spec": {"additionalScrapeConfigs": {"name": "additional", "key": "more.yaml"}}}):
        record = record_of(prove, **SHORT)
    assert_red(record, CAUSE, [f"pod/monitoring/{p}" for p in PODS], "confirmed", "it refused its configuration when it last read it")
    assert record.next_command.endswith("-n monitoring logs prometheus-k8s-0 -c prometheus --tail=50")
    green(prove)


# ---- one replica of two ---------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_one_replica_that_does_not_run(lab: Any, prove: Any) -> None:
    image = "quay.io/prometheus/prometheus:no-such-tag"
    try:
        with lab.fault.patch(K8S, {"spec": {"image": image}}):
            wait_for("a replica that waits", lambda: "ImagePull" in str(pod(lab, PODS[1]).get("status")), 120)
            record = record_of(prove)
    finally:
        path = "/apis/apps/v1/namespaces/monitoring/statefulsets/prometheus-k8s"
        wait_for("the former image", lambda: image not in str(lab.api(path)["spec"]), 60)
        # A rollout waits for the one that never gets ready.
        lab.api(f"{MONITORING}/pods/{PODS[1]}", "DELETE")
        wait_for("both replicas", lambda: image not in str(pod(lab, PODS[1])) and both_ready(lab), 150)
    assert_red(record, "image.not-found", [f"image/{image}"], "confirmed", image)
    assert record.step == "every replica of it runs" and PODS[0] not in record.message
    green(prove)


@contextmanager
def _frozen(lab: Any, name: str, program: str) -> Iterator[None]:
    """A program of a pod stands still."""
    uid = pod(lab, name)["metadata"]["uid"].replace("-", "")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            group = (folder / "cgroup").read_text().replace("-", "").replace("_", "")
            if words[0].decode().endswith(f"/{program}") and uid in group:
                found.append(int(folder.name))
        except (OSError, UnicodeDecodeError):
            continue
    assert len(found) == 1, f"{program} of {name}: {found}"
    os.kill(found[0], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(found[0], signal.SIGCONT)


@pytest.mark.gauntlet
def test_one_replica_whose_reloader_stands_still(lab: Any, prove: Any) -> None:
    with _frozen(lab, PODS[1], "prometheus-config-reloader"):
        record = record_of(prove, **SHORT)
    assert_red(record, CAUSE, [f"pod/monitoring/{PODS[1]}"], "probable", NOTHING, f"({PODS[0]}): scraped")
    assert "config-reloader" in record.next_command
    green(prove)


# ---- who may not ask ------------------------------------------------------------------------------------------------
USER, PROOFS = "assay-guest", "assay-proofs"


@contextmanager
def _guest(lab: Any, kinds: set[str], optional: tuple[str, ...]) -> Iterator[Any]:
    """run() as somebody who has these kinds of the generated roles: the record."""
    check = registry.load()[CHECK]
    subjects = [{"kind": "User", "name": USER, "apiGroup": "rbac.authorization.k8s.io"}]
    made = [m for m in rights.roles([check], "assay-guest", "namespace", PROOFS, optional) if m["kind"] in {"Namespace", *kinds}]
    somebody = {"kubeconfig": str(lab.kubeconfig), "impersonate_user": USER, "impersonate_groups": ["system:authenticated"]}
    with ExitStack() as stack:
        for one in (*made, *rights.bindings(made, subjects)):
            path = path_of(one["apiVersion"], one["kind"], one["metadata"].get("namespace", ""))
            stack.enter_context(lab.fault.extra(path, one))
        wait_until_allowed(lambda path, body: lab.api(path, "POST", body), USER, "create", "pods", PROOFS)

        def run() -> Record:
            settings = Settings(lab.name, Connection.resolve(somebody, {}), [check], {CHECK: options.resolve(check, {}, {})},
                                terms=Terms(namespace=PROOFS), journal_dir=Path(stack.enter_context(TemporaryDirectory())))
            result = Run(settings).go()
            assert result["leftovers"] == []
            return Record.from_dict(result["records"][0])

        yield run


@pytest.mark.gauntlet
def test_who_may_not_ask_by_the_api_server_asks_from_a_probe(lab: Any) -> None:
    with _guest(lab, {"Role", "ClusterRole"}, ("reads",)) as run:
        record = run()
    assert record.verdict in ("passed", "warned"), record.message
    assert {m["name"] for m in record.measurements} >= {"new target scraped by all after"}


@pytest.mark.gauntlet
@pytest.mark.parametrize(("kinds", "words"), [
    ({"Role", "ClusterRole"}, "allow get on pods/proxy or create on pods/portforward in its namespace, or leave it out with "
                              "observability_check_prometheuses"),
    ({"Role"}, 'cannot list resource "prometheuses"')])
def test_who_may_not_ask_at_all_is_told_the_right(lab: Any, kinds: set[str], words: str) -> None:
    with _guest(lab, kinds, ()) as run:
        record = run()
    assert (record.verdict, record.measurements) == ("inconclusive", []) and words in record.message
    assert record.cause.startswith("harness.")


# ---- ends -----------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_nothing_is_left_of_a_run_that_was_killed(lab: Any, prove: Any) -> None:
    """As soon as there is a monitor of either kind; the next run finishes it."""
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))({CHECK!r})")
    run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        wait_for("monitors of ours", lambda: len(ours(lab)) == 2, 120, 0.1)
    finally:
        run.kill()
        run.wait()
    assert ours(lab), "what a killed run leaves, for the next"
    green(prove)
    wait_for("the journals' end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 120)
    assert ours(lab) == [] and not [n for n in lab.api("/api/v1/namespaces")["items"] if n["metadata"]["name"].startswith("assay-")]
