"""Settings: where they come from, and what a broken one is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values

from bot.config import Settings, SettingsError, load_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
TOKEN = "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def env_file(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / ".env"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_example_names_every_setting_and_no_other() -> None:
    assert {name.upper() for name in Settings.model_fields} == set(dotenv_values(EXAMPLE))


def test_the_example_holds_the_defaults(tmp_path: Path) -> None:
    assert load_settings(EXAMPLE) == load_settings(tmp_path / "missing")


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = env_file(tmp_path, "CACHE_SECONDS=10\nLOG_LEVEL=debug\n")
    monkeypatch.setenv("CACHE_SECONDS", "20")
    settings = load_settings(path)
    assert (settings.cache_seconds, settings.log_level) == (20, "DEBUG")


def test_lists_are_separated_by_commas_or_spaces(tmp_path: Path) -> None:
    settings = load_settings(
        env_file(tmp_path, "ADMIN_IDS=1, 2,3\nTRUSTED_DOH=https://a.example/q https://b.example/q")
    )
    assert settings.admin_ids == (1, 2, 3)
    assert settings.trusted_doh == ("https://a.example/q", "https://b.example/q")


def test_a_single_resolver_is_told_that_it_takes_two(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^TRUSTED_DOH is too few: the answers of 2 operators at least"):
        load_settings(env_file(tmp_path, "TRUSTED_DOH=https://1.1.1.1/dns-query"))


def test_an_outside_control_may_be_the_near_end_of_a_tunnel_and_no_other_plain_one(tmp_path: Path) -> None:
    tunnel = load_settings(env_file(tmp_path, "OUTSIDE_CONTROLS=http://127.0.0.1:8080"))
    assert tunnel.outside_controls == ("http://127.0.0.1:8080",)
    with pytest.raises(SettingsError, match=r"^OUTSIDE_CONTROLS is neither an https:// URL nor"):
        load_settings(env_file(tmp_path, "OUTSIDE_CONTROLS=http://control.example"))


def test_an_empty_value_is_none_but_turns_the_register_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = env_file(tmp_path, "CACHE_SECONDS=\nREGISTRY_URL=\n")
    defaults = load_settings(tmp_path / "missing")
    assert load_settings(path) == defaults.model_copy(update={"registry_url": None})
    monkeypatch.setenv("REGISTRY_URL", "https://r.example/")
    assert load_settings(path).registry_url == "https://r.example/"
    monkeypatch.setenv("REGISTRY_URL", "")
    assert load_settings(env_file(tmp_path, "REGISTRY_URL=https://r.example/")).registry_url is None


@pytest.mark.parametrize(
    ("written", "read"),
    [("ru", "ru"), ("pt-BR", "pt"), ("fr_FR.UTF-8", "fr"), ("de_DE:en", "de"), ("C.UTF-8", "en"), ("POSIX", "en")],
)
def test_a_language_may_be_written_as_locales_are(tmp_path: Path, written: str, read: str) -> None:
    assert load_settings(env_file(tmp_path, f"LANGUAGE={written}")).language == read


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TELEGRAM_BOT_TOKEN", "s3cret"),
        ("TELEGRAM_BOT_TOKEN", f"{TOKEN}/s3cret"),
        ("TELEGRAM_API_URL", "api.s3cret.example"),
        ("TELEGRAM_PROXY", "ftp://user:s3cret@proxy.example"),
        ("WEBHOOK_URL", "s3cret.example/hook"),
        ("WEBHOOK_SECRET", "s3cret!"),
        ("WEBHOOK_PORT", "s3cret"),
        ("ADMIN_IDS", "1,s3cret"),
        ("TRUSTED_DOH", "http://s3cret.example/dns-query"),
        ("TRUSTED_DOH", "https://[s3cret]/dns-query https://1.1.1.1/dns-query"),
        ("TRUSTED_DOH", "https://s3cret.example/dns-query"),
        ("TRUSTED_DOH", "https://s3cret.example/a https://s3cret.example/b"),
        ("OUTSIDE_CONTROLS", "s3cret"),
        ("OUTSIDE_CONTROLS", "http://s3cret.example"),
        ("OUTSIDE_CONTROLS", "https://[s3cret]"),
        ("REGISTRY_URL", "s3cret"),
        ("REGISTRY_LISTS", "dpi,s3cret"),
        ("REGISTRY_INTERVAL_SECONDS", "1"),
        ("CACHE_SECONDS", "-1"),
        ("CACHE_SECONDS", "s3cret"),
        ("CHECK_INTERVAL_SECONDS", "0"),
        ("LANGUAGE", "12 s3cret"),
        ("LOG_LEVEL", "s3cret"),
    ],
)
def test_a_bad_value_gives_one_line_that_names_the_variable_only(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file(tmp_path, f"{variable}={value}"))
    said = str(caught.value)
    assert variable in said
    assert "\n" not in said
    assert "s3cret" not in said


def test_the_token_shows_up_in_no_text(tmp_path: Path) -> None:
    settings = load_settings(env_file(tmp_path, f"TELEGRAM_BOT_TOKEN={TOKEN}"))
    assert settings.telegram_bot_token is not None
    assert settings.telegram_bot_token.get_secret_value() == TOKEN
    assert TOKEN.partition(":")[2] not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("text", "line"),
    [("LOG_LEVEL", 1), ("A=1\n\n\n'unclosed=2\n", 4), ("# note\n\nLANGUAGE ru\n", 3), ('A="never closed\n', 1)],
)
def test_a_broken_line_is_named(tmp_path: Path, text: str, line: int) -> None:
    path = env_file(tmp_path, text)
    with pytest.raises(SettingsError, match=f"line {line}: this is not NAME=value"):
        load_settings(path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(env_file(tmp_path, b"LANGUAGE=\xff\xfe"))


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)
