"""The server of `kubecheck explore`: answers GET on the loopback interface, to pages that it has sent itself.

The standard library's http.server is enough: one user, a dozen requests a minute, files from the package and answers in JSON. It is no
server for the open network, and is never bound to it. What a hostile page in the same browser could try is refused: another Host (DNS
rebinding), a request from another site, any method but GET and HEAD. Nothing can be written: the path is in the request.

A search goes on as long as who asked for it waits: it ends when its connection is closed.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import sys
import traceback
import urllib.parse
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from kubecheck.checker.graph.expression import ExpressionError
from kubecheck.checker.stepper import ChoiceError, SearchLimits
from kubecheck.cli.explorer import page
from kubecheck.cli.explorer.protocol import Problem
from kubecheck.cli.explorer.session import Session
from kubecheck.cli.output import json_bytes
from kubecheck.cli.versions import kubecheck_version
from kubecheck.spec.frontend.query import LONGEST

ADDRESS: Final = "127.0.0.1"
_TYPES: Final = {"js": "text/javascript", "css": "text/css"}


class RefusedError(Exception):
    """A request that gets no answer but this."""

    def __init__(self, status: HTTPStatus, message: str, *, remedy: str = "", snippet: str = "", fits: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(message=message, remedy=remedy, snippet=snippet, fits=fits)


class ExplorerServer(ThreadingHTTPServer):
    """Serves one session. Raises OSError if the port is taken; port 0 means any that is free."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, session: Session, *, port: int, start: tuple[int, ...], note: str, limits: SearchLimits) -> None:
        self.session, self.limits = session, limits
        self.info = session.info(start=start, note=note)
        super().__init__((ADDRESS, port), _Handler)
        self.hosts = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}
        self.url = f"http://{ADDRESS}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is nobody's fault; anything else is told on standard error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    server: ExplorerServer
    protocol_version = "HTTP/1.1"
    server_version = f"kubecheck/{kubecheck_version()}"
    sys_version = ""
    timeout = 30  # seconds that a connection may say nothing

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # any other method
            return self._refuse_method
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Requests are not logged: the terminal is the user's."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library finds wrong with a request, told as everything else is."""
        status = HTTPStatus(code)
        self.close_connection = True
        with contextlib.suppress(OSError):
            self._send_problem(status, Problem(message=message or status.phrase))

    def _refuse_method(self) -> None:
        self.close_connection = True  # a body may follow, which nobody reads
        problem = Problem(message=f"{self.command[:20]} is not answered", remedy="this server is only read from: GET or HEAD")
        self._send_problem(HTTPStatus.METHOD_NOT_ALLOWED, problem, allow="GET, HEAD")

    def _answer(self) -> None:
        try:
            self._check_origin()
            body, kind = self._body(urllib.parse.urlsplit(self.path))
        except RefusedError as refused:
            self._send_problem(refused.status, refused.problem)
        except ConnectionError:
            raise
        except Exception as error:  # a fault of ours; the page says so, the terminal has the rest
            traceback.print_exc()
            message = f"a fault of kubecheck's own: {type(error).__name__}: {error}"
            self._send_problem(HTTPStatus.INTERNAL_SERVER_ERROR, Problem(message=message, remedy="the terminal has the details"))
        else:
            self._send(HTTPStatus.OK, body, kind)

    def _check_origin(self) -> None:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            raise RefusedError(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"this server does not answer for {', '.join(hosts)[:100] or 'a request without Host'}",
                remedy=f"open {self.server.url}",
            )
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise RefusedError(HTTPStatus.BAD_REQUEST, "a request has no body here", remedy="send GET without one")
        site = self.headers.get("Sec-Fetch-Site", "same-origin")
        opens_page = self.headers.get("Sec-Fetch-Mode") == "navigate" and self.path.split("?")[0] == "/"
        origin = self.headers.get("Origin", "").lower()
        foreign = origin and origin not in {f"http://{host}" for host in self.server.hosts}
        if foreign or (site not in ("same-origin", "none") and not opens_page):
            raise RefusedError(
                HTTPStatus.FORBIDDEN, "this was asked for by a page from elsewhere", remedy=f"open {self.server.url} itself"
            )

    def _body(self, url: urllib.parse.SplitResult) -> tuple[bytes, str]:
        if url.path == "/":
            return page.served_page(self.server.info.spec).encode(), "text/html"
        if url.path.startswith("/assets/"):
            name = url.path.removeprefix("/assets/")
            if name in page.ASSETS:
                return page.asset(name).encode(), _TYPES[name.rpartition(".")[2]]
        questions = {"/api/info": self._info, "/api/view": self._view, "/api/rows": self._rows, "/api/find": self._find}
        if url.path not in questions:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"there is nothing at {url.path[:100]}", remedy=f"open {self.server.url}")
        try:
            query = _query(url.query)
            found = questions[url.path](query)
        except ChoiceError as error:
            raise RefusedError(
                HTTPStatus.NOT_FOUND,
                str(error),
                remedy="the path belongs to another spec or scope, or was cut; go back to the initial state",
                fits=".".join(query["path"].split(".")[: error.step]),
            ) from None
        except ExpressionError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, str(error), remedy=error.remedy, snippet=error.snippet) from None
        return json_bytes(found, shown=True), "application/json"

    def _info(self, _: dict[str, str]) -> Any:
        return self.server.info

    def _view(self, query: dict[str, str]) -> Any:
        return self.server.session.view(parse_path(query.get("path", "")))

    def _rows(self, query: dict[str, str]) -> Any:
        return self.server.session.rows(parse_path(query.get("path", "")))

    def _find(self, query: dict[str, str]) -> Any:
        session, limits = self.server.session, self.server.limits
        name, condition = query.get("property", ""), query.get("condition", "")
        if name:
            if name not in {p.name for p in session.spec.properties}:
                raise RefusedError(HTTPStatus.NOT_FOUND, f"there is no property {name[:100]}", remedy="the page lists them")
            return session.find_property(name, limits=limits, cancelled=self._is_gone)
        if not condition.strip():
            raise RefusedError(HTTPStatus.BAD_REQUEST, "there is no condition to search for", remedy="write one, for example: quiescent")
        if len(condition) > LONGEST:
            raise RefusedError(
                HTTPStatus.BAD_REQUEST, f"the condition has {len(condition):,} characters", remedy=f"at most {LONGEST:,}"
            )
        return session.find(condition, limits=limits, cancelled=self._is_gone)

    def _is_gone(self) -> bool:
        """Whether who asked has closed the connection, and waits no more."""
        try:
            readable, _, _ = select.select([self.connection], [], [], 0)
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True

    def _send_problem(self, status: HTTPStatus, problem: Problem, *, allow: str = "") -> None:
        self._send(status, json_bytes(problem, shown=True), "application/json", allow=allow)

    def _send(self, status: HTTPStatus, body: bytes, kind: str, *, allow: str = "") -> None:
        self.send_response(status)
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": page.POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        for name, value in (headers | ({"Allow": allow} if allow else {})).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def parse_path(text: str) -> tuple[int, ...]:
    """`0.3.1` as choices. Raises RefusedError for anything else."""
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,7})*", text):
        raise RefusedError(
            HTTPStatus.BAD_REQUEST, f"{text[:100]!r} is no path", remedy="a path is numbers with dots between them, such as 0.3.1"
        )
    return tuple(int(number) for number in text.split("."))


def _query(text: str) -> dict[str, str]:
    try:
        return dict(urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=4, errors="strict"))
    except ValueError:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the query cannot be read", remedy="name=value, with & between them") from None
