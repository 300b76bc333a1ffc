# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bad input: one clear sentence that names the option, a failed host, and nothing created."""
from __future__ import annotations

import json
import re
from typing import Any

import pytest


def _assert_says(done: Any, sentence: str) -> None:
    assert done.returncode != 0
    text = " ".join((done.stdout + done.stderr).split())
    assert sentence in text
    assert "Traceback" not in text


WRONG = {
    "file": ({"cluster_kubeconfig": "/no/such/kubeconfig"}, "/no/such/kubeconfig"),
    "content": ({"cluster_kubeconfig": "{ this is: [not yaml"}, "kubeconfig"),
    "context": ({"cluster_kubeconfig": "KUBECONFIG", "cluster_context": "no-such-context"}, "no-such-context"),
    "option": ({"cluster_kubeconfig": "KUBECONFIG", "dns_check_querys": 3},
               "dns_check_querys: no check has this option; did you mean dns_check_"),
    "type": ({"cluster_kubeconfig": "KUBECONFIG", "nodes_check_expected": "three"},
             "nodes_check_expected: must be a whole number, not 'three'"),
    "range": ({"cluster_kubeconfig": "KUBECONFIG", "nodes_check_expected": -1}, "nodes_check_expected: must be at least"),
    "nothing": ({}, "host nothing has no cluster address: set cluster_kubeconfig"),
}


def test_wrong_variables_are_told_of_each_host_and_nothing_is_made(playbook: Any, kubeconfig: Any) -> None:
    """As in a user's inventory: several hosts, each wrong in its own way."""
    book = playbook(**{host: {k: (str(kubeconfig) if v == "KUBECONFIG" else v) for k, v in given.items()}
                       for host, (given, _sentence) in WRONG.items()})
    for name in ("K8S_AUTH_KUBECONFIG", "K8S_AUTH_CONTEXT", "K8S_AUTH_HOST"):
        book.env.pop(name, None)
    done = book.run()
    said = {host: " ".join(text.split()) for host, text in
            re.findall(r"fatal: \[(\w+)\]: FAILED! => (.*?)(?=\n(?:fatal|TASK|PLAY|\[ERROR\])|\Z)", done.stdout, re.DOTALL)}
    assert {host: sentence in said.get(host, "") for host, (_given, sentence) in WRONG.items()} == dict.fromkeys(WRONG, True)
    _assert_says(done, "host nothing has no cluster address")
    assert not list((book.folder / "state").rglob("*.jsonl"))


@pytest.mark.parametrize(("extra", "sentence"), [
    ({"validate_checks": ["pod_netwrk"]}, "checks: there is no check 'pod_netwrk'; did you mean pod_network?"),
    ({"validate_domains": ["storrage"]}, "domains: there is no domain 'storrage'; did you mean storage?"),
    ({"validate_limit": -5}, "limit"),
    ({"validate_metrics_file": "no-such-folder/assay.prom"}, "validate_metrics_file: there is no folder"),
    ({"validate_images": {"agnhorst": "x"}}, "images: there is no image 'agnhorst'; did you mean agnhost?"),
])
def test_wrong_choices(playbook: Any, extra: dict[str, Any], sentence: str) -> None:
    _assert_says(playbook().run("-e", json.dumps(extra)), sentence)


def test_unwritable_results_folder(playbook: Any) -> None:
    book = playbook()
    blocked = book.folder / "a-file"
    blocked.write_text("")
    done = book.run("-e", f"validate_results_dir={blocked}/results")
    _assert_says(done, str(blocked))
    assert not list((book.folder / "state").rglob("*.jsonl"))


def test_empty_inventory(playbook: Any) -> None:
    book = playbook()
    book.inventory.write_text('{"all": {"hosts": {}}}')
    done = book.run()
    assert done.returncode != 0
    assert "inventory" in " ".join((done.stdout + done.stderr).split())


def test_a_user_without_rights_is_told_the_verb_and_the_resource(playbook: Any, kubeconfig: Any) -> None:
    done = playbook(c={"cluster_kubeconfig": str(kubeconfig), "cluster_impersonate_user": "nobody-in-particular"}).run(
        "-e", '{"validate_checks": ["nodes"]}')
    assert done.returncode != 0
    text = " ".join(done.stdout.split())
    assert "harness.forbidden" in text and "list nodes" in text
    assert "Traceback" not in text


def test_one_bad_host_does_not_stop_the_others(playbook: Any, kubeconfig: Any) -> None:
    book = playbook(good={"cluster_kubeconfig": str(kubeconfig)}, bad={"cluster_kubeconfig": "/no/such/file"})
    done = book.run("-e", '{"validate_checks": ["nodes"]}')
    assert done.returncode != 0
    assert [(r["cluster"], r["check"]) for r in book.records()] == [("good", "nodes")]
    assert "bad" in done.stdout and "no result" in done.stdout
