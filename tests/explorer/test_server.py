"""The server: what it answers, and what it refuses."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import urllib.parse
from typing import Any

import pytest

from kubecheck.cli.explorer import page
from kubecheck.cli.explorer.server import ADDRESS, ExplorerServer


def ask(
    server: ExplorerServer, target: str, *, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(ADDRESS, server.server_port, timeout=20)
    try:
        connection.request(method, target, headers=headers or {}, body=body)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def refused(answer: tuple[http.client.HTTPResponse, bytes]) -> tuple[int, str, str]:
    response, body = answer
    problem: dict[str, Any] = json.loads(body)
    assert set(problem) == {"message", "remedy", "snippet", "fits"}
    return response.status, problem["message"], problem["remedy"]


def test_the_page_and_all_that_it_is_made_of(stuck_server: ExplorerServer) -> None:
    response, body = ask(stuck_server, "/")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    for name in page.ASSETS:
        assert f'"/assets/{name}"'.encode() in body
        found, text = ask(stuck_server, f"/assets/{name}")
        assert (found.status, text.decode()) == (200, page.asset(name))
        assert found.headers["Content-Type"].startswith(("text/javascript", "text/css"))


def test_every_answer_carries_the_policy(stuck_server: ExplorerServer) -> None:
    for target in ("/", "/assets/app.js", "/api/info", "/api/view?path=0", "/nothing"):
        headers = ask(stuck_server, target)[0].headers
        assert headers["Content-Security-Policy"] == page.POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
    assert "unsafe" not in page.POLICY
    assert "http" not in page.POLICY


def test_it_listens_on_the_loopback_interface_only(stuck_server: ExplorerServer) -> None:
    assert stuck_server.socket.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", "localhost.:{port}", ""]
)
def test_another_host_is_refused(stuck_server: ExplorerServer, host: str) -> None:
    named = host.format(port=stuck_server.server_port)
    for target in ("/", "/api/info", "/assets/app.js"):
        status, message, remedy = refused(ask(stuck_server, target, headers={"Host": named}))
        assert (status, message) == (421, f"this server does not answer for {named or 'a request without Host'}")
        assert remedy == f"open {stuck_server.url}"


def test_localhost_is_a_name_for_it(stuck_server: ExplorerServer) -> None:
    assert ask(stuck_server, "/api/info", headers={"Host": f"localhost:{stuck_server.server_port}"})[0].status == 200


def raw(server: ExplorerServer, request: bytes) -> bytes:
    with socket.create_connection((ADDRESS, server.server_port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"GET /api/info HTTP/1.0\r\n\r\n", 421),
        (b"GET /api/info HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET http://evil.example/api/info HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: {host}\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: {host}\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/9.9\r\nHost: {host}\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: {host}\r\n\r\n", 405),
    ],
)
def test_requests_that_are_none(stuck_server: ExplorerServer, request_text: bytes, status: int) -> None:
    answer = raw(stuck_server, request_text.replace(b"{host}", f"127.0.0.1:{stuck_server.server_port}".encode()))
    if answer.startswith(b"HTTP/"):
        assert answer.split()[1] == str(status).encode()
    json.loads(answer[answer.index(b"{") :])
    assert b"Traceback" not in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_nothing_can_be_written(stuck_server: ExplorerServer, method: str) -> None:
    answer = ask(stuck_server, "/api/view?path=0", method=method, body=b"x" if method == "POST" else None)
    assert refused(answer) == (405, f"{method} is not answered", "this server is only read from: GET or HEAD")
    assert answer[0].headers["Allow"] == "GET, HEAD"


def test_a_head_request_has_no_body(stuck_server: ExplorerServer) -> None:
    response, body = ask(stuck_server, "/api/info", method="HEAD")
    assert (response.status, body) == (200, b"")
    assert int(response.headers["Content-Length"]) > 100


def test_a_body_is_refused(stuck_server: ExplorerServer) -> None:
    assert refused(ask(stuck_server, "/api/info", body=b"x"))[:2] == (400, "a request has no body here")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_from_elsewhere_may_link_and_no_more(stuck_server: ExplorerServer, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    assert ask(stuck_server, "/", headers=headers)[0].status == 200
    for target, mode in (("/api/info", "navigate"), ("/", "no-cors"), ("/assets/app.js", "no-cors")):
        answer = ask(stuck_server, target, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode})
        assert refused(answer)[:2] == (403, "this was asked for by a page from elsewhere")


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1", "null"])
def test_a_foreign_origin_is_refused(stuck_server: ExplorerServer, origin: str) -> None:
    """Whatever else the browser tells, or does not: old ones have no Sec-Fetch-Site."""
    for target in ("/", "/api/info"):
        answer = ask(stuck_server, target, headers={"Origin": origin.format(port=stuck_server.server_port)})
        assert refused(answer)[:2] == (403, "this was asked for by a page from elsewhere")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_servers_own_origin_is_no_foreign_one(stuck_server: ExplorerServer, host: str) -> None:
    assert ask(stuck_server, "/api/info", headers={"Origin": f"http://{host}:{stuck_server.server_port}"})[0].status == 200


@pytest.mark.parametrize(
    ("path", "fits"), [("0.0.0.9", "0.0.0"), ("0.7", "0"), ("3", ""), ("0." * 2000 + "0", ".".join(["0"] * 1000))]
)
def test_as_much_of_a_path_as_there_is(stuck_server: ExplorerServer, path: str, fits: str) -> None:
    assert json.loads(ask(stuck_server, f"/api/rows?path={path}")[1])["fits"] == fits


# in each state as many rounds as nearly may be: of a few thousand states it would take half a minute
SLOW = "any(a > b + 9999 for a in range(9999) for b in range(9)) and quiescent"


def test_a_search_ends_when_nobody_waits_for_it_and_others_go_on(stuck_server: ExplorerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    session = stuck_server.session
    begun, ended = threading.Event(), threading.Event()
    sentences: list[str] = []
    find = session.find

    def watched(condition: str, **options: Any) -> Any:
        if condition != SLOW:
            return find(condition, **options)
        begun.set()
        found = find(condition, **options)
        sentences.append(found.sentence)
        ended.set()
        return found

    monkeypatch.setattr(session, "find", watched)
    connection = http.client.HTTPConnection(ADDRESS, stuck_server.server_port, timeout=20)
    connection.request("GET", f"/api/find?{urllib.parse.urlencode({'condition': SLOW})}")
    assert begun.wait(20)
    # another tab's search does not end this one
    assert json.loads(ask(stuck_server, "/api/find?condition=quiescent")[1])["path"] == "0"
    assert not ended.is_set()
    assert connection.sock is not None
    connection.sock.close()
    connection.close()
    assert ended.wait(10)
    assert "the search ended, it was cancelled" in sentences[0]


@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        ("/api/view", 400, "'' is no path"),
        ("/api/view?path=", 400, "'' is no path"),
        ("/api/view?path=0..1", 400, "'0..1' is no path"),
        ("/api/view?path=-1", 400, "'-1' is no path"),
        ("/api/view?path=0.99999999", 400, "'0.99999999' is no path"),
        ("/api/view?path=%D9%A0", 400, "'\u0660' is no path"),
        ("/api/view?path=1", 404, "there is no initial state 1, only 0"),
        ("/api/view?path=0.7", 404, "step 1: there is no step 7, only 0"),
        ("/api/rows?path=0.0.0.9", 404, "step 3: there is no step 9, only 0 to 1"),
        ("/api/view?path=" + "0." * 2000 + "0", 404, "the path has 2,000 steps, and at most 1,000 are followed"),
        ("/api/find", 400, "there is no condition to search for"),
        ("/api/find?condition=%20", 400, "there is no condition to search for"),
        ("/api/find?condition=" + "a" * 2001, 400, "the condition has 2,001 characters"),
        ("/api/find?condition=nonsense", 400, "KC207: stuck-rollout has no nonsense"),
        ("/api/find?condition=__import__('os')", 400, "KC211: __import__ is private"),
        ("/api/find?condition=(lambda:0)()", 400, "KC001: `lambda: 0` (Lambda) is not in the language"),
        ("/api/find?condition=len(pods)", 400, "KC216: len(pods) is 4, and a condition is true or false"),
        ("/api/find?property=nonsense", 404, "there is no property nonsense"),
        ("/api/find?" + "a=1&" * 9 + "a=1", 400, "the query cannot be read"),
        ("/api/find?condition", 400, "the query cannot be read"),
        ("/api/find?condition=%FF", 400, "the query cannot be read"),
        ("/api/secrets", 404, "there is nothing at /api/secrets"),
        ("/assets/../server.py", 404, "there is nothing at /assets/../server.py"),
        ("/assets/%2e%2e/server.py", 404, "there is nothing at /assets/%2e%2e/server.py"),
        ("/assets/vendor/preact.LICENSE", 404, "there is nothing at /assets/vendor/preact.LICENSE"),
        ("/etc/passwd", 404, "there is nothing at /etc/passwd"),
    ],
)
def test_questions_that_have_no_answer(stuck_server: ExplorerServer, target: str, status: int, message: str) -> None:
    found, told, remedy = refused(ask(stuck_server, target))
    assert (found, told) == (status, message)
    assert remedy


def test_what_is_asked_does_not_come_back_as_a_page(stuck_server: ExplorerServer) -> None:
    response, body = ask(stuck_server, "/api/find?condition=%3Cscript%3Ealert(1)%3C/script%3E")
    assert (response.status, response.headers["Content-Type"]) == (400, "application/json; charset=utf-8")
    assert json.loads(body)["snippet"].startswith("  | <script>")


def test_a_fault_is_told_without_a_traceback_in_the_answer(
    stuck_server: ExplorerServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(path: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(stuck_server.session, "view", broken)
    status, message, remedy = refused(ask(stuck_server, "/api/view?path=0"))
    assert (status, message) == (500, "a fault of kubecheck's own: RuntimeError: no such luck")
    assert remedy == "the terminal has the details"
    assert "RuntimeError: no such luck" in capsys.readouterr().err


def test_a_port_that_is_taken(stuck_server: ExplorerServer) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        ExplorerServer(stuck_server.session, port=stuck_server.server_port, start=(0,), note="", limits=stuck_server.limits)
