# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kubeconfigs and tokens in the shapes that people keep them in, and what is never said of them."""
from __future__ import annotations

import base64

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.tests.unit.kube.kubeconfigs import config

TEXT = yaml.safe_dump(config("east", user={"token": "tok-secret-1234567890"}))
HINT = "give the path or the content of a kubeconfig"


def _coded(text, encoding="utf-8"):
    return base64.b64encode(text.encode(encoding)).decode()


@pytest.mark.parametrize("value", [
    _coded(TEXT), _coded(TEXT) + "\n", base64.encodebytes(TEXT.encode()).decode(), _coded(_coded(TEXT)),
    _coded(TEXT).rstrip("="), base64.urlsafe_b64encode(TEXT.encode()).decode(), _coded(TEXT, "utf-16"), "\ufeff" + TEXT,
    TEXT.replace("\n", "\r\n"), TEXT + "---\n"],
    ids=["plain", "line end", "wrapped", "twice", "unpadded", "of URLs", "utf-16", "mark", "crlf", "end mark"])
@pytest.mark.parametrize("as_file", [False, True])
def test_a_kubeconfig_in_base64_is_used(resolve, tmp_path, value, as_file):
    if as_file:
        (tmp_path / "config").write_text(value, encoding="utf-8", newline="")
        value = str(tmp_path / "config")
    found = resolve({"kubeconfig": value})
    assert (found.server, found.secrets()) == ("https://east:6443", ["tok-secret-1234567890"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_a_file_is_read_by_its_mark(resolve, tmp_path, encoding):
    (tmp_path / "config").write_text(TEXT, encoding=encoding)
    assert resolve({"kubeconfig": str(tmp_path / "config")}).server == "https://east:6443"


@pytest.mark.parametrize(("value", "sentence"), [
    (_coded("apiVersion: v1\nkind: Config\n# token sec"), f"kubeconfig: the given content names no clusters; {HINT}"),
    (_coded("apiVersion: v1\n\tusers: [tok-secret"), f"kubeconfig: the given content is not valid YAML at line 2; {HINT}"),
    (_coded("tok-secret-1234567890-of-nobody"),
     f"kubeconfig: the given text is base64, and what is in it is no kubeconfig; {HINT}"),
    ("eyJhbGciOiJSUzI1NiIsImtpZCI6InNlY3JldCJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6eCJ9.c2lnbmF0dXJlMTIzNDU2Nzg5MA",
     "kubeconfig: cannot read the given text: No such file or directory"),
    ("H4sIAAAAAAAAA" + _coded(TEXT), "kubeconfig: cannot read the given text: "),
    ("/srv/" + "folder/" * 60 + "a.yml",
     f"kubeconfig: cannot read …{('folder/' * 60 + 'a.yml')[-100:]}: No such file or directory"),
    ("config:", "kubeconfig: cannot read config: No such file or directory"),
    ("/no/such:/" + "long" * 80, f"kubeconfig: cannot read …{'long' * 25}: File name too long"),
    ("/srv/\x1b[2Jx", "kubeconfig: cannot read /srv/?[2Jx: No such file or directory"),
    ("/srv/\0", "kubeconfig: cannot read /srv/"),
    (TEXT + "---\n" + TEXT, "kubeconfig: the given content holds 2 documents; keep the one that is meant"),
    (TEXT + "\nx: &a [*a]\ny: 2024-99-99\n? {a: b}\n: c\n", "kubeconfig: the given content is not valid YAML at line"),
    ({**config("east"), "users": config("east")["users"] * 2},
     "kubeconfig: the given dictionary has two users named 'east'; keep the one that is meant"),
])
def test_what_cannot_be_used_is_one_sentence_without_the_value(resolve, value, sentence):
    with pytest.raises(BadInput) as e:
        resolve({"kubeconfig": value})
    said = str(e.value)
    assert said.startswith(sentence) and "\n" not in said and "tok-secret" not in said and len(said) < 300


def test_a_path_may_have_an_empty_neighbour(resolve, tmp_path, monkeypatch):
    """As in KUBECONFIG=config:$MORE."""
    (tmp_path / "config").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    for value in ("config:", ":config", "config:no-such", "config:\n"):
        assert resolve({"kubeconfig": value}).server == "https://east:6443"
    assert resolve({"context": "east"}, KUBECONFIG="config:").server == "https://east:6443"


def test_of_several_files_the_empty_ones_are_left_out(resolve, tmp_path):
    for name, text in (("a", ""), ("b", "---\n"), ("c", TEXT)):
        (tmp_path / name).write_text(text)
    assert resolve({"kubeconfig": ":".join(str(tmp_path / n) for n in "abc")}).server == "https://east:6443"
    with pytest.raises(BadInput, match="names no clusters"):
        resolve({"kubeconfig": ":".join(str(tmp_path / n) for n in "ab")})


def test_a_broken_one_of_several_files_says_nothing_of_its_users(resolve, tmp_path):
    (tmp_path / "a").write_text(yaml.safe_dump({**config("east", user={"token": "tok-secret"}), "contexts": []}))
    (tmp_path / "b").write_text(yaml.safe_dump({"contexts": [{"name": "x", "context": {"user": "east"}}]}))
    with pytest.raises(BadInput) as e:
        resolve({"kubeconfig": f"{tmp_path}/a:{tmp_path}/b"})
    assert str(e.value) == f"kubeconfig: {tmp_path}/b: contexts[x] names no cluster"


def test_names_and_tokens_that_look_like_numbers_and_dates_stay_as_they_are_written(resolve):
    text = ("contexts: [{name: 2024-05-01, context: {cluster: 007, user: 1e3}}]\nclusters: [{name: 007, cluster: {server: a.test}}]\n"
            "users: [{name: 1e3, user: {token: 0123456789}}]\n")
    found = resolve({"kubeconfig": text, "context": "2024-05-01"})
    assert (found.context, found.server, found.secrets()) == ("2024-05-01", "https://a.test", ["0123456789"])


# ---- tokens ---------------------------------------------------------------------------------------------------
@pytest.fixture(params=["token", "tokenFile", "api_key", "environment"])
def sign_in(request, resolve, tmp_path):
    """A connection with this token, wherever it is kept."""
    def call(value):
        if request.param == "api_key":
            return resolve({"host": "https://a", "api_key": value})
        if request.param == "environment":
            return resolve(K8S_AUTH_HOST="https://a", K8S_AUTH_API_KEY=value)
        if request.param == "token":
            return resolve({"kubeconfig": config("east", user={"token": value})})
        (tmp_path / "token").write_text(value, encoding="utf-8", newline="")
        return resolve({"kubeconfig": config("east", user={"tokenFile": str(tmp_path / "token")})})

    return call


@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", " \t{} \n\n", "\n{}", "\ufeff{}", "{}\0"])
def test_white_space_around_a_token_is_no_part_of_it(sign_in, around):
    found = sign_in(around.format("abc123secret"))
    assert found.headers() == [("authorization", "Bearer abc123secret")] and found.secrets() == ["abc123secret"]


@pytest.mark.parametrize(("value", "words"), [
    ("abc123\nsecret", "holds a line end in the middle"), ("abc123\r\nsecret", "holds a line end in the middle"),
    ("abc123\u2028secret", "holds a line end in the middle"), ("abc123 secret", "holds white space in the middle"),
    ("abc123\x00secret", "holds characters that no request can carry"),
    ("abc123sécret", "holds characters that no request can carry"),
    ("REDACTED", "is REDACTED; take the output of kubectl config view --raw"), (" \n", "is empty")])
def test_a_token_that_no_request_can_carry_is_one_sentence_without_it(sign_in, value, words):
    with pytest.raises(BadInput) as e:
        sign_in(value)
    said = str(e.value)
    assert said.endswith(words) and "abc123" not in said and "cret" not in said and "\n" not in said


@pytest.mark.parametrize("value", ["jane\nX-Evil: 1", "j\u00e4ne\u4e00", "jane\r"])
@pytest.mark.parametrize("option", [{"impersonate_user": "{}"},
                                    {"impersonate_user": "jane", "impersonate_groups": ["{}"]},
                                    {"proxy_headers": {"user_agent": "{}"}}])
def test_nothing_else_breaks_a_header_either(resolve, option, value):
    filled = yaml.safe_load(yaml.safe_dump(option).replace("'{}'", yaml.safe_dump(value, default_style='"').strip()))
    try:
        found = resolve({"host": "https://a", **filled})
        assert all("\r" not in v and "\n" not in v for _n, v in found.headers())
    except BadInput as e:
        assert "\n" not in str(e) and "Evil" not in str(e)


def test_the_file_of_a_token_goes_before_the_token(resolve, tmp_path):
    (tmp_path / "token").write_text("fresh")
    assert resolve({"kubeconfig": config("east", user={"token": "stale",
                                                       "tokenFile": str(tmp_path / "token")})}).secrets() \
        == ["fresh"]
    with pytest.raises(BadInput, match=r"^kubeconfig: users\[east\].tokenFile /no/such cannot be read: No such file or directory$"):
        resolve({"kubeconfig": config("east", user={"token": "stale", "tokenFile": "/no/such"})})


# ---- whose credentials they are ---------------------------------------------------------------------------------
def test_a_context_whose_user_is_not_there_is_no_anonymous_request(resolve):
    with pytest.raises(BadInput) as e:
        resolve({"kubeconfig": {**config("east"), "users": [{"name": "other", "user": {"token": "x"}}]}})
    assert str(e.value) == "kubeconfig: context 'east' names user 'east', which is not among its users (other)"


@pytest.mark.parametrize(("name", "words"), [
    ("azure", "auth-provider azure is not supported any more; use exec, with kubelogin"),
    ("openstack", "auth-provider openstack is not supported any more; use exec"),
    ("oidc", "no credentials were given by auth-provider oidc: ConfigException")])
def test_a_provider_that_gives_nothing_is_one_sentence(resolve, name, words):
    with pytest.raises(BadInput) as e:
        resolve({"kubeconfig": config("east", user={"auth-provider": {"name": name,
                                                                      "config": {"access-token": "tok-secret"}}})})
    assert str(e.value) == f"kubeconfig: users[east]: {words}"


# ---- in the place of a path ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("option", ["client_key", "ca_cert", "kubeconfig", "client-key", "tokenFile", "certificate-authority"])
def test_a_key_in_the_place_of_a_path_is_not_said(resolve, pair, option):
    key = (pair / "jane.key").read_text()
    for value in (key, key.replace("\n", ""), base64.b64encode(key.encode()).decode(), "eyJhbGciOiJSUzI1NiIsImtpZCI6InNlY3JldCJ9.x"):
        options = {"host": "https://a", option: value}
        if "-" in option or option == "tokenFile":
            user = {"client-certificate": str(pair / "jane.crt"), "client-key": str(pair / "jane.key"), option: value}
            options = {"kubeconfig": config("east", user=user, cluster={option: value} if option.startswith("cert") else None)}
        with pytest.raises(BadInput) as e:
            resolve(options)
        said = str(e.value)
        assert said.isprintable() and not any(value[i:i + 12] in said for i in range(27, len(value) - 12)), said
