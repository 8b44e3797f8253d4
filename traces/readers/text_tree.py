"""What the parser of the trace language makes of a line's pieces: records, without a tree in between."""

from __future__ import annotations

import difflib
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast, get_args

import lark
import msgspec
from msgspec import Raw

from kubecheck.traces.event import Delivery, Stage
from kubecheck.traces.readers.clock import microseconds
from kubecheck.traces.readers.json_errors import DEPTH
from kubecheck.traces.readers.records import (
    ABSENT,
    DIGITS,
    VERBS,
    ComponentRecord,
    CrashRecord,
    DeliveryRecord,
    HeaderRecord,
    LevelName,
    Precondition,
    Read,
    RequestRecord,
    RestartRecord,
    no_verb,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lark import Token

Value: TypeAlias = Any
_NUMERAL: Final = 20
"""Characters of the longest number that has 64 bits."""
Pair: TypeAlias = tuple["Token", tuple[str, ...], Value]
"""The key's token, the path it spells, the value."""


class BadLineError(ValueError):
    """What the grammar allows and the format does not. `column` is from 1."""

    def __init__(self, message: str, column: int | None) -> None:
        super().__init__(message)
        self.column = column


class HeaderLine(msgspec.Struct, frozen=True):
    """One line of the header."""

    kind: Literal["version", "server", "node", "component", "level", "complete"]
    value: Any
    column: int

    class Sum:
        """The lines of a header, put together."""

        def __init__(self) -> None:
            self.lines = 0
            self.version: int | None = None
            self._servers: list[str] = []
            self._nodes: list[str] = []
            self._components: list[ComponentRecord] = []
            self._level: LevelName = "RequestResponse"
            self._complete = False

        def add(self, line: HeaderLine) -> None:
            """Raises BadLineError if the line cannot stand there."""
            if line.kind == "version":
                if self.lines:
                    raise BadLineError("`kubecheck-trace` is the first line", line.column)
                if line.value != 1:
                    raise BadLineError(f"version {line.value} of the format: this kubecheck reads version 1", line.column)
                self.version = line.value
            self.lines += 1
            match line.kind:
                case "server":
                    self._servers += line.value
                case "node":
                    self._nodes += line.value
                case "component":
                    if any(known.name == line.value.name for known in self._components):
                        raise BadLineError(f"component {line.value.name} is named twice", line.column)
                    self._components.append(line.value)
                case "level":
                    self._level = line.value
                case "complete":
                    self._complete = True

        def record(self) -> HeaderRecord:
            """The whole header."""
            return HeaderRecord(
                version=1,
                servers=tuple(self._servers),
                nodes=tuple(self._nodes),
                components=tuple(self._components),
                complete=self._complete,
                level=self._level,
            )


class _Object(msgspec.Struct, frozen=True):
    resource: str
    group: str = ""
    subresource: str = ""
    namespace: str | None = None
    name: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    code: int | None
    reason: str | None
    message: str | None
    pairs: tuple[Pair, ...]
    body: _Body | None


class _Body(msgspec.Struct, frozen=True):
    value: Any


class _Condition(msgspec.Struct, frozen=True):
    pairs: tuple[Pair, ...]


class _When(msgspec.Struct, frozen=True):
    sequence: int | None = None
    received: str | None = None
    completed: str | None = None


class _Span(msgspec.Struct, frozen=True):
    received: str | None
    completed: str | None


REASONS: Final = frozenset(
    "Unknown Unauthorized Forbidden NotFound AlreadyExists Conflict Gone Invalid ServerTimeout StoreReadError Timeout TooManyRequests "
    "BadRequest MethodNotAllowed NotAcceptable RequestEntityTooLarge UnsupportedMediaType InternalError Expired ServiceUnavailable".split()
)
"""staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go StatusReason"""

_HTTP_METHOD: Final = re.compile("[a-z]+")
_RESOURCE: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-.a-z0-9]*[a-z0-9])?)?")
_WORDS: Final = {"true": True, "false": False, "null": None}

