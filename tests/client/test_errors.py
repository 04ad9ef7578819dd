"""Refusals become errors that programs and people can read."""

from __future__ import annotations

import httpx
import pytest

from client import AtriumClientError, ConnectionLost


def test_a_problem_keeps_its_members() -> None:
    """The members of problem+json are the attributes of the error."""
    problem = {"code": "conflict", "detail": "It has changed.", "retryable": True}
    headers = {"Content-Type": "application/problem+json"}
    error = AtriumClientError.from_response(httpx.Response(409, json=problem, headers=headers))
    assert (error.status, error.code, error.detail, error.retryable) == (409, "conflict", "It has changed.", True)
    assert str(error) == "409 conflict: It has changed."


def test_an_answer_of_something_else_is_an_error_too() -> None:
    """A proxy's HTML page on the way does not confuse the client."""
    error = AtriumClientError.from_response(httpx.Response(502, text="<h1>Bad Gateway</h1>"))
    assert (error.status, error.code, error.detail) == (502, "http", "Bad Gateway")


@pytest.mark.parametrize(("close_code", "retryable"), [(1001, True), (1013, True), (4401, False), (4500, True)])
def test_close_codes_say_whether_to_try_again(close_code: int, retryable: bool) -> None:
    """Only 44xx are final."""
    error = ConnectionLost.closed(close_code, "")
    assert (error.status, error.retryable) == (close_code, retryable)
    assert error.detail
