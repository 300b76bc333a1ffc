# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credentials and addresses, judged before the first request: what is unsound is one sentence that names the field."""
from __future__ import annotations

import base64
import binascii
import datetime
import os
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import library, program, tls
from .errors import BadInput
from .kubeconfig import Choice, Entry, decoded, shown, shown_end, shown_path
from .program import Answer, NoCredentials, Program

# What `kubectl config view` writes in place of data.
_OMITTED = ("DATA+OMITTED", "DATA OMITTED", "OMITTED", "REDACTED", "DATA+REDACTED")
_PROXIES = ("http", "https", "socks5", "socks5h", "socks4", "socks4a")
_PROVIDERS = ("gcp", "oidc")
_ISSUER_CA = ("idp-certificate-authority", "idp-certificate-authority-data")
# A token is renewed so long before its end, one that lives shortly in the last fifth of its life; who was asked for another
# is not asked again at once (seconds).
_EARLY, _PAUSE = 300.0, 30.0
_BLANK = " \t\r\n\v\f\x00\ufeff"


def header_value(value: Any, where: str) -> str:
    """A text that a request can carry in its header: what stands around it is no part of it."""
    text = str(value).strip(_BLANK).strip()
    if any(c in text for c in "\r\n\v\f\x85\u2028\u2029"):
        raise BadInput(f"{where} holds a line end in the middle")
    if not text.isascii() or not text.isprintable():
        raise BadInput(f"{where} holds characters that no request can carry")
    return text


def token(value: Any, where: str) -> str:
    text = header_value(value, where)
    if not text:
        raise BadInput(f"{where} is empty")
    if text.upper() in _OMITTED:
        raise BadInput(f"{where} is {text}; take the output of kubectl config view --raw")
    if " " in text or "\t" in text:
        raise BadInput(f"{where} holds white space in the middle")
    return text


# ---- addresses --------------------------------------------------------------------------------------------------
def _parsed(text: str, where: str) -> Any:
    try:
        url = library.load().urllib3.util.parse_url(text)
        if url.host:
            return url
    except (library.load().urllib3.exceptions.HTTPError, ValueError):
        pass
    raise BadInput(f"{where} is no address like https://kube.example.com:6443") from None


def server(value: Any, where: str) -> str:
    """The address with its scheme; without one it is https, as credentials go there."""
    text = str(value).strip(_BLANK).strip()
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "https", text
    if scheme.lower() not in ("http", "https"):
        raise BadInput(f"{where} must begin with https://")
    if not rest or any(c.isspace() or not c.isprintable() for c in rest):
        raise BadInput(f"{where} is no address like https://kube.example.com:6443")
    text = f"{scheme.lower()}://{rest}".rstrip("/")
    if _parsed(text, where).auth:
        raise BadInput(f"{where} must not hold a user or a password; give them as credentials")
    return text


def proxy(value: Any, where: str) -> str:
    text = str(value).strip(_BLANK).strip()
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    if scheme not in _PROXIES or not text.isprintable():
        raise BadInput(f"{where} must begin with http://, https:// or socks5://")
    text = scheme + text[len(scheme):]
    _parsed(text, where)
    if scheme.startswith("socks"):
        try:
            __import__("socks")
        except ImportError as e:
            raise library.missing("PySocks", e) from None
    return text


# ---- files ------------------------------------------------------------------------------------------------------
def _written(data: bytes, folder: str) -> str:
    handle, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return name


def _of_data(entry: Entry, field: str, value: Any, folder: str) -> tls.Pem:
    where, text = f"{entry.where}.{field}", str(value)
    packed = "".join(text.split())
    if packed.upper() in _OMITTED or text.strip().upper() in _OMITTED:
        raise BadInput(f"{where} is {shown(text.strip())}; take the output of kubectl config view --raw")
    if packed.startswith("-----BEGIN"):
        raise BadInput(f"{where} is PEM text; encode it in base64, or name its file as {field.removesuffix('-data')}")
    try:
        data = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(f"{where} is not whole base64: a part of it is missing or is something else") from None
    if b"-----BEGIN" not in data:
        try:
            if b"-----BEGIN" in base64.b64decode(b"".join(data.split()), validate=True):
                raise BadInput(f"{where} is base64 of base64; encode the PEM text once")
        except (binascii.Error, ValueError) as e:
            if isinstance(e, BadInput):
                raise
        raise BadInput(f"{where} is base64 of something that is no PEM text")
    return tls.Pem(_written(data, folder), where, field)


