"""What the API server answers a request."""

from __future__ import annotations

import enum


class Answer(enum.Enum):
    """What a request is answered: the HTTP status, and the reason where a status has several; TIMEOUT if the answer is lost."""

    OK = "200"
    NOT_FOUND = "404 NotFound"
    ALREADY_EXISTS = "409 AlreadyExists"
    CONFLICT = "409 Conflict"
    ERROR = "500 InternalError"
    TIMEOUT = "timeout"


def took_effect(answer: Answer) -> bool:
    """Whether the request was carried out, though the caller may not have heard of it."""
    return answer is Answer.OK or answer is Answer.TIMEOUT
