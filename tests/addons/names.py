# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests of names do to the lab's external-dns and its name servers; and somebody's record beside ours."""
from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

from tests.lab import build, helpers
from tests.lab.base import LabError, run, wait_for
from tests.lab.tiers import external_dns as tier
from tests.lab.tiers.tier import folder, rolled_out

DEPLOYMENT = f"/apis/apps/v1/namespaces/{tier.NAMESPACE}/deployments/external-dns"
REF = f"deployment/{tier.NAMESPACE}/external-dns"
# Targets of ours, one after the other.
FIRST, SECOND = "192.0.2.10", "198.51.100.20"
_HOSTNAME = "external-dns.kubernetes.io/hostname"


# ---- somebody's, and ours -----------------------------------------------------------------------------------------
def of_another(name: str) -> str:
    """The TXT record of a name in the zone that the external-dns of another cluster keeps, as nsupdate is told it."""
    return f'a-{name} 30 TXT "heritage=external-dns,external-dns/owner=another,external-dns/resource=x"'


@contextmanager
def somebodys(lab: Any) -> Iterator[None]:
    """A record of another cluster, and the one that says so: both stay."""
    name, address = f"somebody.{tier.ZONE}", "203.0.113.7"
    tier.update(lab, f"update add {name} 30 A {address}", f"update add {of_another(name)}")
    try:
        yield
        assert tier.asked(lab.host, name) == [address], "what is another's stays"
        assert "owner=another" in "".join(tier.asked(lab.host, f"a-{name}", "TXT")), "what is another's stays"
    finally:
        tier.update(lab, f"update delete {name}", f"update delete a-{name}")


def zone(lab: Any) -> set[str]:
    """Names that runs of ours have in the zone, as the primary has it."""
    text = run("dig", "+noall", "+answer", "-y", f"hmac-sha256:lab.:{tier.key(lab)}", f"@{lab.host}", tier.ZONE, "AXFR")
    return {name for line in text.splitlines() for name in line.split()[:1] if "assay-" in name}


def nothing_of_ours(lab: Any) -> None:
    wait_for("the records of runs gone", lambda: not zone(lab), 60)


@contextmanager
def with_arguments(lab: Any, **changed: str) -> Iterator[None]:
    """external-dns with other values of flags; txt_owner_id="x" is --txt-owner-id=x."""
    template = lab.api(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]
    flags = {f"--{k.replace('_', '-')}": v for k, v in changed.items()}
    kept = [a for a in template["args"] if a.partition("=")[0] not in flags]
    with _changed(lab, {**template, "args": [*kept, *(f"{k}={v}" for k, v in flags.items())]}):
        yield


@contextmanager
def with_environ(lab: Any, **one: Any) -> Iterator[None]:
    """external-dns with another variable in its environment, from wherever it comes."""
    template = lab.api(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]
    with _changed(lab, {**template, "env": [*template["env"], one]}):
        yield


@contextmanager
def _changed(lab: Any, container: dict[str, Any]) -> Iterator[None]:
    with lab.fault.patch(DEPLOYMENT, {"spec": {"template": {"spec": {"containers": [container]}}}}):
        wait_for("another external-dns", partial(rolled_out, lab, tier.NAMESPACE, "deployments/external-dns"), 60)
        yield
    wait_for("external-dns as before", partial(rolled_out, lab, tier.NAMESPACE, "deployments/external-dns"), 60)


def host_of_service(lab: Any) -> str:
    """The name that a run's Service asks for; empty before there is one."""
    found = lab.api("/api/v1/services?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dassay.clusters")["items"]
    return next((n for s in found if (n := (s["metadata"].get("annotations") or {}).get(_HOSTNAME))), "")


def everywhere(lab: Any, target: str) -> bool:
    """Whether both name servers have this target for both names of a run."""
    ours = sorted(n for n in zone(lab) if n.startswith("assay-"))
    return len(ours) == 2 and all(tier.asked(s, n) == [target] for s in (lab.host, tier.second(lab)) for n in ours)


@contextmanager
def once(what: str, when: Callable[[], Any], then: Callable[[Any], Any]) -> Iterator[None]:
    """Beside a run: as soon as this is so, do that. It must have come to it at the end."""
    over, done = threading.Event(), []

    def wait() -> None:
        while not over.wait(0.2):
            with suppress(LabError, OSError):
                if found := when():
                    then(found)
                    return done.append(found)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert done, f"it did not come to: {what}"


