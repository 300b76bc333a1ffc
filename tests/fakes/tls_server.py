# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real TLS server that serves any chain, at once or after STARTTLS as SMTP, IMAP, POP3, LDAP and PostgreSQL have it.

As a program: `python -m tests.fakes.tls_server FOLDER PORT` serves FOLDER/chain.pem with FOLDER/key.pem until it is killed.
"""
from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.fakes.authority import Issued, chain_pem


def _smtp(sock: socket.socket) -> bool:
    sock.sendall(b"220-mail.test welcomes you\r\n220 mail.test ESMTP\r\n")
    if not sock.recv(1000).startswith(b"EHLO"):
        return False
    sock.sendall(b"250-mail.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
    if sock.recv(1000) != b"STARTTLS\r\n":
        return False
    sock.sendall(b"220 2.0.0 Ready to start TLS\r\n")
    return True


def _imap(sock: socket.socket) -> bool:
    sock.sendall(b"* OK IMAP4rev1 ready\r\n")
    tag, _space, verb = sock.recv(1000).strip().partition(b" ")
    sock.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + tag + b" OK Begin TLS\r\n")
    return verb == b"STARTTLS"


def _pop3(sock: socket.socket) -> bool:
    sock.sendall(b"+OK POP3 ready\r\n")
    good = sock.recv(1000) == b"STLS\r\n"
    sock.sendall(b"+OK Begin TLS\r\n")
    return good


def _ldap(sock: socket.socket) -> bool:
    """RFC 4511: an ExtendedRequest of message 1 for the object identifier of StartTLS, and success for it."""
    good = sock.recv(1000) == bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
    sock.sendall(bytes.fromhex("300c02010178070a010004000400"))
    return good


def _postgres(sock: socket.socket) -> bool:
    good = sock.recv(1000) == bytes.fromhex("0000000804d2162f")
    sock.sendall(b"S")
    return good


def _refuses(sock: socket.socket) -> bool:
    """An SMTP server without TLS."""
    sock.sendall(b"220 mail.test ESMTP\r\n")
    sock.recv(1000)
    sock.sendall(b"250 mail.test\r\n")
    sock.recv(1000)
    sock.sendall(b"502 5.5.1 command not implemented\r\n")
    return False


_BEFORE: dict[str, Callable[[socket.socket], bool]] = {"smtp": _smtp, "imap": _imap, "pop3": _pop3, "ldap": _ldap,
                                                       "postgres": _postgres, "refuses": _refuses}


class TlsServer:
    """Use as a context manager; port is where it listens. serve() gives it another chain, as a renewal does.

    client_ca: PEM of whom clients must be of; without a certificate they are refused. newest: the newest TLS that it speaks.
    """

    def __init__(self, *chain: Issued, starttls: str = "", client_ca: str = "", newest: ssl.TLSVersion | None = None,
                 port: int = 0, host: str = "127.0.0.1"):
        self._starttls, self._client_ca, self._newest = starttls, client_ca, newest
        self.serve(*chain)
        self._listener = socket.create_server((host, port))
        self.port: int = self._listener.getsockname()[1]

    def serve(self, *chain: Issued) -> None:
        self._load(chain_pem(*chain), chain[0].key_pem)

    def _load(self, chain: str, key: str) -> None:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("chain", chain), ("key", key)):
                Path(folder, name).write_text(text, encoding="ascii")
            made.load_cert_chain(Path(folder, "chain"), Path(folder, "key"))
        if self._newest:
            made.maximum_version = self._newest
        if self._client_ca:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(cadata=self._client_ca)
        self._context = made

    def __enter__(self) -> TlsServer:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_args: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # whoever waits in accept() would hold the address
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._talk, args=self._listener.accept()[:1], daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            sock.settimeout(10)
            if self._starttls and not _BEFORE[self._starttls](sock):
                return
            with self._context.wrap_socket(sock, server_side=True) as secure:
                if secure.recv(1000):
                    secure.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    server = TlsServer.__new__(TlsServer)
    server._starttls, server._client_ca, server._newest = "", "", None
    server._load((folder / "chain.pem").read_text(encoding="ascii"), (folder / "key.pem").read_text(encoding="ascii"))
    server._listener = socket.create_server(("0.0.0.0", port))
    with server:
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main()
