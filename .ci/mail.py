"""A mail server by aiosmtpd: STARTTLS, a login, and each mail read by Python's own library into N.json of a directory."""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

HERE = Path(sys.argv[1])
USER, PASSWORD = os.environ["MAIL_USER"].encode(), os.environ["MAIL_PASSWORD"].encode()


class Keep:
    count = 0

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.count += 1
        part = lambda kind: message.get_body((kind,))
        walked = [str(defect) for one in message.walk() for defect in one.defects]
        said = {
            "from": str(message["From"]),
            "to": envelope.rcpt_tos[0],
            "tls": session.ssl is not None,
            "subject": str(message["Subject"]),
            "message_id": message["Message-ID"],
            "in_reply_to": message["In-Reply-To"],
            "plain": part("plain").get_content(),
            "html": part("html").get_content(),
            "defects": walked + [str(defect) for name in message for defect in message[name].defects],
        }
        (HERE / f"{self.count}.json").write_text(json.dumps(said))
        return "250 kept"


def login(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (USER, PASSWORD))


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(HERE / "cert.pem", HERE / "key.pem")
    keep = Keep()
    new = lambda: SMTP(keep, tls_context=context, require_starttls=True, auth_required=True, authenticator=login)
    server = await asyncio.get_running_loop().create_server(new, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