@contextmanager
def owned_by_another(lab: Any, target: str) -> Iterator[list[str]]:
    """The name that the next run's Service asks for is that of another cluster. It is written while our external-dns is away, which
    leaves it alone when it is back. Yields what is filled with that name as soon as it is known."""
    taken: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(lab.fault.scale(tier.NAMESPACE, "external-dns", 0))

        def take(name: str) -> None:
            taken.append(name)
            tier.update(lab, f"update add {name} 30 A {target}", f"update add {of_another(name)}")
            stack.close()

        try:
            with once("our Service", lambda: host_of_service(lab), take):
                yield taken
        finally:
            for name in taken:
                tier.update(lab, f"update delete {name}", f"update delete a-{name}")


# ---- name servers -------------------------------------------------------------------------------------------------
def _tell(process: int | None, number: signal.Signals) -> None:
    assert process, "it runs: a signal to nobody would be one to ourselves"
    os.kill(process, number)


@contextmanager
def second_stopped(lab: Any) -> Iterator[None]:
    """The second name server keeps its address and answers nothing."""
    _tell(tier.second_runs(lab), signal.SIGSTOP)
    try:
        yield
    finally:
        _tell(tier.second_runs(lab), signal.SIGCONT)


@contextmanager
def second_does_not_follow(lab: Any) -> Iterator[None]:
    """The second name server has another key, so that the first gives it nothing any more; it keeps what it has."""
    config = tier.folder(lab, tier.TIER.name) / "named.conf"
    text = config.read_text()

    def with_config(words: str) -> None:
        config.write_text(words)
        _tell(tier.second_runs(lab), signal.SIGHUP)

    with_config(text.replace(tier.key(lab), "d3JvbmcgYXMgaXQgY2FuIGJl"))
    try:
        yield
    finally:
        with_config(text)
        wait_for("the second name server follows", partial(tier.same, lab), 60)


@contextmanager
def without_the_zone(lab: Any) -> Iterator[str]:
    """A name server that has no zone at all; its address."""
    place, address = tier.folder(lab, "lame"), f"{lab.host.rpartition('.')[0]}.3"
    (place / "named.conf").write_text(f'options {{ directory "{place}"; pid-file none; session-keyfile "{place}/session.key"; '
                                      f'recursion no; listen-on {{ {address}; }}; listen-on-v6 {{ none; }}; }}; controls {{ }};')
    run("ip", "addr", "replace", f"{address}/24", "dev", lab.bridge)
    helpers.start(lab, "lame-named", "named", "-4", "-g", "-c", place / "named.conf")
    try:
        wait_for("a name server without the zone", lambda: run("dig", "+time=1", "+tries=1", f"@{address}", tier.ZONE, "SOA"), 20)
        yield address
    finally:
        _tell(helpers.pid(lab, "lame-named"), signal.SIGKILL)
        run("ip", "addr", "del", f"{address}/24", "dev", lab.bridge)


class Keeping:
    """A recursive name server that keeps an answer for an hour, whatever its record allows: CoreDNS, told so."""

    def __init__(self, lab: Any):
        self.lab, self.address = lab, f"{lab.host.rpartition('.')[0]}.5"
        self.config = folder(lab, "keeping") / "Corefile"
        self.config.write_text(f"{tier.ZONE}:53 {{\n bind {self.address}\n forward . {lab.host}\n"
                               " cache {\n  success 9984 3600 3600\n }\n}\n")

    def start(self) -> None:
        helpers.start(self.lab, "keeping", build.bindir() / "coredns", "-conf", self.config)
        wait_for("a name server that keeps answers", lambda: tier.asked(self.address, tier.ZONE, "SOA"), 30)

    def end(self) -> None:
        if number := helpers.pid(self.lab, "keeping"):
            os.kill(number, signal.SIGKILL)
            wait_for("its end", lambda: not helpers.pid(self.lab, "keeping"), 10, 0.05)

    def forget(self) -> None:
        """Begin anew with nothing kept."""
        self.end()
        self.start()


@contextmanager
def keeping(lab: Any) -> Iterator[Keeping]:
    server = Keeping(lab)
    run("ip", "addr", "replace", f"{server.address}/24", "dev", lab.bridge)
    try:
        server.start()
        yield server
    finally:
        server.end()
        run("ip", "addr", "del", f"{server.address}/24", "dev", lab.bridge)
