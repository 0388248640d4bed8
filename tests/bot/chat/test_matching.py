from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.matching import MOST_CHARACTERS, MOST_SUGGESTIONS, MOST_TARGETS, Match, match
from bot.chat.spelling import case_forms
from probes.catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from probes.model import Service

CATALOGUE = Catalogue.load()


def ids(services: Iterable[Service]) -> list[str]:
    return [service.id for service in services]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # English
        ("whatsapp", "whatsapp"),
        ("whatsapp?", "whatsapp"),
        ("WHATSAPP!!!", "whatsapp"),
        ("Is WhatsApp down?", "whatsapp"),
        ("is whatsapp's site reachable from here", "whatsapp"),
        ("is telegram down in Moscow", "telegram"),
        ("anyone else having problems with Telegram since this morning?", "telegram"),
        ("does tor work from Iran?", "tor"),
        ("you tube is very slow", "youtube"),
        ("can't open face book", "facebook"),
        ("what's app", "whatsapp"),
        ("fb and ig both dead", "facebook instagram"),
        ("instagram, facebook, threads are down", "instagram facebook threads"),
        ("telegram telegram telegram", "telegram"),
        ("WhatsApp/Telegram?", "whatsapp telegram"),
        ("Telegram,WhatsApp,Viber", "telegram whatsapp viber"),
        ("proton vpn vs nord vpn", "protonvpn nordvpn"),
        ("is the moscow times blocked", "moscowtimes"),
        ("bbc news doesn't load", "bbc"),
        ("google play or app store?", "googleplay appstore"),
        ("tik tok banned?", "tiktok"),
        ("*signal* messenger and **discord**", "signal discord"),
        # Russian
        ("ватсап работает?", "whatsapp"),
        ("что с ватсапом", "whatsapp"),
        ("Вотсап опять лёг", "whatsapp"),
        ("в вацапе не грузятся фотки", "whatsapp"),
        ("whatsappом пользоваться можно?", "whatsapp"),
        ("телега лежит", "telegram"),
        ("в телеге тишина", "telegram"),
        ("Телеграмм не работает!", "telegram"),
        ("тг упал?", "telegram"),
        ("почему не грузит ютуб", "youtube"),
        ("на ютубе ничего не открывается", "youtube"),
        ("ютьюб и инста без впн", "youtube instagram"),
        ("не могу зайти в инсту", "instagram"),
        ("фейсбуком кто-нибудь пользуется?", "facebook"),
        ("вк и телеграм работают?", "vk telegram"),
        ("в контакте не открывается", "vk"),
        ("ВКонтакте", "vk"),
        ("мессенджер макс работает?", "max"),
        ("как зайти на госуслуги", "gosuslugi"),
        ("госуслугах", "gosuslugi"),
        ("новую газету заблокировали", "novayagazeta"),
        ("радио свободу не слышно", "svoboda"),
        ("через тор браузер открывается", "tor"),
        ("в настоящее время не работает ватсап", "whatsapp"),
        ("Telegram.Не работает", "telegram"),
        ("telegram is down.Is it only me", "telegram"),
        ("википедию тоже закрыли?", "wikipedia"),
        # French
        ("youtube et instagram marchent ?", "youtube instagram"),
        ("l'instagram est bloqué ?", "instagram"),
        ("Est-ce que WhatsApp fonctionne au Gabon ?", "whatsapp"),
        ("pourquoi télégram ne marche plus", "telegram"),
        ("impossible d’ouvrir Facebook depuis Kampala", "facebook"),
        ("Wikipédia en panne ?", "wikipedia"),
        ("tiktok coupé aujourd'hui", "tiktok"),
        # other forms of the letters
        ("ＷｈａｔｓＡｐｐ", "whatsapp"),
        ("whats\u200bapp", "whatsapp"),
        ("вайбе\u0301р, ватсап", "viber whatsapp"),
    ],
)
def test_a_name_is_found_in_a_sentence(text: str, expected: str) -> None:
    assert match(text, CATALOGUE) == Match(tuple(filter(None, map(CATALOGUE.get, expected.split()))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "x"),
        ("X?", "x"),
        ("х", "x"),
        ("x works?", "x"),
        ("is x down in Moscow?", "x"),
        ("instagram и x не работают", "instagram x"),
        ("max", "max"),
        ("макс работает?", "max"),
        ("Max, VK", "max vk"),
        ("signal", "signal"),
        ("is signal down?", "signal"),
        ("сигнал не работает", "signal"),
        ("signal marche ?", "signal"),
        ("messenger marche ?", "messenger"),
        ("контакт лежит", "vk"),
        ("threads?", "threads"),
        ("медуза открывается?", "meduza"),
    ],
)
def test_an_ordinary_word_is_a_name_where_nothing_else_is_said(text: str, expected: str) -> None:
    assert ids(match(text, CATALOGUE).services) == expected.split()


