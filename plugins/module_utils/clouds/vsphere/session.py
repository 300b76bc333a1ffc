# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A session with a vCenter or an ESXi host by pyVmomi: options, log-in, faults as sentences, round trips counted."""
from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from typing import Any, TypeVar
from xml.parsers.expat import ExpatError

from ...jobs.errors import BadOption, Passing, PlatformError
from ...jobs.job import Job

# A version that every server since vSphere 6.7 speaks, and that has all that is asked for: nothing is negotiated.
_VERSION = "vim25/6.7"
_SETTINGS = {"hostname": "VMWARE_HOST", "username": "VMWARE_USER", "password": "VMWARE_PASSWORD", "port": "VMWARE_PORT",
             "validate_certs": "VMWARE_VALIDATE_CERTS", "proxy_host": "VMWARE_PROXY_HOST", "proxy_port": "VMWARE_PROXY_PORT",
             "datacenter": "VMWARE_DATACENTER"}
_SECONDS = 60  # of silence of the server
# Seconds for which a vCenter that answered before may be away: its services restart in some minutes, a load balancer fails over.
PATIENCE = 300.0
_AGAIN = 1.0
_FALSE = {"0", "no", "false", "off", "n", "f"}

T = TypeVar("T")


class VsphereError(PlatformError):
    """vSphere refused or failed. fault: the name of its fault, such as NoDiskSpace; "" where it did not answer."""

    def __init__(self, sentence: str, fault: str = "", **details: Any) -> None:
        super().__init__(sentence, **details)
        self.fault = fault


class Unanswered(VsphereError, Passing):
    """Silence, a broken connection, or the page of a load balancer. What was asked for may have been done."""


