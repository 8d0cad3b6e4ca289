#!/usr/bin/python3
"""A mail server that keeps everything and delivers nothing, for the demo and the tests.

It asks for what a careful company's server asks for: STARTTLS first, then a name and
a password. Its certificate is signed by an authority of its own, made in DIR beside
the mails. On start it writes one line of JSON: its port and where the authority's
certificate stands. Each mail becomes DIR/mail/NNNN.eml, with NNNN.json beside it that
tells how it came. It ends with SIGTERM, or when whoever started it is gone (its
standard input ends).

Debian: python3-aiosmtpd, openssl.
"""

import argparse
import asyncio
import email
import json
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def certificates(folder):
    """An authority and a leaf for localhost, made once: one is not accepted as the other."""
    if (folder / "leaf.pem").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(
        "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "365",
        "-subj", "/CN=Estampe mail catcher authority",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
        cwd=folder,
    )
    openssl("req", "-new", *curve, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=localhost", cwd=folder)
    (folder / "leaf.ext").write_text(
        "basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"
    )
    openssl(
        "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "365", "-extfile", "leaf.ext", "-out", "leaf.pem.new", cwd=folder,
    )
    os.replace(folder / "leaf.pem.new", folder / "leaf.pem")


class Keeper:
    """Writes mails down, complete or not at all."""

    def __init__(self, folder, refuse, answer):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.refuse = refuse
        self.answer = answer
        self.count = sum(1 for _ in folder.glob("*.eml"))

    async def handle_DATA(self, server, session, envelope):
        if self.refuse > 0:
            self.refuse -= 1
            name = email.message_from_bytes(envelope.original_content)["message-id"]
            with (self.folder / "refused").open("a") as refused:
                refused.write(f"{name}\n")
            return self.answer
        self.count += 1
        name = f"{self.count:04}"
        how = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("ssl_object").version() if session.ssl else None,
            "user": session.auth_data.decode() if session.auth_data else None,
        }
        for ending, content in (("json", json.dumps(how).encode()), ("eml", envelope.original_content)):
            unfinished = self.folder / f".{name}.{ending}"
            unfinished.write_bytes(content)
            os.replace(unfinished, self.folder / f"{name}.{ending}")
        return "250 2.0.0 Kept"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dir", type=Path, required=True, help="where certificates and mails are kept")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--user", default="estampe")
    parser.add_argument("--password", default="only for the catcher")
    parser.add_argument("--refuse", type=int, default=0, help="refuse so many mails first; DIR/mail/refused names them")
    parser.add_argument("--answer", default="451 4.3.0 Come back later", help="what a refused mail is answered")
    given = parser.parse_args()

    # it warns of its own future at every sign-in
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    certificates(given.dir)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(given.dir / "leaf.pem", given.dir / "leaf.key")
    keeper = Keeper(given.dir / "mail", given.refuse, given.answer)

    def authenticate(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword)
        good = good and data.login == given.user.encode() and data.password == given.password.encode()
        if good:
            session.auth_data = data.login
        return AuthResult(success=good, handled=good, auth_data=data.login if good else None)

    def connection():
        return SMTP(
            keeper, hostname="localhost", tls_context=tls, require_starttls=True,
            auth_required=True, auth_require_tls=True, authenticator=authenticate, enable_SMTPUTF8=True,
        )

    async def serve():
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, over.set)
        if not sys.stdin.isatty():
            loop.add_reader(sys.stdin, lambda: None if os.read(0, 4096) else over.set())
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", given.port))
        await loop.create_server(connection, sock=listener)
        here = {"port": listener.getsockname()[1], "ca_file": str((given.dir / "ca.pem").resolve())}
        print(json.dumps(here), flush=True)
        await over.wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
