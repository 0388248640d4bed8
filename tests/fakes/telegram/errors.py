"""How the Bot API refuses: an error code, a description and sometimes parameters."""

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An answer with `"ok": false`."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = parameters

    def to_json(self) -> Json:
        answer: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


def bad_request(text: str, parameters: Json | None = None) -> ApiError:
    return ApiError(400, f"Bad Request: {text}", parameters)


def forbidden(text: str) -> ApiError:
    return ApiError(403, f"Forbidden: {text}")


def conflict(text: str) -> ApiError:
    return ApiError(409, f"Conflict: {text}")


def too_many_requests(retry_after_s: int) -> ApiError:
    text = f"Too Many Requests: retry after {retry_after_s}"
    return ApiError(429, text, {"retry_after": retry_after_s})
