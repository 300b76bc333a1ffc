# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How to reach a cluster: the options and environment names of kubernetes.core, resolved by the kubernetes package."""
from __future__ import annotations

import base64
import copy
import dataclasses
import ssl
import warnings
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from . import environment, kubeconfig, library, openshift_login, pem, tls, values
from .credentials import Login
from .environment import NAMES, PROXY_HEADERS
from .errors import BadInput
from .header import Header, secrets_of
from .key_folder import KeyFolder

__all__ = ["NAMES", "Connection"]
_KEYS = ("authorization", "BearerToken")


def _truth(value: Any, name: str) -> bool:
    text = str(value).strip().lower()
    if text in ("true", "yes", "on", "1", "t", "y"):
        return True
    if text in ("false", "no", "off", "0", "f", "n"):
        return False
    raise BadInput(f"{name}: must be true or false, not {value!r}")


def _share_context(settings: dict[str, Any], configuration: Any) -> None:
    """One TLS context for all connections of a pool: otherwise each reads and parses the certificates anew."""
    made = tls.of(configuration)
    for name in ("ca_certs", "ca_cert_data", "cert_file", "key_file"):
        settings.pop(name, None)
    settings["ssl_context"] = made


class Connection:
    """A resolved address with credentials. Certificates given as data lie in a private folder until close()."""

    def __init__(self, configuration: Any, context: str | None, folder: KeyFolder, header: Header | None,
                 impersonate: list[tuple[str, str]]):
        self.configuration, self.context = configuration, context
        self.server: str = configuration.host.rstrip("/")
        # The file that a reader's kubectl would take, "" where it was given otherwise.
        self.kubeconfig = ""
        # Of the options or the environment, which a log-in has changed for a token.
        self._password = ""
        self._folder, self._header, self._impersonate = folder, header, impersonate

    @classmethod
    def resolve(cls, options: Mapping[str, Any], environ: Mapping[str, str]) -> Connection:
        """From options (None: not given), else K8S_AUTH_* of environ. Raises BadInput in one sentence, before any request."""
        own = {k: v for k, v in options.items() if v not in (None, "")}
        found = environment.read(environ)
        given = {**environment.beside(found, own), **own}
        if own.get("kubeconfig") and not found.get("kubeconfig"):
            given["context_if_there"] = found.get("context")
        lib = library.load()
        configuration = lib.Configuration()
        folder = KeyFolder()
        try:
            context, login, asks = cls._from_kubeconfig(configuration, given, environ, folder.path)
            cls._override(lib, configuration, given)
            cls._verify(configuration, given, own)
            if not configuration.host or configuration.host == "http://localhost":
                raise BadInput("host: no cluster address is given; set kubeconfig (a path or the content) or host")
            header = cls._authorization(configuration, given, asks, login)
            cls._in_the_clear(configuration, given, asks, header is not None)
            made = cls(configuration, context, folder, header, cls._as(given))
            made.kubeconfig = kubeconfig.file_of(given.get("kubeconfig")) if context else ""
            made._password = str(given.get("password") or "")
            return made
        except BaseException:
            folder.close()
            raise

    @staticmethod
    def _from_kubeconfig(c: Any, given: dict[str, Any], environ: Mapping[str, str],
                         folder: str) -> tuple[str | None, Login | None, list[str]]:
        """(context, what its user brings, what asks for TLS although an option has moved the address)."""
        value, context = given.get("kubeconfig"), given.get("context")
        if value is None and context and not given.get("host"):
            value = environ.get("KUBECONFIG") or "~/.kube/config"
        if value is None:
            return None, None, []
        read = kubeconfig.read(value)
        if not context and given.get("context_if_there") in read.names("contexts"):
            context = given["context_if_there"]
        by_password = bool(given.get("username") and given.get("password"))
        choice = read.choose(str(context) if context else None,
                             signed_in=by_password or bool(given.get("api_key") or given.get("client_cert")))
        cluster = choice.cluster
        if cluster.body.get("server"):
            c.host = values.server(cluster.body["server"], f"{cluster.where}.server")
        elif not given.get("host"):
            raise BadInput(f"{cluster.where} has no server")
        if given.get("host"):
            c.host = values.server(given["host"], "host:")
        secure = not c.host.startswith("http://")  # without TLS its files are not looked at, as with kubectl
        ca = pem.pem(cluster, "certificate-authority", folder) if secure else None
        if ca:
            tls.judge_ca(ca)
            c.ssl_ca_cert = ca.path
        if (insecure := cluster.body.get("insecure-skip-tls-verify")) is not None:
            c.verify_ssl = not _truth(insecure, f"{cluster.where}.insecure-skip-tls-verify")
        if ca and not c.verify_ssl and "validate_certs" not in given:
            raise BadInput(f"{cluster.where} has a certificate-authority and insecure-skip-tls-verify; leave one of them out")
        if name := cluster.body.get("tls-server-name"):
            c.tls_server_name = values.header_value(name, f"{cluster.where}.tls-server-name")
        if (address := cluster.body.get("proxy-url")) and not given.get("proxy"):
            c.proxy = values.proxy(address, f"{cluster.where}.proxy-url")
        # Who signs in by options needs nothing of what the kubeconfig has for that, and no program is asked in vain.
        if choice.user:
            pair = {k: v for k, v in choice.user.body.items() if k.startswith("client-")}
            body = {} if given.get("api_key") else pair if by_password else choice.user.body
            if given.get("client_cert"):
                body = {k: v for k, v in body.items() if k not in pair}
            choice = dataclasses.replace(choice, user=dataclasses.replace(choice.user, body=body))
        asks = [n for n in ("certificate-authority-data", "certificate-authority", "tls-server-name")
                if cluster.body.get(n) and given.get("host")]
        return choice.context, Login(choice, folder, environ).load(secure), asks

    @staticmethod
    def _override(lib: Any, c: Any, given: dict[str, Any]) -> None:
        """Single options on top of the kubeconfig, as kubernetes.core does."""
        if given.get("host"):
            c.host = values.server(given["host"], "host:")
        if given.get("proxy"):
            c.proxy = values.proxy(given["proxy"], "proxy:")
        elif c.proxy and "://" not in c.proxy:
            c.proxy = f"http://{c.proxy}"  # of the environment, where other programs take it so
        if given.get("no_proxy"):
            c.no_proxy = str(given["no_proxy"])
        if given.get("proxy_headers"):
            if not isinstance(given["proxy_headers"], Mapping) or set(given["proxy_headers"]) - set(PROXY_HEADERS):
                raise BadInput("proxy_headers: must be a dictionary with basic_auth, proxy_basic_auth or user_agent")
            said = {k: str(v) for k, v in given["proxy_headers"].items() if v}
            if "user_agent" in said:
                said["user_agent"] = values.header_value(said["user_agent"], "proxy_headers: user_agent")
            c.proxy_headers = lib.urllib3.util.make_headers(**said)
        c.connection_pool_maxsize, c.retries = 64, False

    @staticmethod
    def _verify(c: Any, given: dict[str, Any], own: dict[str, Any]) -> None:
        """Whom we trust. What asks for more care goes before what asks for less, unless that is said beside it by name."""
        if "validate_certs" in given:
            c.verify_ssl = _truth(given["validate_certs"], "validate_certs")
        if given.get("ca_cert") and "validate_certs" not in (own if own.get("ca_cert") else given):
            c.verify_ssl = True  # neither a kubeconfig nor the environment makes the CA of an option pointless
        if given.get("ca_cert"):
            ca = pem.given_file(given["ca_cert"], "ca_cert")
            tls.judge_ca(ca)
            c.ssl_ca_cert = ca.path

    @staticmethod
    def _authorization(c: Any, given: dict[str, Any], asks: list[str],
                       login: Login | None) -> Header | None:
        """A certificate with its key, and what requests say in their header."""
        pair = login.pair if login else None
        files = {n: pem.given_file(given[n], n) for n in ("client_cert", "client_key") if given.get(n)}
        if len(files) == 1:
            raise BadInput("client_cert, client_key: give both of them, the certificate and its key, or neither")
        if files:
            pair = files["client_cert"], files["client_key"]
            tls.judge_pair(*pair)
        if pair:
            c.cert_file, c.key_file = (p.path for p in pair)
        header = login.header if login else None
        if given.get("api_key"):
            header = Header(f"Bearer {values.token(given['api_key'], 'api_key:')}")
        elif given.get("username") or given.get("password"):
            header = Connection._log_in(c, given, asks) or header
        if header:
            # For clients of the kubernetes package, whose releases look for either name.
            c.api_key = dict.fromkeys(_KEYS, header.value)
            # The package's own hook would put the kubeconfig's address, CA and verification in place of ours.
            c.refresh_api_key_hook = lambda again: again.api_key.update(dict.fromkeys(_KEYS, header()))
        return header

    @staticmethod
    def _in_the_clear(c: Any, given: dict[str, Any], asks: list[str], secret: bool) -> None:
        """Credentials go over plain HTTP only where http:// is written and no option, nor another place, asks for TLS."""
        if not c.host.startswith("http://") or not secret:
            return
        wanted = [*asks, *(n for n in ("ca_cert", "client_cert") if given.get(n))]
        if "validate_certs" in given and c.verify_ssl:
            wanted.append("validate_certs: true")
        if wanted:
            raise BadInput(f"host: {c.host} would get the credentials in the clear, though TLS is asked for by "
                           f"{', '.join(wanted)}; write https://")

    @staticmethod
    def _log_in(c: Any, given: dict[str, Any], asks: list[str]) -> Header | None:
        """A user's password is changed for a token at OpenShift's own login."""
        if not given.get("password"):
            raise BadInput("password: is missing beside username; give both, or api_key")
        if not given.get("username"):
            return None
        Connection._in_the_clear(c, given, asks, True)
        return openshift_login.log_in(c, given["username"], given["password"])

    @staticmethod
    def _as(given: dict[str, Any]) -> list[tuple[str, str]]:
        groups = given.get("impersonate_groups") or []
        groups = [g.strip() for g in groups.split(",") if g.strip()] if isinstance(groups, str) else list(groups)
        if groups and not given.get("impersonate_user"):
            raise BadInput("impersonate_user: is needed beside impersonate_groups")
        who = [("Impersonate-User", given["impersonate_user"])] if given.get("impersonate_user") else []
        return [(name, values.header_value(value, "impersonate_user, impersonate_groups:"))
                for name, value in who + [("Impersonate-Group", g) for g in groups]]

    def at(self, server: str, name: str) -> Connection:
        """The same credentials for one API server by its own address, whose certificate must be of the CA that is trusted here
        and for this name. Nothing is asked yet."""
        other = copy.copy(self)
        other.server, other.configuration = server, copy.copy(self.configuration)
        other.configuration.host, other.configuration.tls_server_name = server, name
        return other

    def headers(self) -> list[tuple[str, str]]:
        """Authorization and impersonation for one request; a token near its end is renewed here."""
        return ([("authorization", self._header())] if self._header else []) + self._impersonate

    def secrets(self) -> list[str]:
        """The credentials that requests carry, for the one place that keeps them out of all output."""
        return [value.rpartition(" ")[2] for name, value in self.headers() if name.lower() == "authorization"]

    def tell_secrets(self, register: Callable[[str], None]) -> None:
        """Those of now with the passwords in them, and each that a renewal brings, before a request carries it."""
        def tell(value: str) -> None:
            for secret in secrets_of(value):
                register(secret)

        if self._header:
            self._header.on_new = tell
            tell(self._header())
        for secret in (self._password, *self._of_proxy()):
            register(secret)

    def _of_proxy(self) -> list[str]:
        """The password of a proxy, however it was given."""
        c = self.configuration
        found = [s for n, value in (c.proxy_headers or {}).items() if n.endswith("authorization") for s in secrets_of(value)]
        auth = library.load().urllib3.util.parse_url(c.proxy).auth if c.proxy else None
        for text in {auth, unquote(auth)} if auth else ():
            found += [text.partition(":")[2], base64.b64encode(text.encode()).decode()]
        return found

    def hold(self) -> None:
        """Keep the files of its keys: first thing in a fork that goes on when its parent has ended."""
        self._folder.hold()

    def pool(self) -> Any:
        """A new urllib3 pool manager with the TLS, proxy and timeout settings; one per client and process."""
        self.hold()
        manager = library.load().RESTClientObject(self.configuration).pool_manager
        if not self.configuration.verify_ssl:  # who asked for that knows
            warnings.filterwarnings("ignore", category=library.load().urllib3.exceptions.InsecureRequestWarning)
        try:
            _share_context(manager.connection_pool_kw, self.configuration)
        except (OSError, ssl.SSLError) as e:  # they were sound when they were judged
            raise BadInput("kubeconfig, ca_cert, client_cert: a file of them was changed meanwhile: "
                           f"{type(e).__name__}") from None
        return manager

    def certificate_ended(self) -> str:
        """When the client certificate ended, "" where there is none or it is good."""
        return tls.ended(self.configuration.cert_file)

    def close(self) -> None:
        """Remove certificate and key files that were given as data."""
        self._folder.close()
