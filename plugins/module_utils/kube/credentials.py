# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user of a kubeconfig brings: a token, a program, a password, a certificate."""
from __future__ import annotations

import base64
import datetime
import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import library, program, tls
from .errors import BadInput
from .header import Header
from .kubeconfig import Choice, Entry, decoded, shown, shown_path
from .pem import pem, written
from .program import Answer, NoCredentials, Program
from .values import OMITTED, token

_PROVIDERS = ("gcp", "oidc")
_ISSUER_CA = ("idp-certificate-authority", "idp-certificate-authority-data")


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
        if str(password) in OMITTED:
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
                tls.Pem(written(data.encode(), self._folder), by % name, f"its {name}")
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
