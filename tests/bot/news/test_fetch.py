"""Fetching keeps its manners and its bounds, whatever a server does."""

from __future__ import annotations

import gzip
import tracemalloc
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from bot.news import fetch
from bot.news.fetch import MOST_BYTES, Fetcher
from bot.news.model import FeedError
from probes.guard import PUBLIC, Guard
from tests.fakes.feed_server import feed, feed_server, item, rss, zipped
from tests.fakes.http_server import chunked, redirect, response
from tests.fakes.tcp_server import close, closed_port, hang, reset, serve

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from tests.fakes.feed_server import FeedServer
    from tests.fakes.tcp_server import Handler

LOOPBACK = Guard(ports=None, extra_networks=("127.0.0.1/32",))
FEED = rss(item("Telegram throttled", "https://news.example.org/1"))


@asynccontextmanager
async def fetching(limit_s: float = 10.0) -> AsyncIterator[tuple[Fetcher, FeedServer]]:
    async with feed_server() as server, Fetcher.open(LOOPBACK, limit_s) as fetcher:
        yield fetcher, server


async def failure(fetcher: Fetcher, url: str) -> FeedError:
    with pytest.raises(FeedError) as caught:
        await fetcher.fetch(url)
    assert "\n" not in str(caught.value)
    return caught.value


async def test_a_feed_comes_with_what_is_needed_to_ask_again() -> None:
    async with fetching() as (fetcher, server):
        url = server.says("/feed", feed(FEED, ETag='"v1"', Last_Modified="Mon, 23 Nov 2026 06:00:00 GMT"))
        found = await fetcher.fetch(url)
    assert (found.body, found.url, found.moved_to) == (FEED, url, None)
    assert (found.etag, found.modified) == ('"v1"', "Mon, 23 Nov 2026 06:00:00 GMT")
    assert found.content_type == "application/rss+xml"


async def test_what_is_known_already_is_not_sent_again() -> None:
    async with fetching() as (fetcher, server):
        url = server.says("/feed", response(status="304 Not Modified"))
        found = await fetcher.fetch(url, etag='"v1"', modified="Mon, 23 Nov 2026 06:00:00 GMT")
        head = server.heads["/feed"][0]
    assert found.body is None
    assert 'if-none-match: "v1"' in head
    assert "if-modified-since: mon, 23 nov 2026 06:00:00 gmt" in head
    assert "gzip" in head


@pytest.mark.parametrize("answer", [zipped(FEED), chunked(FEED[:50], FEED[50:])], ids=["gzip", "chunked"])
async def test_a_body_is_unpacked(answer: bytes) -> None:
    async with fetching() as (fetcher, server):
        assert (await fetcher.fetch(server.says("/feed", answer))).body == FEED


# --- redirects -------------------------------------------------------------------------------------------------------


async def test_permanent_redirects_tell_where_a_feed_is_and_temporary_ones_do_not() -> None:
    async with fetching() as (fetcher, server):
        server.says("/new", redirect("/newer", "308 Permanent Redirect"))
        newer = server.says("/newer", redirect("/today"))
        server.says("/today", redirect("/body", "301 Moved Permanently"))
        server.says("/body", feed(FEED))
        found = await fetcher.fetch(server.says("/old", redirect("/new", "301 Moved Permanently")))
    assert found.moved_to == newer
    assert found.url == server.url("/body")


async def test_endless_redirects_end() -> None:
    async with fetching() as (fetcher, server):
        error = await failure(fetcher, server.says("/round", redirect("/round")))
        assert "redirects" in str(error)
        assert server.asked["/round"] == fetch.MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/feed",
        "http://[::1]:{port}/",
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "ftp://a.b/",
    ],
)
async def test_redirects_lead_nowhere_that_the_guard_forbids(target: str) -> None:
    async with fetching() as (fetcher, server):
        server.says("/feed", feed(FEED))
        await failure(fetcher, server.says("/away", redirect(target.format(port=server.port))))
        assert server.asked["/feed"] == 0


