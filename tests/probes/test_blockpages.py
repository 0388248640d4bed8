import pytest

from probes.blockpages import Page, known, match


def page(body: str = "", *, host: str = "example.org", status: int = 200, location: str = "", server: str = "") -> Page:
    return Page(
        host=host,
        status=status,
        location=location.lower(),
        server=server.lower(),
        body=body.lower(),
        body_bytes=len(body.encode()),
    )


RUSSIAN_NOTICE = """<html><body><h1>Доступ к информационному ресурсу ограничен на основании Федерального закона
от 27 июля 2006 г. № 149-ФЗ «Об информации, информационных технологиях и о защите информации».</h1>
<p>Причину можно узнать в <a href="https://eais.rkn.gov.ru">Едином реестре</a>.</p></body></html>"""

BLOCK_PAGES = [
    ("ru-rostelecom", page(status=302, location="http://warning.rt.ru/?id=17&st=0&dt=192.0.2.1&rs=example.org")),
    ("ru-mts", page(status=307, location="HTTP://Blocked.MTS.ru/?host=example.org")),
    ("ru-ertelecom", page(status=302, location="http://lawfilter.ertelecom.ru/")),
    ("ru-beeline", page(status=302, location="//blackhole.beeline.ru/?url=example.org")),
    ("ru-megafon-page", page(status=302, location="http://m.megafonpro.ru/rkn?id=1")),
    ("ru-register", page(status=302, location="http://eais.rkn.gov.ru/")),
    ("ru-notice-register", page(RUSSIAN_NOTICE)),
    ("ir-frame", page('<html><iframe src="http://10.10.34.35?type=Invalid Site"></iframe></html>', status=403)),
    ("kr-warning", page(status=302, location="https://www.warning.or.kr/i1.html")),
    ("sa-wirefilter", page("blocked", server="Protected by WireFilter 8000")),
    ("netsweeper", page(status=302, location="http://192.0.2.7:8080/webadmin/deny/index.php?dpid=2")),
    ("netsweeper-frame", page('<iframe src="http://192.0.2.7/webadmin/deny/index.php?dpid=9&dpruleid=4">')),
    ("fortinet", page("<title>Web Filter Violation</title> Powered by FortiGuard", status=403)),
    ("fortinet-intrusion-prevention", page("<h1>FortiGuard Intrusion Prevention - Access Blocked</h1>")),
    ("bluecoat-override", page(status=302, location="http://192.0.2.7/?cfru=aHR0cDovL2V4YW1wbGUub3JnLw==")),
    ("cisco-umbrella", page(status=303, location="https://block.opendns.com/?url=1")),
    ("refusal.http-451", page("unavailable for legal reasons", status=451)),
]

ORDINARY = [
    page("<h1>Доступ заблокирован</h1><p>Ваш аккаунт заблокирован за нарушение правил форума.</p>", status=403),
    page("<h1>Access denied</h1><p>You don't have permission to access this resource.</p>", status=403),
    page("Ваш запрос заблокирован. Обратитесь к администратору сайта.", status=403),
    page("<title>Blocked</title>Your IP has been blocked by the site's firewall. Sophos? Fortinet? Neither."),
    page("Новость: доступ к сайту ограничен, сообщил eais.rkn.gov.ru. 149-ФЗ обсуждают. " + "Подробности. " * 4000),
    page("Как проверить сайт в реестре: откройте eais.rkn.gov.ru или blocklist.rkn.gov.ru."),
    page(status=301, location="https://eais.rkn.gov.ru/", host="rkn.gov.ru"),
    page(status=302, location="https://blocked.mts.ru/", host="www.mts.ru"),
    page(status=302, location="https://example.org/?from=warning.rt.ru"),
    page(status=302, location="https://notwarning.rt.ru.example.net/"),
    page(status=302, location="http://[broken"),
    page("<iframe src='https://www.youtube.com/embed/1'></iframe>"),
]


@pytest.mark.parametrize(("name", "response"), BLOCK_PAGES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_known_block_page_is_recognised(name: str, response: Page) -> None:
    assert name in match(response)


@pytest.mark.parametrize("response", ORDINARY)
def test_an_ordinary_page_is_not(response: Page) -> None:
    assert match(response) == ()


def test_the_surest_match_comes_first() -> None:
    response = page(RUSSIAN_NOTICE, status=451)
    assert match(response) == ("ru-notice-register", "ru-notice-law", "refusal.http-451")


@pytest.mark.parametrize("name", known())
def test_every_entry_has_a_condition_of_its_own_and_words_never_stand_alone(name: str) -> None:
    entry = known()[name]
    assert 0 <= entry.no_false_positive <= 10
    assert entry.hosts or entry.path or entry.server or entry.status or entry.body
    assert all(text == text.lower() for text in (*entry.hosts, *entry.path, *entry.server, *entry.body))
    if entry.body:
        assert entry.max_bytes is not None
        assert len(entry.body) > 1 or entry.status