def pem(entry: Entry, field: str, folder: str) -> tls.Pem | None:
    """A file of a kubeconfig, given as data (which go before) or by its name."""
    if value := entry.body.get(f"{field}-data"):
        return _of_data(entry, f"{field}-data", value, folder)
    name = entry.body.get(field)
    if not name:
        return None
    path = os.path.normpath(os.path.join(entry.base, os.path.expanduser(str(name))))
    name = shown_path(path, str(name))
    where = f"{entry.where}.{field} {name}"
    try:
        with open(path, "rb") as file:
            file.read(1)
    except (OSError, ValueError) as e:
        raise BadInput(f"{where} cannot be read: {getattr(e, 'strerror', None) or 'no path'}") from None
    return tls.Pem(path, where, f"{field} {name}")


def given_file(value: Any, name: str) -> tls.Pem:
    """A file that an option names."""
    path = os.path.expanduser(str(value))
    if "\0" in path or not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise BadInput(f"{name}: cannot read {shown_path(path, str(value))}; name a readable PEM file")
    return tls.Pem(path, f"{name}: {shown_end(path)}", f"{name} {shown_end(path)}")


# ---- who asks ---------------------------------------------------------------------------------------------------
class Header:
    """What the Authorization header says; renewed near its end, by one thread at a time, and never anything else with it."""

    def __init__(self, value: str, expires: datetime.datetime | None = None,
                 renew: Callable[[], tuple[str, datetime.datetime | None]] | None = None):
        self.value, self._expires, self._renew = value, expires, renew
        self._lock, self._not_before = threading.Lock(), 0.0
        self._early = datetime.timedelta(seconds=min(_EARLY, self._left() / 5))
        self.on_new: Callable[[str], None] | None = None  # told a renewed value before anybody uses it

    def _left(self) -> float:
        """Seconds that it lives."""
        if self._expires is None:
            return _EARLY * 5
        return max(0.0, (self._expires - datetime.datetime.now(datetime.timezone.utc)).total_seconds())

    def _due(self) -> bool:
        return (self._renew is not None and self._expires is not None and time.monotonic() >= self._not_before
                and datetime.datetime.now(datetime.timezone.utc) + self._early > self._expires)

    def _try(self) -> None:
        pause = _PAUSE
        try:
            value, expires = self._renew()  # type: ignore[misc]
            if self.on_new and value != self.value:
                self.on_new(value)
            self.value, self._expires = value, expires
            self._early = datetime.timedelta(seconds=min(_EARLY, self._left() / 5))
            if self._left():  # of one that still keeps its old answer the next may be soon
                pause = min(_PAUSE, max(1.0, self._left() / 5))
        except (BadInput, NoCredentials):  # the server has the last word about the old one
            pass
        self._not_before = time.monotonic() + pause

    def __call__(self) -> str:
        # While one thread renews it the others go on with the old one as long as that is good.
        if self._due() and self._lock.acquire(blocking=not self._left()):
            try:
                if self._due():
                    self._try()
            finally:
                self._lock.release()
        return self.value