async def test_this_host_is_not_contacted_without_leave() -> None:
    async with feed_server() as server, Fetcher.open(PUBLIC) as fetcher:
        assert "not contacted" in str(await failure(fetcher, server.says("/feed", feed(FEED))))
        assert not server.asked


# --- faults ----------------------------------------------------------------------------------------------------------


async def test_50_megabytes_are_not_read() -> None:
    async with fetching() as (fetcher, server):
        honest = server.says("/honest", response(b"x", length=50 * 2**20))
        assert "longer" in str(await failure(fetcher, honest))
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n"
        sly = server.says("/sly", head + bytes(50 * 2**20))
        assert "longer" in str(await failure(fetcher, sly))


async def test_a_gzip_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(200 * 2**20))
    assert len(bomb) < MOST_BYTES
    async with fetching() as (fetcher, server):
        url = server.says("/bomb", response(bomb, Content_Encoding="gzip"))
        tracemalloc.start()
        try:
            assert "longer" in str(await failure(fetcher, url))
            assert tracemalloc.get_traced_memory()[1] < 8 * MOST_BYTES
        finally:
            tracemalloc.stop()


async def test_a_body_that_drips_is_given_up() -> None:
    async with fetching(limit_s=0.3) as (fetcher, server):
        server.slow["/feed"] = 0.02
        assert "slow" in str(await failure(fetcher, server.says("/feed", feed(FEED))))


@pytest.mark.parametrize("handler", [hang, close, reset], ids=["silent", "closed", "reset"])
async def test_a_server_that_says_nothing_is_a_failure(handler: Handler) -> None:
    async with serve(handler) as port, Fetcher.open(LOOPBACK, 0.3) as fetcher:
        await failure(fetcher, f"http://127.0.0.1:{port}/feed")


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    async with Fetcher.open(LOOPBACK) as fetcher:
        await failure(fetcher, f"http://127.0.0.1:{closed_port()}/feed")


@pytest.mark.parametrize(
    "answer",
    [
        response(b"no gzip at all", Content_Encoding="gzip"),
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        response(status="302 Found"),
        redirect("http://[broken"),
    ],
    ids=["no gzip", "no HTTP", "no location", "broken location"],
)
async def test_a_broken_answer_is_a_failure(answer: bytes) -> None:
    async with fetching(limit_s=2.0) as (fetcher, server):
        await failure(fetcher, server.says("/feed", answer))


async def test_a_body_that_is_shorter_than_promised_is_a_failure() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response(FEED[:100], length=len(FEED)))
        await writer.drain()

    async with serve(handler) as port, Fetcher.open(LOOPBACK) as fetcher:
        await failure(fetcher, f"http://127.0.0.1:{port}/")


async def test_brotli_is_asked_for_only_where_it_can_be_unpacked() -> None:
    async with fetching() as (fetcher, server):
        await fetcher.fetch(server.says("/feed", feed(FEED)))
    (accepted,) = [line for line in server.heads["/feed"][0].splitlines() if line.startswith("accept-encoding")]
    assert (" br" in accepted) == (find_spec("brotli") is not None or find_spec("brotlicffi") is not None)


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "410 Gone", "500 Internal Server Error"])
async def test_whatever_is_no_success_is_a_failure(status: str) -> None:
    async with fetching() as (fetcher, server):
        error = await failure(fetcher, server.says("/feed", response(FEED, status=status)))
    assert status[:3] in str(error)
    assert error.retry_after_s is None


async def test_the_wait_that_a_server_asks_for_is_told() -> None:
    async with fetching() as (fetcher, server):
        seconds = response(status="429 Too Many Requests", Retry_After="7200")
        assert (await failure(fetcher, server.says("/a", seconds))).retry_after_s == 7200
        later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
        date = response(status="503 Service Unavailable", Retry_After=later)
        waits_s = (await failure(fetcher, server.says("/b", date))).retry_after_s
        assert waits_s is not None
        assert 3500 < waits_s <= 3600
        nonsense = response(status="503 Service Unavailable", Retry_After="soon")
        assert (await failure(fetcher, server.says("/c", nonsense))).retry_after_s is None
