"""Atrium behind nginx, plain and with TLS, set up as docs/how-to/reverse-proxy.md says; both on the server's core."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bench.process import Process, free_port
from bench.programs import nginx
from bench.servers import COMMAND_TIMEOUT_S, Atrium

CONFIGURATION = """\
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 65536;
pid nginx.pid;
error_log stderr error;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    client_body_temp_path temporary; proxy_temp_path temporary; fastcgi_temp_path temporary;
    uwsgi_temp_path temporary; scgi_temp_path temporary;
    server {{
        listen 127.0.0.1:{port} {tls};
        client_max_body_size 110m;
        {certificate}
        location / {{
            proxy_pass http://127.0.0.1:{atrium};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $http_connection;
            proxy_read_timeout 75s;
            proxy_request_buffering off;
        }}
    }}
}}
"""
CERTIFICATE = "ssl_certificate certificate.pem; ssl_certificate_key key.pem;"
SELF_SIGNED = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
    *("-subj", "/CN=127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"),
)


class AtriumBehindNginx(Atrium):
    """CPU and memory are Atrium's and nginx's together."""

    name = "Atrium behind nginx"
    tls = False

    def environment(self) -> dict[str, str]:
        return super().environment() | {"ATRIUM_TRUSTED_PROXIES": "127.0.0.1/32"}

    def start(self) -> None:
        super().start()
        port = free_port()
        self._configure(port)
        command: list[str | Path] = [nginx(), "-p", self.data, "-c", "nginx.conf", "-e", "stderr"]
        self.launch(command, {}, self.data).wait_for_port(port)

    @property
    def proxy(self) -> Process:
        """nginx."""
        return self.processes[-1]

    def _configure(self, port: int) -> None:
        if self.tls:
            made = subprocess.run(SELF_SIGNED, cwd=self.data, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
            if made.returncode:
                raise RuntimeError(f"No certificate: {made.stderr.strip()}")
        text = CONFIGURATION.format(
            port=port,
            atrium=self.processes[0].port,
            user="user root;" if os.getuid() == 0 else "",
            tls="ssl" if self.tls else "",
            certificate=CERTIFICATE if self.tls else "",
        )
        (self.data / "nginx.conf").write_text(text)


class AtriumBehindTls(AtriumBehindNginx):
    """The same, and nginx ends the clients' TLS."""

    name = "Atrium behind nginx, TLS"
    tls = True

    def reach(self, document: str) -> list[str]:
        return [*super().reach(document), "--tls"]
