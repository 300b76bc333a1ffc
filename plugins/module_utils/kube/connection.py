# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How to reach a cluster: the options and environment names of kubernetes.core, resolved by the kubernetes package."""
from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import ssl
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

from . import library
from .errors import BadInput

NAMES = ("kubeconfig", "context", "host", "api_key", "username", "password", "validate_certs", "ca_cert", "client_cert",
         "client_key", "proxy", "no_proxy", "proxy_headers", "impersonate_user", "impersonate_groups")
# The other names that kubernetes.core reads from the environment.
_ALSO = {"validate_certs": "VERIFY_SSL", "ca_cert": "SSL_CA_CERT", "client_cert": "CERT_FILE", "client_key": "KEY_FILE"}
_PROXY_HEADERS = ("basic_auth", "proxy_basic_auth", "user_agent")
_PREFIX = "assay-keys-"
# Longer than any run and the clean-up after it (seconds).
_STALE = 24 * 3600.0
_LOCK = "in-use"
# Between the making of a folder and its lock there is a moment (seconds, generously).
_FRESH = 60.0
_Loader = getattr(yaml, "CSafeLoader", None) or getattr(yaml, "SafeLoader", None)


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name in NAMES:
        value = environ.get(f"K8S_AUTH_{_ALSO.get(name, name).upper()}") or environ.get(f"K8S_AUTH_{name.upper()}")
        if value:
            out[name] = value
    headers = {name: environ.get(f"K8S_AUTH_PROXY_HEADERS_{name.upper()}") for name in _PROXY_HEADERS}
    if any(headers.values()):
        out["proxy_headers"] = headers
    return out