@pytest.mark.parametrize(
    ("text", "sure", "doubtful"),
    [
        ("I have no signal at max volume", "", "signal max"),
        ("telegram: I get no signal", "telegram", ""),
        ("нет сигнала в метро", "", "signal"),
        ("дай контакт", "", "vk"),
        ("Макс написал в телегу, что не приедет", "telegram", ""),
        ("solve x for me", "", "x"),
        ("what's the current time", "", "currenttime"),
        ("which messenger is best", "", "messenger"),
        ("le signal est faible", "", "signal"),
        ("habari wa mchana", "", "whatsapp"),
    ],
)
def test_an_ordinary_word_in_prose_is_a_suggestion_at_most(text: str, sure: str, doubtful: str) -> None:
    found = match(text, CATALOGUE)

    assert ids(found.services) == sure.split()
    assert ids(found.suggestions) == doubtful.split()


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("example.org", "example.org"),
        ("example.org works?", "example.org"),
        ("работает ли (example.org)?", "example.org"),
        ("Example.ORG.", "Example.ORG"),
        ("«пример.рф» работает?", "пример.рф"),
        ("xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai"),
        ("https://example.org/page?a=b", "https://example.org/page?a=b"),
        ("est-ce que sub.domain.example.co.uk marche", "sub.domain.example.co.uk"),
        ("example.org:8080", "example.org:8080"),
        ("https://Example.Org", "https://Example.Org"),
        ("ftp://example.org/file", "ftp://example.org/file"),
        ("http://user@10.0.0.1/", "http://user@10.0.0.1/"),
        ("1.1.1.1", "1.1.1.1"),
        ("例え.みんな", "例え.みんな"),
        ("example。org", "example。org"),
        ("wa.me жив?", "wa.me"),
        ("https://youtube.com:22/", "https://youtube.com:22/"),
    ],
)
def test_a_host_is_kept_as_it_was_typed(text: str, host: str) -> None:
    assert match(text, CATALOGUE) == Match(hosts=(host,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("youtube.com", "youtube"),
        ("x.com не открывается", "x"),
        ("https://www.instagram.com/reel/abc не открывается", "instagram"),
        ("telegram.org и WWW.BBC.COM", "telegram bbc"),
        ("whatsapp, meduza.io", "whatsapp meduza"),
    ],
)
def test_the_site_of_a_service_is_the_service(text: str, expected: str) -> None:
    found = match(text, CATALOGUE)

    assert ids(found.services) == expected.split()
    assert found.hosts == ()


def test_an_address_of_mail_names_no_service_but_may_suggest_one() -> None:
    found = match("whatsapp@example.org", CATALOGUE)
    assert (found.services, found.hosts, ids(found.suggestions)) == ((), (), ["whatsapp"])


