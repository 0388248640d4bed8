"""The settings: every one that exists, where it comes from and what a good value is.

They are read from the environment and from `.env`, the environment first; an empty value is none, but for
`REGISTRY_URL`, which it turns off. What a bad value is told as names the variable and never repeats the value: two of
them hold secrets.
"""

from __future__ import annotations

import os
import re
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from dotenv.parser import Original, parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from probes.outside import control_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ENV_FILE = Path(".env")
_OPERATORS = 2
"""No resolver is believed alone: two that agree are what proves a lie."""
_PROXIES = "http https socks4 socks4a socks5 socks5h"


class SettingsError(Exception):
    """The settings cannot be used; the text is one line for the operator, without any value."""


def _url(schemes: str, text: str) -> str:
    if not _names_host(schemes.split(), text):
        raise ValueError(f"is not a URL that starts with {' or '.join(f'{scheme}://' for scheme in schemes.split())}")
    return text


def _names_host(schemes: Sequence[str], text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # its text would repeat the value
        return False
    return parts.scheme in schemes and bool(parts.hostname) and not re.search(r"\s", text)


def _of_several_operators(urls: tuple[str, ...]) -> tuple[str, ...]:
    if len({urlsplit(url).hostname for url in urls}) < _OPERATORS:
        raise ValueError(f"is too few: the answers of {_OPERATORS} operators at least are held against each other")
    return urls


def _secret_url(schemes: str, secret: SecretStr) -> SecretStr:
    _url(schemes, secret.get_secret_value())
    return secret


def _token(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", secret.get_secret_value()):
        raise ValueError("does not look like a token from BotFather (digits, a colon, letters and digits)")
    return secret


def _webhook_secret(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.get_secret_value()):
        raise ValueError("is not made of 1 to 256 letters, digits, _ and -")
    return secret


def _split(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _language(value: object) -> object:
    """Read a language tag, a locale's name, or GNU gettext's list of them (`fr_FR:en`), whose variable this also is."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"([A-Za-z]{1,8})(?:[-_.@:].*)?", value.strip())
    if not found:
        raise ValueError("is not a language such as en, ru or fr")
    language = found[1].lower()
    return "en" if language in {"c", "posix"} else language


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


CommaSeparated = BeforeValidator(_split)
HttpUrl = Annotated[str, AfterValidator(partial(_url, "https http"))]
RegisterList = Literal["dpi", "domains", "snapshot"]
HttpsUrl = Annotated[str, AfterValidator(partial(_url, "https"))]
ControlUrl = Annotated[str, AfterValidator(partial(_url, "https http")), AfterValidator(control_url)]


class Settings(BaseSettings):
    """Every setting with its default. `.env.example` says the same to people."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True, env_file_encoding="utf-8"
    )

    telegram_bot_token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    telegram_api_url: HttpUrl = "https://api.telegram.org"
    telegram_proxy: Annotated[SecretStr, AfterValidator(partial(_secret_url, _PROXIES))] | None = None
    webhook_url: HttpUrl | None = None
    webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] | None = None
    webhook_host: str = "127.0.0.1"
    webhook_port: Annotated[int, Field(ge=0, le=65_535)] = 8443
    admin_ids: Annotated[tuple[int, ...], NoDecode, CommaSeparated] = ()
    database_path: Path = Path("reachbot.sqlite3")
    catalogue_dir: Path | None = None
    trusted_doh: Annotated[tuple[HttpsUrl, ...], NoDecode, CommaSeparated, AfterValidator(_of_several_operators)] = (
        "https://1.1.1.1/dns-query",
        "https://8.8.8.8/dns-query",
        "https://9.9.9.9/dns-query",
    )
    outside_controls: Annotated[tuple[ControlUrl, ...], NoDecode, CommaSeparated] = (
        "https://0.th.ooni.org",
        "https://1.th.ooni.org",
        "https://2.th.ooni.org",
        "https://3.th.ooni.org",
    )
    registry_url: HttpUrl | None = "https://reestr.rublacklist.net/api/v3/"
    registry_lists: Annotated[tuple[RegisterList, ...], NoDecode, CommaSeparated] = ("dpi", "snapshot")
    registry_interval_seconds: Annotated[int, Field(ge=3600, le=604_800)] = 86_400
    feeds_file: Path | None = None
    location: str = ""
    cache_seconds: Annotated[int, Field(ge=0, le=86_400)] = 120
    check_interval_seconds: Annotated[int, Field(ge=30, le=86_400)] = 300
    language: Annotated[str, BeforeValidator(_language)] = "en"
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = "INFO"


def load_settings(env_file: Path = ENV_FILE) -> Settings:
    """Return the settings of this process.

    Raises `SettingsError` for a value that cannot be used and for a line of `env_file` that is no setting.
    """
    _refuse_broken_lines(env_file)
    try:
        settings = Settings(_env_file=env_file)  # type: ignore[call-arg]  # an argument of BaseSettings.__init__ alone
    except ValidationError as error:
        raise SettingsError("; ".join(_complaints(error))) from error
    return settings.model_copy(update={"registry_url": None}) if _is_emptied("REGISTRY_URL", env_file) else settings


def _is_emptied(variable: str, env_file: Path) -> bool:
    """Tell whether a variable is set to nothing, which pydantic-settings takes for not set."""
    values = dotenv_values(env_file, encoding="utf-8") | os.environ
    return {name.upper(): value for name, value in values.items()}.get(variable) == ""


def _complaints(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        variable = str(problem["loc"][0]).upper()
        message = problem["msg"].removeprefix("Value error, ")
        yield f"{variable} {message[0].lower()}{message[1:]}" if message.startswith("is ") else f"{variable}: {message}"


def _refuse_broken_lines(env_file: Path) -> None:
    """Find what python-dotenv would only warn about or pass over."""
    if not env_file.exists():
        return
    try:
        text = env_file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{env_file} is not text in UTF-8") from error
    except OSError as error:
        raise SettingsError(f"{env_file} cannot be read: {error.strerror}") from error
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key and binding.value is None):
            raise SettingsError(f"{env_file}, line {_line(binding.original)}: this is not NAME=value")


def _line(original: Original) -> int:
    """Return where the statement starts: what the parser calls its line is that of the blank lines before it."""
    blank = len(original.string) - len(original.string.lstrip())
    return original.line + original.string.count("\n", 0, blank)