def _yaml(text: str, origin: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise BadInput(f"kubeconfig: {origin} is not valid YAML{where}; give the path or the content of a kubeconfig") \
            from None


def _parse(text: str, origin: str) -> dict[str, Any]:
    data = _yaml(text, origin)
    if not isinstance(data, dict) or not isinstance(data.get("clusters"), list) or not data["clusters"]:
        raise BadInput(f"kubeconfig: {origin} names no clusters; give the path or the content of a kubeconfig")
    return data


def _is_content(value: str) -> bool:
    return "\n" in value.strip() or value.lstrip().startswith(("{", "apiVersion:", "clusters:"))


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "not text"
        raise BadInput(f"kubeconfig: cannot read {path}: {reason}") from None


def _merge(paths: list[Path]) -> Any:
    """Several files as kubectl reads them: absent ones are left out, and the first to say something is right."""
    there = [p for p in paths if p.exists()]
    if not there:
        raise BadInput(f"kubeconfig: none of {', '.join(map(str, paths))} exists")
    for path in there:
        if not isinstance(_yaml(_text_of(path), str(path)), dict):
            raise BadInput(f"kubeconfig: {path} names no clusters; give the path or the content of a kubeconfig")
    merger = library.load().kube_config.KubeConfigMerger(os.pathsep.join(map(str, there)))
    current = [c["current-context"] for c in merger.config_files.values() if c.get("current-context")]
    merger.config.value["current-context"] = current[0] if current else ""
    return merger.config


def _read(value: Any) -> tuple[Any, str]:
    """(kubeconfig as data, folder that relative paths in it start from) of a path, a content or a dictionary."""
    if isinstance(value, Mapping):
        return _parse(yaml.safe_dump(dict(value)), "the given dictionary"), ""
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise BadInput(f"kubeconfig: must be a path, the content or a dictionary, not {type(value).__name__}")
    if _is_content(text):
        return _parse(text, "the given content"), ""
    paths = [Path(os.path.expanduser(p)) for p in text.split(os.pathsep) if p]
    if len(paths) > 1:
        return _merge(paths), ""
    return _parse(_text_of(paths[0]), str(paths[0])), str(paths[0].resolve().parent)


def _context_of(config: Any, wanted: str | None, origin: str) -> str | None:
    config = getattr(config, "value", config)  # merged files come as the library's own nodes
    try:
        names = [c["name"] for c in config.get("contexts") or []]
    except (KeyError, TypeError):
        raise BadInput(f"kubeconfig: {origin} cannot be used: its contexts are not a list with a name each") from None
    if wanted and wanted not in names:
        raise BadInput(f"context: {origin} has no context {wanted!r}; it has {', '.join(map(str, names)) or 'none'}")
    if not wanted and config.get("current-context") not in names:
        if len(names) == 1:
            return names[0]
        raise BadInput(f"context: {origin} has no current context; name one of {', '.join(map(str, names)) or 'its own'}")
    return wanted


def _truth(value: Any, name: str) -> bool:
    text = str(value).strip().lower()
    if text in ("true", "yes", "on", "1", "t", "y"):
        return True
    if text in ("false", "no", "off", "0", "f", "n"):
        return False
    raise BadInput(f"{name}: must be true or false, not {value!r}")


def _file(value: Any, name: str) -> str:
    path = os.path.expanduser(str(value))
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise BadInput(f"{name}: cannot read {path}; name a readable PEM file")
    return path


class _KeyFolder:
    """A folder for keys that only this user reads. It goes with close(), or, when that never came, with a later one.

    Processes that use it hold a shared lock on a file in it, so that one of the dead is told wherever the two run.
    """

    def __init__(self) -> None:
        for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):
                about = old.stat()
                if about.st_uid == os.getuid() and about.st_mtime < time.time() - _FRESH and not self._in_use(old, about):
                    shutil.rmtree(old, ignore_errors=True)
        self.path = tempfile.mkdtemp(prefix=_PREFIX)
        self._held: dict[int, IO[str]] = {}  # by process
        self.hold()

    @staticmethod
    def _in_use(folder: Path, about: os.stat_result) -> bool:
        try:
            with open(folder / _LOCK, encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:  # of an earlier release
            return about.st_mtime > time.time() - _STALE
        return False

    def hold(self) -> None:
        """Also a fork that goes on when its parent has ended has to hold it."""
        if os.getpid() not in self._held:
            with contextlib.suppress(FileNotFoundError):  # closed already
                lock = open(os.path.join(self.path, _LOCK), "a", encoding="utf-8")  # pylint: disable=consider-using-with
                fcntl.flock(lock, fcntl.LOCK_SH)
                self._held[os.getpid()] = lock

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if lock := self._held.pop(os.getpid(), None):
            lock.close()


class _Heard(logging.Handler):
    """Keeps what the kubernetes package only logs: why an exec plugin or a login gave no credentials."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [line.strip() for line in record.getMessage().splitlines() if line.strip()]


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    handler = _Heard()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.lines
    finally:
        logging.getLogger().removeHandler(handler)


def _share_context(settings: dict[str, Any]) -> None:
    """One TLS context for all connections of a pool: otherwise each reads and parses the certificates anew."""
    ssl_ = library.load().urllib3.util.ssl_
    context = ssl_.create_urllib3_context(cert_reqs=settings.get("cert_reqs"))
    if settings.get("ca_certs") or settings.get("ca_cert_data"):
        context.load_verify_locations(settings.get("ca_certs"), cadata=settings.get("ca_cert_data"))
    else:
        context.load_default_certs()
    if settings.get("cert_file"):
        context.load_cert_chain(settings["cert_file"], settings.get("key_file"))
    for name in ("ca_certs", "ca_cert_data", "cert_file", "key_file"):
        settings.pop(name, None)
    settings["ssl_context"] = context


class Connection:
    """A resolved address with credentials. Certificates given as data lie in a private folder until close()."""

    def __init__(self, configuration: Any, context: str | None, folder: _KeyFolder, impersonate: list[tuple[str, str]]):
        self.configuration, self.context = configuration, context
        self.server: str = configuration.host.rstrip("/")
        self._folder, self._impersonate = folder, impersonate

    @classmethod
    def resolve(cls, options: Mapping[str, Any], environ: Mapping[str, str]) -> Connection:
        """From options (None: not given), else K8S_AUTH_* of environ. Raises BadInput in one sentence."""
        given = {**_environment(environ), **{k: v for k, v in options.items() if v not in (None, "")}}
        lib = library.load()
        configuration = lib.Configuration()
        folder = _KeyFolder()
        try:
            context = cls._from_kubeconfig(lib, configuration, given, environ, folder.path)
            cls._override(lib, configuration, given)
            if not configuration.host or configuration.host == "http://localhost":
                raise BadInput("host: no cluster address is given; set kubeconfig (a path or the content) or host")
            cls._log_in(configuration, given)
            return cls(configuration, context, folder, cls._as(given))
        except BaseException:
            folder.close()
            raise

    @staticmethod
    def _from_kubeconfig(lib: Any, configuration: Any, given: dict[str, Any], environ: Mapping[str, str],
                         folder: str) -> str | None:
        value, context = given.get("kubeconfig"), given.get("context")
        if value is None and context and not given.get("host"):
            value = environ.get("KUBECONFIG") or "~/.kube/config"
        if value is None:
            return None
        config, base = _read(value)
        origin = value if isinstance(value, str) and not _is_content(value) else "the kubeconfig"
        context = _context_of(config, context, origin)
        # The library remembers where it wrote which key, and would share the file of a connection that is closed sooner.
        getattr(lib.kube_config, "_temp_files", {}).clear()
        try:
            loader = lib.kube_config.KubeConfigLoader(config, active_context=context, config_base_path=base or None,
                                                      temp_file_path=folder)
            with _heard() as said:
                loader.load_and_set(configuration)
        except lib.ConfigException as e:
            raise BadInput(f"kubeconfig: {origin}: {str(e).splitlines()[0] if str(e) else 'cannot be used'}") from None
        except (KeyError, TypeError, ValueError, AttributeError, OSError) as e:
            raise BadInput(f"kubeconfig: {origin} cannot be used: {type(e).__name__}: {e}") from None
        anonymous = not (configuration.api_key or configuration.cert_file or given.get("api_key")
                         or given.get("client_cert"))
        if anonymous and said:
            user = getattr(getattr(loader, "_user", None), "value", None) or {}
            by = f" by {user['exec'].get('command')}" if isinstance(user.get("exec"), Mapping) else ""
            raise BadInput(f"kubeconfig: {origin}: no credentials were given{by}: {said[-1]}")
        return loader.current_context["name"]

    @staticmethod
    def _override(lib: Any, c: Any, given: dict[str, Any]) -> None:
        """Single options on top of the kubeconfig, as kubernetes.core does."""
        if given.get("host"):
            host = str(given["host"])
            c.host = host if "://" in host else f"https://{host}"
        if given.get("api_key"):
            c.api_key = {"authorization": f"Bearer {given['api_key']}"}
            c.refresh_api_key_hook = None
        if "validate_certs" in given:
            c.verify_ssl = _truth(given["validate_certs"], "validate_certs")
        for name, attribute in (("ca_cert", "ssl_ca_cert"), ("client_cert", "cert_file"), ("client_key", "key_file")):
            if given.get(name):
                setattr(c, attribute, _file(given[name], name))
        if bool(given.get("client_cert")) != bool(given.get("client_key")):
            raise BadInput("client_cert, client_key: give both of them, the certificate and its key, or neither")
        if given.get("proxy"):
            c.proxy = str(given["proxy"])
        if given.get("no_proxy"):
            c.no_proxy = str(given["no_proxy"])
        if given.get("proxy_headers"):
            if not isinstance(given["proxy_headers"], Mapping) or set(given["proxy_headers"]) - set(_PROXY_HEADERS):
                raise BadInput("proxy_headers: must be a dictionary with basic_auth, proxy_basic_auth or user_agent")
            c.proxy_headers = lib.urllib3.util.make_headers(**{k: v for k, v in given["proxy_headers"].items() if v})
        c.connection_pool_maxsize, c.retries = 64, False

    @staticmethod
    def _log_in(c: Any, given: dict[str, Any]) -> None:
        """A user's password is changed for a token at OpenShift's own login."""
        if not (given.get("username") and given.get("password")) or given.get("api_key"):
            if given.get("username") and not given.get("password"):
                raise BadInput("password: is missing beside username; give both, or api_key")
            return
        try:
            from openshift.helper import userpassauth
        except ImportError as e:
            raise library.missing("openshift", e) from None
        login = userpassauth.OCPLoginConfiguration(ocp_username=given["username"], ocp_password=given["password"])
        login.host, login.verify_ssl, login.ssl_ca_cert = c.host, c.verify_ssl, c.ssl_ca_cert
        try:
            login.get_token()
        except Exception:  # whatever requests or oauthlib raise: their text may carry the password
            raise BadInput(f"username, password: {c.host} gave no OpenShift token for them; plain Kubernetes takes no "
                           "passwords, give api_key or a kubeconfig there") from None
        c.api_key = dict(login.api_key)

    @staticmethod
    def _as(given: dict[str, Any]) -> list[tuple[str, str]]:
        groups = given.get("impersonate_groups") or []
        groups = [g.strip() for g in groups.split(",") if g.strip()] if isinstance(groups, str) else list(groups)
        if groups and not given.get("impersonate_user"):
            raise BadInput("impersonate_user: is needed beside impersonate_groups")
        who = [("Impersonate-User", str(given["impersonate_user"]))] if given.get("impersonate_user") else []
        return who + [("Impersonate-Group", str(g)) for g in groups]

    def headers(self) -> list[tuple[str, str]]:
        """Authorization and impersonation for one request; a token near its end is renewed here."""
        c = self.configuration
        out = [(s["key"], s["value"]) for s in c.auth_settings().values() if s.get("in") == "header" and s.get("value")]
        return out + self._impersonate

    def secrets(self) -> list[str]:
        """The credentials that requests carry, for the one place that keeps them out of all output."""
        return [value.rpartition(" ")[2] for name, value in self.headers() if name.lower() == "authorization"]

    def hold(self) -> None:
        """Keep the files of its keys: first thing in a fork that goes on when its parent has ended."""
        self._folder.hold()

    def pool(self) -> Any:
        """A new urllib3 pool manager with the TLS, proxy and timeout settings; one per client and process."""
        self.hold()
        manager = library.load().RESTClientObject(self.configuration).pool_manager
        if not self.configuration.verify_ssl:  # who asked for that knows
            warnings.filterwarnings("ignore", category=library.load().urllib3.exceptions.InsecureRequestWarning)
        with contextlib.suppress(OSError, ssl.SSLError):  # said by the first request, with its address
            _share_context(manager.connection_pool_kw)
        return manager

    def close(self) -> None:
        """Remove certificate and key files that were given as data."""
        self._folder.close()
