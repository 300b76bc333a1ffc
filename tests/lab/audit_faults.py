# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of audit logs: API servers that are told something else, and a disk for the log that is full or became read-only."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from . import node

if TYPE_CHECKING:
    from .cluster import Lab

_POLICY, _SMALL = "/etc/kubernetes/audit-policy-of-a-test.yaml", "/var/log/kubernetes/small"
# Its file lies beside it, so that whoever mends finds it by the name.
_IMAGE = f"{_SMALL}.img"


class AuditFaults:
    """What `Faults` does to audit logs; each API server is begun anew, and once more at the end."""

    lab: Lab

    def _fault(self, kind: str, **args: Any) -> Any:
        raise NotImplementedError

    def flags(self, short: str, component: str, *flags: str) -> Any:
        raise NotImplementedError

    @contextmanager
    def _api_servers(self, shorts: Sequence[str], *flags: str) -> Iterator[None]:
        with ExitStack() as stack:
            for short in shorts:
                stack.enter_context(self.flags(short, "kube-apiserver", *flags))
            yield

    @contextmanager
    def no_audit_log(self, *shorts: str) -> Iterator[None]:
        """These API servers have no audit policy, and so write nothing; all of them, where none is named."""
        with self._api_servers(shorts or tuple(self.lab.control_planes), "--audit-policy-file="):
            yield

    @contextmanager
    def audit_policy(self, text: str, *shorts: str) -> Iterator[None]:
        """These API servers have another audit policy; all of them, where none is named."""
        shorts = shorts or tuple(self.lab.control_planes)
        with ExitStack() as stack:
            for short in shorts:
                stack.enter_context(self._fault("policy", short=short, text=text))
            stack.enter_context(self._api_servers(shorts, f"--audit-policy-file={_POLICY}"))
            yield

    def _break_policy(self, short: str, text: str) -> None:
        node.inside(self.lab, short, "cp", "/dev/stdin", _POLICY, input=text)

    def _mend_policy(self, short: str, text: str) -> None:
        if node.pid(self.lab, short):
            self.lab.in_node(short, "rm", "-f", _POLICY)

    @contextmanager
    def full_audit_disk(self, short: str) -> Iterator[None]:
        """An API server writes its audit log to a disk that has no room."""
        with self._fault("audit_disk", short=short), self._api_servers([short], f"--audit-log-path={_SMALL}/audit.log"):
            yield

    def _break_audit_disk(self, short: str) -> None:
        self.lab.in_node(short, "sh", "-ec", f"mkdir -p {_SMALL}; mount -t tmpfs -o size=64k tmpfs {_SMALL}; "
                                             f"head -c 61440 /dev/zero > {_SMALL}/filler")

    def _mend_audit_disk(self, short: str) -> None:
        if node.pid(self.lab, short):
            self.lab.in_node(short, "sh", "-c", f"umount -l {_SMALL}; rmdir {_SMALL}", check=False)

    @contextmanager
    def read_only_audit_disk(self, short: str) -> Iterator[None]:
        """The disk below an API server's audit log had an error, and the kernel lets nobody write there any more."""
        with self._fault("audit_disk_errs", short=short), self._api_servers([short], f"--audit-log-path={_SMALL}/audit.log"):
            device = self.lab.in_node(short, "findmnt", "-no", "SOURCE", _SMALL).strip().rpartition("/")[2]
            self.lab.in_node(short, "sh", "-c", f"echo assay > /sys/fs/ext4/{device}/trigger_fs_error")
            yield

    def _break_audit_disk_errs(self, short: str) -> None:
        self.lab.in_node(short, "sh", "-ec", f"mkdir -p {_SMALL}; truncate -s 16M {_IMAGE}; mkfs.ext4 -q {_IMAGE}; "
                                             f"mount -o loop,errors=remount-ro {_IMAGE} {_SMALL}")

    def _mend_audit_disk_errs(self, short: str) -> None:
        if node.pid(self.lab, short):
            self.lab.in_node(short, "sh", "-c", f"umount -l {_SMALL}; rmdir {_SMALL}; rm -f {_IMAGE}", check=False)
