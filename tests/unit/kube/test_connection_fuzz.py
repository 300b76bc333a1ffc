# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Thousands of kubeconfigs and options in the forms that people keep them in, and broken: a connection or one sentence."""
from __future__ import annotations

import base64
import random
import socket

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.kube import program
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.tests.unit.kube.kubeconfigs import coded

SECRETS = ["eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlLXBsYW50ZWQ", "planted-token-0123456789abcdef",
           "kubeconfig-u-abcde:9x8w7v6u5t4s3r2q1p0o9n8m7l6k5j4h3g2f1d", "PlantedPassw0rd!of-jane",
           "7f3b9c1d2e4a5f60718293a4b5c6d7e8"]
WEIRD = ["\n", "\r", "\0", "\x1b[2J", "\u202e", "\ufeff", " ", "\t", "'", '"', "{", "]", ":", "%", "é", "日", "🙂",
         "\x85", "*a", "&a"]
ODD = [None, "", 0, 1, 1.5, True, False, [], {}, [1], {"a": 1}, "REDACTED", "DATA+OMITTED", "x", "true", "~",
       "2024-05-01"]


class Maker:
    """Everything comes from the dice, so that a number names a case."""

    def __init__(self, dice, folder, tmp_path):
        self.dice, self.folder, self.tmp, self.secrets = dice, folder, tmp_path, list(SECRETS)
        self.pems = {p.name: p for p in sorted(folder.iterdir())}

    def often(self, share):
        return self.dice.random() < share

    def secret(self):
        value = self.dice.choice(SECRETS)
        if self.often(0.3):
            at = self.dice.randrange(len(value) + 1)
            value = value[:at] + self.dice.choice(WEIRD) + value[at:]
        return value + ("\n" if self.often(0.2) else "")

    def data(self, name):
        text = coded(self.pems[name])
        kind = self.dice.randrange(10)
        if kind == 0:
            return base64.b64encode(text.encode()).decode()
        if kind == 1:
            return text[:self.dice.randrange(len(text))]
        if kind == 2:
            at = self.dice.randrange(len(text))
            return text[:at] + self.dice.choice("AZ=%\n") + text[at + 1:]
        if kind == 3:
            return self.pems[name].read_text()
        if kind == 4:
            return self.dice.choice(ODD)
        return text

    def user(self):
        d, user = self.dice, {}
        if self.often(0.6):
            user["token"] = self.secret()
        if self.often(0.2):
            path = self.tmp / "token"
            path.write_bytes(self.secret().encode(d.choice(["utf-8", "utf-16", "utf-8-sig"])))
            user["tokenFile"] = d.choice([str(path), "token", "/no/such", "", str(self.tmp)])
        if self.often(0.5):
            user["client-certificate-data"] = self.data(d.choice(["jane.crt", "jane.crt", "joe.crt", "jane.key"]))
        if self.often(0.5):
            user["client-key-data"] = self.data(d.choice(["jane.key", "jane.key", "joe.key", "rsa.key", "locked.key",
                                                          "jane.crt"]))
        if self.often(0.1):
            user["client-key"] = d.choice([str(self.pems["locked.key"]), "/no/such", "x\0y", str(self.tmp)])
            user["client-certificate"] = d.choice([str(self.pems["jane.crt"]), "/dev/null", ""])
        if self.often(0.15):
            user.update(username="jane", password=self.secret())
        if self.often(0.15):
            user["exec"] = {"apiVersion": "v1", "command": d.choice(["sign-in", "/no/such", ""]),
                            "args": d.choice([None, ["--x"], "y"]),
                            "env": d.choice([None, [{"name": "A", "value": self.secret()}], "x"]),
                            "interactiveMode": d.choice([None, "Never", "IfAvailable", "Always"])}
        if self.often(0.1):
            name = d.choice(["azure", "oidc", "gcp", "", None])
            user["auth-provider"] = {"name": name, "config": {"id-token": self.secret(), "access-token": self.secret()}}
        return self.broken(user)

    def broken(self, of):
        if of and self.often(0.1):
            of[self.dice.choice(sorted(of))] = self.dice.choice(ODD)
        return of if self.often(0.98) else self.dice.choice(ODD)

    def cluster(self):
        d = self.dice
        cluster = {"server": d.choice(["https://a:1", "https://a:1", "a:1", "http://a:1", "HTTPS://A", "ftp://x",
                                       f"https://u:{SECRETS[3]}@a",
                                       "https://", "https://a b", "https://[::1", *ODD])}
        if self.often(0.4):
            cluster["certificate-authority-data"] = self.data(d.choice(["ca.crt", "ca.crt", "ca.key"]))
        if self.often(0.2):
            cluster["insecure-skip-tls-verify"] = d.choice([True, False, "yes", *ODD])
        if self.often(0.15):
            cluster["proxy-url"] = d.choice(["http://p:1", "p:1", f"socks5://u:{SECRETS[3]}@p", f"u:{SECRETS[3]}@p",
                                             *ODD])
        return self.broken(cluster)

    def config(self):
        d = self.dice
        names = d.choice([["east"], ["east", "west"], ["2024-05-01"], ["é\x1b"]])
        made = {"apiVersion": "v1", "kind": "Config", "current-context": d.choice([*names, "", "gone"]),
                "clusters": [{"name": n, "cluster": self.cluster()} for n in names],
                "users": [{"name": n, "user": self.user()} for n in names if self.often(0.95)],
                "contexts": [{"name": n, "context": self.broken({"cluster": n, "user": n})} for n in names]}
        return self.broken(made)

    def value(self):
        """The option `kubeconfig`."""
        d, made = self.dice, self.config()
        kind = d.randrange(12)
        if kind < 2 or not isinstance(made, dict):
            return made
        text = yaml.safe_dump(made)
        if kind == 2:
            at = d.randrange(len(text))
            text = text[:at] + d.choice(WEIRD) + text[at:]
        if kind == 3:
            text = text[:d.randrange(len(text))]
        if kind == 4:
            text += "---\n" + text
        if kind == 5:
            return self.secret()
        if kind < 9:
            form = d.choice([base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
            coded_text = form(text.encode(d.choice(["utf-8", "utf-16"]))).decode()
            self.secrets.append(coded_text.replace("\n", ""))
            return coded_text[:d.randrange(len(coded_text))] if self.often(0.3) else coded_text
        if kind < 11:
            path = self.tmp / "config"
            path.write_bytes(text.encode(d.choice(["utf-8", "utf-8-sig", "utf-16", "utf-32"]), "replace"))
            return d.choice([str(path), f"{path}:{path}", f"{path}:/no/such", f"/no/{'x' * d.randrange(5000)}"])
        return text

    def options(self):
        d, out = self.dice, {}
        if self.often(0.9):
            out["kubeconfig"] = self.value()
        for name, share, values in (
                ("context", 0.1, ["east", "gone", "2024-05-01", "a\nb"]),
                ("host", 0.2, ["a:1", "http://a", "https://a", "https://a\n", "//"]),
                ("api_key", 0.1, [self.secret()]), ("validate_certs", 0.2, [True, False, "yes", "perhaps"]),
                ("ca_cert", 0.1, [str(self.pems["ca.crt"]), str(self.pems["jane.key"]), "/no\0x", "/no/such"]),
                ("client_cert", 0.1, [str(self.pems["jane.crt"]), "/no/such"]),
                ("proxy", 0.05, ["http://p", "p:1", f"x:{SECRETS[3]}@p"]),
                ("client_key", 0.1, [str(self.pems[n]) for n in ("jane.key", "joe.key", "locked.key")]),
                ("impersonate_user", 0.05, ["jane", "ja\nne", "jäne"]),
                ("impersonate_groups", 0.05, [["a"], "a,b", ["a\r"]])):
            if self.often(share):
                out[name] = d.choice(values)
        return out


def _asked(secrets, said):
    """A piece of a secret in the sentence, as a cut one is one, too; of a whole kubeconfig in base64 a longer one."""
    def pieces(size):
        return (said[i:i + size] for i in range(len(said) - size + 1))

    return next((p for p in pieces(16) if any(p in s for s in secrets[:len(SECRETS)])), "") or next(
        (p for p in pieces(24) if any(p in s for s in secrets)), "")


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.gauntlet) for n in (1, 2, 3))])
def test_a_connection_or_one_sentence_without_a_secret_and_no_request_before(seed, pair, tmp_path, monkeypatch, capfd):
    dice, asked, sound, sentences = random.Random(seed), [], 0, set()
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: asked.append(address) or 1 / 0)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_more: asked.append(address) or 1 / 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "keys"))
    (tmp_path / "keys").mkdir()
    answers = [program.Answer(token=SECRETS[1]), program.Answer(token="a b"), program.Answer(cert="x", key="y"),
               program.NoCredentials("no")]

    def run(self):
        answer = dice.choice(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(program.Program, "run", run)
    for _case in range(2000 if seed == 0 else 600):  # thousands without the gauntlet, too
        maker = Maker(dice, pair, tmp_path)
        options = maker.options()
        try:
            found = Connection.resolve(options, {})
        except BadInput as e:
            said = str(e)
            sentences.add(said.partition(":")[0])
            assert said.isprintable() and 10 < len(said) < 700, (options, said)
            assert not _asked(maker.secrets, said), (options, said)
        else:
            sound += 1
            assert all(v.isascii() and v.isprintable() for _n, v in found.headers()), options
            if options.get("validate_certs") in (True, "yes") or ("ca_cert" in options and "validate_certs" not in options):
                assert found.configuration.verify_ssl, options
                assert found.server.startswith("https://") or not found.secrets(), options
            found.tell_secrets(lambda secret: None)
            found.pool().clear()  # OpenSSL finds them sound, too
            found.close()
    assert asked == [] and capfd.readouterr() == ("", "")
    assert sound > 9 and {"kubeconfig", "host", "context"} <= sentences
    assert list((tmp_path / "keys").iterdir()) == []
