"""A real SMTP server for tests (aiosmtpd). Each mail it takes becomes a line of JSON in a file, which is
flushed before the sender hears "250": whatever happens to the sender then, the test knows.

What a recipient's name begins with says how the server treats it: `refused` 550, `abroad` 554 as to
somebody it does not relay for, `later` 451 once and then as usual, `unwanted` 554 after the mail itself, `slow` a pause before the answer.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Mailbox:
    def __init__(self, path, pause):
        self.file = open(path, "a", encoding="utf-8")
        self.pause = pause
        self.put_off = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}>: there is no such mailbox"
        if address.startswith("abroad"):
            return f"554 5.7.1 <{address}>: Relay access denied"
        if address.startswith("later") and address not in self.put_off:
            self.put_off.add(address)
            return f"451 4.7.1 <{address}>: come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to.startswith("unwanted"):
            return f"554 5.7.1 <{to}> does not want this"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "secure": server.transport.get_extra_info("sslcontext") is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "headers": [[name, str(value)] for name, value in message.items()],
            "text": parts.get("text/plain"),
            "html": parts.get("text/html"),
            "raw": envelope.content.decode("utf-8"),
        }
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()
        await asyncio.sleep(5 if to.startswith("slow") else self.pause)
        return "250 2.0.0 OK"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("file")
    parser.add_argument("--tls", choices=["none", "starttls", "tls"], default="none")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--login", help="user:password")
    parser.add_argument("--pause", type=float, default=0)
    options = parser.parse_args()
    mailbox = Mailbox(options.file, options.pause)
    context = None
    if options.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)

    def authenticate(server, session, envelope, mechanism, data):
        is_right = f"{data.login.decode()}:{data.password.decode()}" == options.login
        # Not handled: then the server itself says 535.
        return AuthResult(success=is_right, handled=is_right, auth_data=data)

    def server():
        return SMTP(
            mailbox,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=context if options.tls == "starttls" else None,
            require_starttls=options.tls == "starttls",
            authenticator=authenticate if options.login else None,
            auth_required=bool(options.login),
            auth_require_tls=options.tls == "starttls",
        )

    loop = asyncio.get_running_loop()
    at_once = context if options.tls == "tls" else None
    listener = await loop.create_server(server, "127.0.0.1", options.port, ssl=at_once)
    await listener.serve_forever()


asyncio.run(main())