class Login:
    """What a user of a kubeconfig brings: at most one Authorization header, at most one certificate with its key."""

    def __init__(self, choice: Choice, folder: str, environ: Mapping[str, str]):
        self._choice, self._user, self._folder, self._environ = choice, choice.user, folder, environ
        self.header: Header | None = None
        self.pair: tuple[tls.Pem, tls.Pem] | None = None

    def load(self, secure: bool) -> Login:
        """secure: whether TLS is spoken, which is what a certificate is for."""
        if self._user:
            self.pair = self._certificate(self._user) if secure else None
            for way in (self._by_provider, self._by_token, self._by_program, self._by_password):
                if way(self._user):
                    break
        return self

    def _certificate(self, user: Entry) -> tuple[tls.Pem, tls.Pem] | None:
        cert, key = pem(user, "client-certificate", self._folder), pem(user, "client-key", self._folder)
        if cert and not key:
            raise BadInput(f"{cert.where} has no client-key-data or client-key beside it")
        if not cert or not key:
            return None
        tls.judge_pair(cert, key)
        return cert, key

    # a token of its own, or of a file, which goes before ------------------------------------------------------------
    def _by_token(self, user: Entry) -> bool:
        value, where = user.body.get("token"), f"{user.where}.token"
        if name := user.body.get("tokenFile"):
            path = Path(os.path.join(user.base, os.path.expanduser(str(name))))
            where = f"{user.where}.tokenFile {shown_path(str(path), str(name))}"
            try:
                value = decoded(path.read_bytes())
            except (OSError, ValueError) as e:
                raise BadInput(f"{where} cannot be read: {getattr(e, 'strerror', None) or 'no path'}") from None
            if value is None:
                raise BadInput(f"{where} is no text")
        elif not value:
            return False
        self.header = Header(f"Bearer {token(value, where)}")
        return True

    def _by_password(self, user: Entry) -> bool:
        name, password = user.body.get("username"), user.body.get("password")
        if not name or password in (None, ""):
            return False
        if str(password) in _OMITTED:
            raise BadInput(f"{user.where}.password is {password}; take the output of kubectl config view --raw")
        self.header = Header("Basic " + base64.b64encode(f"{name}:{password}".encode()).decode())
        return True

    # a program ------------------------------------------------------------------------------------------------------
    def _by_program(self, user: Entry) -> bool:
        if not user.body.get("exec"):
            return False
        if not isinstance(user.body["exec"], Mapping):
            raise BadInput(f"{user.where}.exec is no dictionary")
        asked = Program(user.body["exec"], user.base, self._environ, self._choice.cluster.body)
        where = f"{user.where}: no credentials were given by {shown(asked.command)}"
        if asked.wrong:
            raise BadInput(f"{user.where}.exec {asked.wrong}")

        def ask() -> Answer:
            try:
                return asked.run()
            except NoCredentials as e:
                raise BadInput(f"{where}: {e}") from None

        def renew() -> tuple[str, datetime.datetime | None]:
            again = ask()
            return f"Bearer {token(again.token, where)}", again.expires

        answer = ask()
        if answer.token:
            self.header = Header(f"Bearer {token(answer.token, f'{where}: its token')}", answer.expires, renew)
        if answer.cert and answer.key:
            by = f"{user.where}.exec: the %s of {shown(asked.command)}"
            self.pair = tuple(  # type: ignore[assignment]
                tls.Pem(_written(data.encode(), self._folder), by % name, f"its {name}")
                for data, name in ((answer.cert, "clientCertificateData"), (answer.key, "clientKeyData")))
            tls.judge_pair(*self.pair)  # type: ignore[misc]
        return True

    # what the kubernetes package knows --------------------------------------------------------------------------------
    def _by_provider(self, user: Entry) -> bool:
        provider = user.body.get("auth-provider")
        if not provider:
            return False
        name = str(provider.get("name") or "") if isinstance(provider, Mapping) else ""
        if name not in _PROVIDERS:
            if any(user.body.get(n) for n in ("token", "tokenFile", "exec", "client-certificate", "client-certificate-data")):
                return False
            raise BadInput(f"{user.where}: auth-provider {shown(name) or 'without a name'} is not supported any more; use exec"
                           + (", with kubelogin" if name == "azure" else ""))
        where = f"{user.where}: no credentials were given by auth-provider {name}"
        lib = library.load()
        config = dict(provider.get("config") or {}) if isinstance(provider.get("config") or {}, Mapping) else {}
        if name == "oidc":
            # The package takes the names without a value, too, and would ask an issuer without a CA whoever answers.
            config = {k: v for k, v in config.items() if v or k not in _ISSUER_CA}
            if not any(n in config for n in _ISSUER_CA):
                config["idp-certificate-authority"] = _usual_cas(self._environ)
        one = {"current-context": "one", "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
               "clusters": [{"name": "one", "cluster": {"server": "https://localhost"}}],
               "users": [{"name": "one", "user": {"auth-provider": {**provider, "config": config}}}]}
        scratch = lib.Configuration()

        def ask(call: Callable[[], Any]) -> tuple[str, datetime.datetime | None]:
            try:
                program.within(program.LIMIT, call)
            except TimeoutError:
                raise BadInput(f"{where} within {program.LIMIT:.0f} s") from None
            except Exception as e:  # whatever its libraries raise: their text may carry what they sent
                raise BadInput(f"{where}: {type(e).__name__}") from None
            said = str(next(iter(scratch.api_key.values()), ""))
            if not said:
                raise BadInput(f"{where}: its id-token is no JWT" if name == "oidc" else where)
            kind, _space, value = said.partition(" ")
            return f"{kind} {token(value, where)}", vars(loader).get("expiry") or program.end_of_jwt(value)

        loader = lib.kube_config.KubeConfigLoader(one, config_base_path=user.base or None, temp_file_path=self._folder)

        def load() -> tuple[str, datetime.datetime | None]:
            """A new one where the old is near its end; the package's own hook does not look at that with oidc."""
            return ask(lambda: loader.load_and_set(scratch))

        self.header = Header(*load(), load)
        return True


def _usual_cas(environ: Mapping[str, str]) -> str:
    """Whom programs of this machine trust, else the public authorities."""
    for path in (environ.get("REQUESTS_CA_BUNDLE"), ssl.get_default_verify_paths().cafile):
        if path and os.path.isfile(path):
            return path
    from requests.certs import where
    return str(where())
