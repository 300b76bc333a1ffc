# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Another version of Kubernetes for the lab, by what that version says that it builds with."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import versions
from tests.lab.base import HERE, LabError

GO_MOD = """module k8s.io/kubernetes

require (
\tgo.etcd.io/etcd/api/v3 v3.6.4
\tgo.etcd.io/etcd/client/v3 v3.6.5
\tk8s.io/api v0.0.0
\tk8s.io/component-base v0.0.0
\tk8s.io/klog/v2 v2.130.1
)
"""


@pytest.fixture(name="cached")
def _cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    monkeypatch.setattr(versions, "KUBERNETES", "v1.35.4")
    versions.sources.cache_clear()
    yield tmp_path
    versions.sources.cache_clear()


def test_its_parts_have_its_number_and_etcd_is_the_one_that_it_is_built_with() -> None:
    assert versions._wanted(GO_MOD, "v1.35.4") == [
        "-require=k8s.io/kubernetes@v1.35.4", "-require=k8s.io/api@v0.35.4", "-require=k8s.io/component-base@v0.35.4",
        "-require=go.etcd.io/etcd/server/v3@v3.6.5", "-require=go.etcd.io/etcd/etcdctl/v3@v3.6.5"]


def test_the_own_version_is_built_from_the_checkout() -> None:
    assert versions.sources("kube") == HERE / "go/kube"


def test_another_one_is_built_from_a_copy_and_the_checkout_stays(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (HERE / "go/kube/go.mod").read_bytes()
    monkeypatch.setattr(versions, "_afresh", lambda folder, version: (folder / "go.mod").write_text(version))
    copy = versions.sources("kube")
    assert copy.is_relative_to(cached) and (copy / "go.mod").read_text() == "v1.35.4" and (copy / "main.go").is_file()
    assert (HERE / "go/kube/go.mod").read_bytes() == before and versions.sources("addons") == HERE / "go/addons"
    assert [p.name for p in copy.parent.iterdir()] == [copy.name]


def test_one_that_cannot_be_had_leaves_no_copy(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_words: object) -> str:
        raise LabError("unknown revision v1.99.0")

    monkeypatch.setattr(versions, "_go", refuse)
    with pytest.raises(LabError, match="v1.35.4 cannot be had: unknown revision"):
        versions.sources("kube")
    assert list((cached / "lab/go").iterdir()) == []