_REQUEST_FIELDS: Final = {
    "uid": "uid",
    "server": "server",
    "user-uid": "user_uid",
    "agent": "agent",
    "credential": "credential",
    "as": "impersonated",
    "audit-id": "audit_id",
    "decision": "decision",
    "grant": "grant",
    "uri": "uri",
}
_REQUEST_OTHERS: Final = ("groups", "dry-run", "read", "match", "stage", "level")
_SHORT: Final = {"rv": "resourceVersion", "uid": "uid", "generation": "generation"}


class Building(lark.Transformer[Any, Any]):
    """The functions that the parser calls, one a rule of trace.lark. They raise BadLineError."""

    # the header

    def version(self, children: list[Token]) -> HeaderLine:
        return HeaderLine("version", _number(children[0]), children[0].column or 1)

    def servers(self, children: list[Token]) -> HeaderLine:
        return HeaderLine("server", [_name(token) for token in children], children[0].column or 1)

    def nodes(self, children: list[Token]) -> HeaderLine:
        return HeaderLine("node", [_name(token) for token in children], children[0].column or 1)

    def component(self, children: list[Any]) -> HeaderLine:
        fields = _fields(children[1:], ("user", "agent"))
        return HeaderLine(
            "component",
            ComponentRecord(name=_name(children[0]), user=_text(fields, "user"), agent=_text(fields, "agent")),
            children[0].column,
        )

    def level(self, children: list[Token]) -> HeaderLine:
        return HeaderLine("level", _level(str(children[0]), children[0]), children[0].column or 1)

    def complete(self, children: list[Token]) -> HeaderLine:
        return HeaderLine("complete", True, 1)

    # lines

    def crash(self, children: list[Any]) -> CrashRecord:
        when, token = children
        return CrashRecord(component=_name(token), received=_one_time(when, token), sequence=when.sequence)

    def restart(self, children: list[Any]) -> RestartRecord:
        when, token = children
        return RestartRecord(component=_name(token), received=_one_time(when, token), sequence=when.sequence)

    def delivery(self, children: list[Any]) -> DeliveryRecord:
        when, stream, kind, *rest = children
        try:
            delivered = Delivery(_name(kind))
        except ValueError:
            raise BadLineError(f"{_name(kind)[:60]}: a delivery is {', '.join(one.value for one in Delivery)}", kind.column) from None
        target = next((one for one in rest if isinstance(one, _Object)), None)
        body: Any = next((one.value for one in rest if isinstance(one, _Body)), {})
        pairs = [one for one in rest if isinstance(one, tuple)]
        if not isinstance(body, dict):
            raise BadLineError("the object of a delivery is written with {…}", kind.column)
        if target is not None and target.subresource:
            raise BadLineError("a delivery is about an object, not a subresource", kind.column)
        fields = _fields(pairs, (*_SHORT, "kind", "server", "connection", "told"))
        body = _with_short(body, fields)
        if target is not None:
            for field, value in (("namespace", target.namespace), ("name", target.name)):
                if value is not None:
                    _put(body, ("metadata", field), value, kind)
        connection = fields["connection"][1] if "connection" in fields else 0
        if type(connection) is not int:
            raise BadLineError("connection is a number", fields["connection"][0].column)
        return DeliveryRecord(
            stream=_name(stream),
            type=delivered,
            object=_raw(body),
            resource=None if target is None else target.resource,
            group="" if target is None else target.group,
            received=_one_time(when, stream),
            sequence=when.sequence,
            server=_text(fields, "server"),
            connection=connection,
            actor=_text(fields, "told"),
        )

    def request(self, children: list[Any]) -> RequestRecord:
        when, actor, verb, *rest = children
        target: _Object | None = None
        answer = _Answer(None, None, None, (), None)
        precondition: Precondition | None = None
        request = ABSENT
        pairs: list[Pair] = []
        for one in rest:
            if isinstance(one, tuple):
                pairs.append(one)
            elif isinstance(one, _Object):
                target = one
            elif isinstance(one, _Condition):
                wanted = _fields(one.pairs, ("rv", "uid"))
                precondition = Precondition(resource_version=_version(wanted, "rv"), uid=_text(wanted, "uid"))
            elif isinstance(one, _Body):
                request = _raw(one.value)
            elif isinstance(one, _Answer):
                answer = one
        fields = _fields(pairs, (*_REQUEST_FIELDS, *_REQUEST_OTHERS))
        if target is not None and _name(verb) not in VERBS:
            raise BadLineError(no_verb(_name(verb)), verb.column)
        if not _HTTP_METHOD.fullmatch(_name(verb)):
            raise BadLineError(f"{_name(verb)[:40]}: a verb is a word in lower case", verb.column)
        target = target or _Object("")
        read = Read(resource_version=_version(fields, "read"), match=_text(fields, "match"))
        return RequestRecord(
            actor=_name(actor),
            verb=_name(verb),
            resource=target.resource or None,
            group=target.group,
            subresource=target.subresource,
            namespace=target.namespace or "",
            name=target.name,
            precondition=precondition,
            dry_run=_flag(fields, "dry-run"),
            read=read if (read.resource_version, read.match) != (None, None) else None,
            request=request,
            code=answer.code,
            reason=answer.reason,
            message=answer.message,
            response=_response(answer),
            received=when.received,
            completed=when.completed,
            sequence=when.sequence,
            groups=_texts(fields, "groups"),
            stage=_stage(fields),
            level=_level(_text(fields, "level") or "", fields["level"][0]) if "level" in fields else None,
            **{field: _text(fields, key) for key, field in _REQUEST_FIELDS.items()},
        )

    # their pieces

    def when(self, children: list[Any]) -> _When:
        sequence = None
        span = _Span(None, None)
        for one in children:
            if isinstance(one, _Span):
                span = one
            else:
                sequence = _integer(one)
        return _When(sequence, span.received, span.completed)

    def moment(self, children: list[Token]) -> _Span:
        return _Span(_time(children[0]), _time(children[0]))

    def interval(self, children: list[Token]) -> _Span:
        return _Span(_time(children[0]), _time(children[1]))

    def begun(self, children: list[Token]) -> _Span:
        return _Span(_time(children[0]), None)

    def ended(self, children: list[Token]) -> _Span:
        return _Span(None, _time(children[0]))

    def target(self, children: list[Any]) -> _Object:
        whole, subresource = children[0]
        resource, _, group = whole.partition(".")
        namespace, name = children[1] if len(children) > 1 else (None, None)
        return _Object(resource, group, subresource, namespace, name)

    def resource(self, children: list[Token]) -> tuple[str, str]:
        if not _RESOURCE.fullmatch(_name(children[0])):
            said = "a resource is written like pods or deployments.apps, plural and in lower case"
            raise BadLineError(f"{_name(children[0])[:60]}: {said}", children[0].column)
        return _name(children[0]), _name(children[1]) if len(children) > 1 else ""

    def cluster_scoped(self, children: list[Token]) -> tuple[str | None, str | None]:
        return None, _name(children[0])

    def namespaced(self, children: list[Token]) -> tuple[str | None, str | None]:
        return _name(children[0]), _name(children[1])

    def namespace_only(self, children: list[Token]) -> tuple[str | None, str | None]:
        return _name(children[0]), None

    def condition(self, children: list[Pair]) -> _Condition:
        return _Condition(tuple(children))

    def answer(self, children: list[Any]) -> _Answer:
        code = reason = message = body = None
        pairs = []
        for one in children:
            if isinstance(one, lark.Token):
                code = _integer(one)
                if not 100 <= code <= 599:
                    raise BadLineError(f"{one[:40]}: the code of an answer is 100 to 599, as HTTP has it", one.column)
            elif isinstance(one, _Body):
                body = one
            elif isinstance(one, list):
                if code is None and one[0].type == "WORD" and one[0] not in REASONS:
                    raise BadLineError(_no_answer(one[0]), one[0].column)
                reason = _name(one[0]) or None
                message = _name(one[1]) if len(one) > 1 else None
            else:
                pairs.append(one)
        return _Answer(code, reason, message, tuple(pairs), body)

    def reason(self, children: list[Token]) -> list[Token]:
        return children

    def body(self, children: list[Any]) -> _Body:
        return _Body(children[0])

    def pair(self, children: list[Any]) -> Pair:
        key, value = children
        return key, _path(key), _value(value)

    def map(self, children: list[Pair]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, path, value in children:
            _put(made, path, value, key)
        return made

    def list(self, children: list[Any]) -> list[Any]:
        return [_value(one) for one in children]


def _no_answer(word: Token) -> str:
    close = difflib.get_close_matches(word[:40], REASONS, n=1)
    remedy = f"did you mean {close[0]}?" if close else 'a reason that Kubernetes does not have is written in quotes, "like this"'
    return f"{word[:40]}: an answer begins with its code (200) or a reason (Conflict); {remedy}"


def _time(token: Token) -> str:
    try:
        microseconds(token)
    except ValueError as error:
        raise BadLineError(str(error), token.column) from None
    return str(token)


def _version(fields: dict[str, tuple[Token, Value]], name: str) -> str | None:
    """A field that is a resourceVersion."""
    text = _text(fields, name)
    if text and not (text.isascii() and text.isdigit()):
        raise BadLineError(f"{name}={text[:40]}: a resourceVersion is a number", fields[name][0].column)
    if text and len(text) > DIGITS:
        raise BadLineError(f"{name}= has {len(text):,} digits: no resourceVersion has more than {DIGITS}", fields[name][0].column)
    return text


def _name(token: Token) -> str:
    return cast(str, _loads(token)) if token.type == "STRING" else str(token)


def _value(one: Any) -> Value:
    if not isinstance(one, lark.Token):
        return one
    if one.type == "WORD":
        return _WORDS.get(one, str(one))
    if one.type == "NUMBER":
        return _number(one)
    return _name(one)


def _loads(token: Token | str) -> Any:
    column = token.column if isinstance(token, lark.Token) else None
    try:
        value = json.loads(token)
        if isinstance(value, str):
            value.encode()
        return value
    except UnicodeEncodeError:
        raise BadLineError(f"{token[:60]}: half a character (a lone surrogate)", column) from None
    except ValueError as error:
        what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise BadLineError(f"{token[:60]}: {what[:1].lower()}{what[1:]}", column) from None


def _number(token: Token) -> int | float:
    if len(token) > _NUMERAL and token.lstrip("-").isdigit():  # Python converts no integer of thousands of digits
        raise BadLineError(f"{token[:60]} is too big a number", token.column)
    value: int | float = _loads(token)
    if abs(value) >= 2**63 if isinstance(value, int) else not math.isfinite(value):
        raise BadLineError(f"{token[:60]} is too big a number", token.column)
    return value


def _integer(token: Token) -> int:
    value = _number(token)
    if not isinstance(value, int):
        raise BadLineError(f"{token[:60]} is not a whole number", token.column)
    return value


def _path(key: Token) -> tuple[str, ...]:
    text = str(key)[:-1]
    if '"' not in text and text.count(".") < DEPTH:
        return tuple(text.split("."))
    decoder = json.JSONDecoder()
    made: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            try:
                piece, at = decoder.raw_decode(text, at)
            except ValueError as error:
                raise BadLineError(f"{text[:60]}: {error}", key.column) from None
        else:
            end = text.find(".", at)
            end = len(text) if end < 0 else end
            piece, at = text[at:end], end
        made.append(piece)
        at += 1  # the dot
    if len(made) > DEPTH:
        raise BadLineError(f"nested too deeply: a path of more than {DEPTH} fields", key.column)
    try:
        "".join(made).encode()
    except UnicodeEncodeError:
        raise BadLineError(f"{text[:60]}: half a character (a lone surrogate)", key.column) from None
    return tuple(made)


def _put(into: dict[str, Any], path: tuple[str, ...], value: Value, key: Token) -> None:
    for depth, part in enumerate(path[:-1], start=1):
        inner = into.setdefault(part, {})
        if not isinstance(inner, dict):
            raise BadLineError(f"{'.'.join(path[:depth])} has a value already", key.column)
        into = inner
    if path[-1] in into:
        raise BadLineError(f"{'.'.join(path)} is given twice", key.column)
    into[path[-1]] = value


def _fields(pairs: Iterable[Pair], known: Sequence[str]) -> dict[str, tuple[Token, Value]]:
    """The pairs by name. Raises BadLineError for a name that is not known or occurs twice."""
    made: dict[str, tuple[Token, Value]] = {}
    for key, path, value in pairs:
        name = ".".join(path)
        if name not in known:
            close = difflib.get_close_matches(name[:60], known, n=1)
            remedy = f"did you mean {close[0]}=?" if close else f"only {', '.join(f'{one}=' for one in known)}"
            raise BadLineError(f"{name[:60]}= cannot stand here: {remedy}", key.column)
        if name in made:
            raise BadLineError(f"{name}= is given twice", key.column)
        made[name] = key, value
    return made


def _text(fields: dict[str, tuple[Token, Value]], name: str) -> str | None:
    """A field that is a string; a bare number is taken as it is written."""
    if name not in fields:
        return None
    key, value = fields[name]
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise BadLineError(f"{name}= wants a string", key.column)
    return value


def _texts(fields: dict[str, tuple[Token, Value]], name: str) -> tuple[str, ...]:
    if name not in fields:
        return ()
    key, value = fields[name]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadLineError(f"{name}= wants a list of strings", key.column)
    return tuple(value)


def _flag(fields: dict[str, tuple[Token, Value]], name: str) -> bool:
    if name not in fields:
        return False
    key, value = fields[name]
    if not isinstance(value, bool):
        raise BadLineError(f"{name}= is true or false", key.column)
    return value


def _stage(fields: dict[str, tuple[Token, Value]]) -> Stage | None:
    name = _text(fields, "stage")
    if name is None:
        return None
    try:
        return Stage(name)
    except ValueError:
        raise BadLineError(f"stage is {', '.join(one.value for one in Stage)}", fields["stage"][0].column) from None


def _level(name: str, token: Token) -> LevelName:
    if name not in get_args(LevelName):
        raise BadLineError(f"level is {', '.join(get_args(LevelName))}", token.column)
    return cast(LevelName, name)


def _one_time(when: _When, token: Token) -> str | None:
    if when.received != when.completed:
        raise BadLineError("one time, not an interval: this is a moment", token.column)
    return when.received


def _with_short(body: dict[str, Any], fields: dict[str, tuple[Token, Value]]) -> dict[str, Any]:
    """The body with its short spellings written out."""
    for short, field in _SHORT.items():
        if short in fields:
            key, value = fields[short]
            if short == "generation":
                if type(value) is not int:
                    raise BadLineError("generation= wants a number", key.column)
                _put(body, ("metadata", field), value, key)
            else:
                _put(body, ("metadata", field), _version(fields, short) if short == "rv" else _text(fields, short), key)
    if "kind" in fields:
        _put(body, ("kind",), _text(fields, "kind"), fields["kind"][0])
    return body


def _response(answer: _Answer) -> Raw:
    fields = _fields(answer.pairs, (*_SHORT, "kind"))
    if answer.body is None and not fields:
        return ABSENT
    body = {} if answer.body is None else answer.body.value
    if not isinstance(body, dict):
        if fields:
            raise BadLineError("rv=, uid=, kind=, generation= belong to an object, not to a list", answer.pairs[0][0].column)
        return _raw(body)
    return _raw(_with_short(body, fields))


def _raw(value: Value) -> Raw:
    try:
        return Raw(msgspec.json.encode(value))
    except RecursionError:  # by paths and brackets together
        raise BadLineError("nested too deeply", None) from None