def test_services_and_hosts_can_stand_together() -> None:
    found = match("ватсап, example.org и ютуб", CATALOGUE)

    assert ids(found.services) == ["whatsapp", "youtube"]
    assert found.hosts == ("example.org",)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        # slips of the finger
        ("whatspap", "whatsapp"),
        ("whatsaap works?", "whatsapp"),
        ("telegramn", "telegram"),
        ("is telegrm down", "telegram"),
        ("yotube", "youtube"),
        ("fasebook", "facebook"),
        ("insatgram", "instagram"),
        ("discrod", "discord"),
        ("wikipeda", "wikipedia"),
        ("ватсаб работает?", "whatsapp"),
        ("телгерам", "telegram"),
        ("инстаргам", "instagram"),
        ("одноклассникки", "odnoklassniki"),
        # the other keyboard layout
        ("цфеыфзз", "whatsapp"),
        ("цфеыфзз?", "whatsapp"),
        ("еудупкфь", "telegram"),
        ("нщгегиу", "youtube"),
        ("ntktuhfv", "telegram"),
        ("dfncfg hf,jnftn&", "whatsapp"),
        ("dfq,th", "viber"),
        ("atqc,er", "facebook"),
        (".ne, kt;bn", "youtube"),
        # Latin letters
        ("vatsap rabotaet?", "whatsapp"),
        ("yutub", "youtube"),
        ("telegramm lezhit", "telegram"),
        ("википедиа", "wikipedia"),
        ("инстаграмм.", "instagram"),
    ],
)
def test_a_slip_is_understood_as_a_question(text: str, first: str) -> None:
    found = match(text, CATALOGUE)

    assert ids(found.services or found.suggestions)[0] == first
    assert len(found.suggestions) <= MOST_SUGGESTIONS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "?!",
        "работает?",
        "is it down",
        "ça marche ?",
        "hello there my friend",
        "hey, what's up",
        "what is the weather",
        "The quick brown fox jumps over the lazy dog",
        "спасибо большое",
        "как дела",
        "я потерял ключи от машины",
        "погода на завтра",
        "comment ça va",
        "donne moi la météo",
        "e.g. this, i.e. that",
        "и т.д. и т.п.",
        "работает.Почему",
        "user@example.org",
        "12345 67890",
        "🙂🙂🙂",
        "\x00\x01\x02",
    ],
)
def test_what_is_about_nothing_matches_nothing(text: str) -> None:
    assert match(text, CATALOGUE) == Match()


def test_a_long_message_is_read_only_at_its_beginning() -> None:
    assert match("б " * MOST_CHARACTERS + "whatsapp", CATALOGUE).services == ()
    assert ids(match("whatsapp" + " б" * 1_000_000, CATALOGUE).services) == ["whatsapp"]


def test_one_message_names_a_few_services_and_hosts_at_most() -> None:
    names = " ".join(service.id for service in CATALOGUE)
    hosts = " ".join(f"{letter}.org" for letter in "abcdefghijklmnopqrst")

    assert len(match(names, CATALOGUE).services) == MOST_TARGETS
    assert len(match(hosts, CATALOGUE).hosts) == MOST_TARGETS


def test_every_name_of_every_service_finds_it() -> None:
    for service in CATALOGUE:
        names = [service.id, service.name, *(alias for group in service.aliases.values() for alias in group)]
        for name in names:
            assert ids(match(name, CATALOGUE).services) == [service.id], name


def test_no_two_services_share_a_case_of_a_name() -> None:
    for service in CATALOGUE:
        for alias in service.aliases.get("ru", ()):
            for form in case_forms(alias):
                assert ids(match(form, CATALOGUE).services) == [service.id], form


def test_an_empty_catalogue_knows_hosts_alone() -> None:
    assert match("whatsapp example.org", Catalogue(())) == Match(hosts=("example.org",))


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    found = match(text, CATALOGUE)

    assert not (found.suggestions and (found.services or found.hosts))
    assert all(host in text for host in found.hosts)


@given(
    st.lists(
        st.sampled_from(
            ["whatsapp", "ватсап", "x", "is", "не", ".", "?", "https://", "example.org", "me@", "'", "ё", "wtahsapp"]
        )
    ).map("".join)
)
def test_any_jumble_of_names_is_read(text: str) -> None:
    found = match(text, CATALOGUE)

    assert len(set(ids(found.services))) == len(found.services)
