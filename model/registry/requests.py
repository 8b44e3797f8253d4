"""Requests to the registry and their answers, without HTTP.

A request's body is a small number that names it: what it does to an object is a function that the caller of the registry brings along
(`Contents` in kinds.py), as a PATCH is a function from the stored object to the new one, which runs inside the transaction.
"""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.model.registry.objects import Stored
from kubecheck.spec import Range, Record


class Code(enum.Enum):
    """The HTTP status, with the reason of its Status object (apimachinery/pkg/api/errors, apimachinery/pkg/apis/meta/v1/types.go)."""

    OK = "200"
    CREATED = "201"
    BAD_REQUEST = "400 BadRequest"
    UNAUTHORIZED = "401 Unauthorized"
    FORBIDDEN = "403 Forbidden"
    NOT_FOUND = "404 NotFound"
    METHOD_NOT_ALLOWED = "405 MethodNotAllowed"
    ALREADY_EXISTS = "409 AlreadyExists"
    CONFLICT = "409 Conflict"
    GONE = "410 Gone"
    EXPIRED = "410 Expired"
    UNSUPPORTED_MEDIA_TYPE = "415 UnsupportedMediaType"
    INVALID = "422 Invalid"
    TOO_MANY_REQUESTS = "429 TooManyRequests"
    INTERNAL_ERROR = "500 InternalError"
    SERVER_ERROR = "500"  # an error that is no API status: its text alone is answered
    TIMEOUT = "504 Timeout"


class Given(enum.Enum):
    """How a resourceVersion is given in a request.

    An update takes "" and "0" both for none; a precondition and a read do not.
    """

    ABSENT = "absent"
    ZERO = "0"
    NUMBER = "a revision"
    UNKNOWN = "a revision that the object never had"
    MALFORMED = "not a number"


class Version(Record):
    """A resourceVersion in a request; `number` counts for Given.NUMBER only."""

    given: Given = Given.ABSENT
    number: Annotated[int, Range(0, "revisions")] = 0

    def names(self, stored: int) -> bool:
        """Whether it is this revision."""
        return self.given is Given.NUMBER and self.number == stored


class Propagation(enum.Enum):
    """`propagationPolicy` of a DELETE; UNSAID leaves it to the object's finalizers and to the kind's default."""

    UNSAID = "unsaid"
    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


class Part(enum.Enum):
    """Which part of an object a request is about: the main resource or a subresource that is updated like one."""

    MAIN = "main"
    STATUS = "status"
    SCALE = "scale"
    FINALIZE = "finalize"
    EPHEMERAL_CONTAINERS = "ephemeralcontainers"
    RESIZE = "resize"


class Request(Record):
    """What a request says of one object, whatever its verb.

    `body` names the body. `uid` (0: not given) is the precondition of a DELETE, of a binding, and of a PUT, whose body has it; `version`
    is that of a DELETE or a binding. The uid of a PATCH, and the resourceVersion of both, are in the object that the body leads to
    (`Proposed`). `grace` is gracePeriodSeconds. `may_create`: an apply, which creates what is missing. `node` is the target of a binding.
    """

    body: Annotated[int, Range(0, "bodies")] = 0
    uid: Annotated[int, Range(0, "uids")] = 0
    version: Version = Version()
    propagation: Propagation = Propagation.UNSAID
    grace: Annotated[int, Range(0, "graces")] | None = None
    dry_run: bool = False
    may_create: bool = False
    node: Annotated[int, Range(0, "nodes")] = 0


class Proposed(Record):
    """The object that a body leads to, before the registry has looked at it.

    `code` says that the body cannot be applied, else it is OK. `object` is the new object; its uid (0: not given) and `version` are as the
    client wrote them, which for a PATCH are the stored ones unless it changes them.
    """

    code: Code = Code.OK
    object: Stored = Stored()
    version: Version = Version()


class Answer(Record):
    """What a request is answered: a code, and the object where the answer holds one (uid 0: a bare Status, or a dry run's creation).

    `blank`: it holds an object of the kind with nothing in it.
    """

    code: Code = Code.OK
    object: Stored = Stored()
    blank: bool = False