def settings(params: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The options of a connection, from the environment where they are not set. BadOption where one is missing or wrong."""
    found = {n: params[n] if params.get(n) not in (None, "") else environ.get(e, "") for n, e in _SETTINGS.items()}
    for name in ("hostname", "username", "password"):
        if not found[name]:
            raise BadOption(f"{name}: is needed for platform vsphere; give the option, or set {_SETTINGS[name]}")
    for name, default in (("port", 443), ("proxy_port", 8080)):
        try:
            found[name] = int(found[name] or default)
        except ValueError:
            raise BadOption(f"{name}: must be a number, not {found[name]!r}") from None
        if not 0 < found[name] < 65536:
            raise BadOption(f"{name}: must be from 1 to 65535, not {found[name]}")
    given = found["validate_certs"]
    found["validate_certs"] = given if isinstance(given, bool) else str(given).lower() not in _FALSE
    return found


def library() -> Any:
    """pyVmomi, or one sentence that names what is missing."""
    try:
        import pyVmomi
    except ImportError as e:
        raise PlatformError(f"the Python package pyvmomi is missing ({e}) in {sys.executable}; install it there: "
                            f"{sys.executable} -m pip install pyvmomi") from None
    return pyVmomi


def fault_words(fault: Any) -> str:
    """A fault of vSphere in its own words: its name, its message, and what it adds."""
    name = type(fault).__name__.rpartition(".")[2]
    words = [str(getattr(fault, "msg", None) or "").strip()]
    words += [str(m.message) for m in getattr(fault, "faultMessage", None) or [] if getattr(m, "message", None)]
    words += [f"{n} {getattr(fault, n)}" for n in ("datastore", "file", "reason", "privilegeId") if getattr(fault, n, None)]
    cause = getattr(fault, "faultCause", None)
    if cause is not None:
        words.append(str(getattr(cause, "msg", "") or type(cause).__name__))
    unique = list(dict.fromkeys(w for w in words if w and w != name))
    return f"{name} ({'; '.join(unique)[:400]})" if unique else name


class Session:
    """Logged in at the first call, again when the session has expired. Thread-safe."""

    def __init__(self, wanted: Mapping[str, Any], job: Job) -> None:
        self._wanted, self.job = wanted, job
        self.host = f"{wanted['hostname']}:{wanted['port']}" if wanted["port"] != 443 else str(wanted["hostname"])
        loaded = library()
        self.vim, self._method_fault = loaded.vim, loaded.vmodl.MethodFault
        self.query = loaded.vmodl.query.PropertyCollector
        self.round_trips = 0
        self._lock = threading.RLock()
        self._count = threading.Lock()
        self._login = 0
        self._made: Any = None
        self._views: dict[tuple[Any, ...], tuple[int, Any]] = {}
        self.stub: Any = None

    # ---- connection -------------------------------------------------------------------------------------------
    def _stub(self) -> Any:
        from pyVmomi import SoapStubAdapter
        from pyVmomi.VmomiSupport import versionMap

        context = ssl.create_default_context()
        if not self._wanted["validate_certs"]:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        proxy = {"httpProxyHost": self._wanted["proxy_host"], "httpProxyPort": self._wanted["proxy_port"]}
        stub = SoapStubAdapter(host=self._wanted["hostname"], port=self._wanted["port"], version=versionMap[_VERSION], path="/sdk",
                               sslContext=context, connectionPoolTimeout=_SECONDS, httpConnectionTimeout=_SECONDS,
                               **(proxy if self._wanted["proxy_host"] else {}))
        invoke = stub.InvokeMethod

        def counted(*arguments: Any, **named: Any) -> Any:
            with self._count:
                self.round_trips += 1
            return invoke(*arguments, **named)

        stub.InvokeMethod = counted
        return stub

    @property
    def content(self) -> Any:
        """The ServiceContent of a session that is logged in."""
        with self._lock:
            if self._made is None:
                self.stub = self._stub()
                instance = self.vim.ServiceInstance("ServiceInstance", self.stub)
                content = self._spoken(instance.RetrieveContent, "connect")
                self._made = content
                self._log_in()
            return self._made

    def _log_in(self) -> None:
        self.stub.cookie = ""  # of a session that is no more
        try:
            self._spoken(lambda: self._made.sessionManager.Login(self._wanted["username"], self._wanted["password"], None), "log in")
        except VsphereError as e:
            self._made = None
            if e.fault in ("InvalidLogin", "NoPermission"):
                raise VsphereError(f"{self.host}: the log-in of {self._wanted['username']!r} was refused: {e.details.pop('words', e)}; "
                                   "check username and password", e.fault) from None
            raise
        self._login += 1

    def call(self, what: str, ask: Callable[[Any], T]) -> T:
        """ask(content), where it is a call of vSphere. what: in words, for errors. VsphereError."""
        content, login = self.content, self._login
        try:
            return self._spoken(lambda: ask(content), what)
        except VsphereError as e:
            if e.fault != "NotAuthenticated":
                raise
        with self._lock:  # the session has expired, or somebody ended it
            if self._login == login:
                self._log_in()
        try:
            return self._spoken(lambda: ask(content), what)
        except VsphereError as e:
            if e.fault == "NotAuthenticated":
                raise VsphereError(f"{self.host}: the session has expired, and a new one expires at once, while asked to {what}; is the "
                                   "session limit of the server reached?", e.fault) from None
            raise

    def read(self, what: str, ask: Callable[[Any], T]) -> T:
        """As call(), for what changes nothing: once this server has answered, silence of some minutes is borne."""
        since = time.monotonic()
        while True:
            try:
                return self.call(what, ask)
            except Unanswered as e:
                if not self._login or time.monotonic() - since >= PATIENCE:
                    raise
                self.job.pause(_AGAIN, f"{self.host} to answer (at last: {e})"[:300])

    def at(self, path: str) -> Any:
        """The folder or datacenter with this inventory path, its names as vSphere keeps them; None where there is none to see."""
        found = self.read("look for a folder", lambda c: c.searchIndex.FindByInventoryPath(path))
        return found if isinstance(found, (self.vim.Folder, self.vim.Datacenter)) else None

    def view(self, types: Sequence[Any], root: Any = None) -> Any:
        """A ContainerView of all objects of these types below a folder, None for all. One for all looks: a server keeps each until its
        session ends."""
        key = (root and root._GetMoId(), *types)
        login, view = self._views.get(key, (0, None))
        if view is None or login != self._login or self._made is None:
            view = self.call("list what there is", lambda c: c.viewManager.CreateContainerView(root or c.rootFolder, list(types), True))
            self._views[key] = (self._login, view)
        return view

    def value(self, thing: Any, path: str, what: str) -> Any:
        """One property of one managed object, None where it is not set."""
        query = self.query
        wanted = query.FilterSpec(propSet=[query.PropertySpec(type=type(thing), pathSet=[path])],
                                  objectSet=[query.ObjectSpec(obj=thing)])
        page = self.read(what, lambda c: c.propertyCollector.RetrievePropertiesEx([wanted], query.RetrieveOptions()))
        return next((p.val for one in page.objects for p in one.propSet), None) if page else None

    def _spoken(self, ask: Callable[[], T], what: str) -> T:
        """Errors of the transport and faults become a VsphereError."""
        try:
            return ask()
        except self._method_fault as e:
            words, name = fault_words(e), type(e).__name__.rpartition(".")[2]
            raise VsphereError(f"{self.host} could not {what}: {words}", name, words=words) from None
        except ssl.SSLCertVerificationError as e:
            raise VsphereError(f"hostname: the certificate of {self.host} is not trusted: {e.verify_message}; have its CA trusted, or "
                               "set validate_certs: false") from None
        except OSError as e:
            raise Unanswered(f"hostname: {self.host} cannot be reached to {what}: {_reason(e)}; check hostname and port") from None
        except (HTTPException, ExpatError) as e:
            raise Unanswered(f"hostname: what answers at {self.host} is no vSphere: {str(e) or type(e).__name__}; check hostname and "
                             "port") from None

    def close(self) -> None:
        with self._lock:
            if self._made is not None:
                try:
                    self._made.sessionManager.Logout()
                except Exception:  # pylint: disable=broad-except  # it ends by itself
                    pass
                self._made = None


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "no such name"
    if isinstance(error, (socket.timeout, TimeoutError)):
        return f"no answer within {_SECONDS} s"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
