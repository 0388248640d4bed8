"""What runs over a plain TCP stream and needs few words: DNS with its length prefix, and the silent chat servers."""

import asyncio

from tests.lab.world import dns
from tests.lab.world.atlas import Live
from tests.lab.world.wire import IDLE_S, Connection


async def serve_dns(live: Live, connection: Connection) -> None:
    """Answer queries one after the other (RFC 1035 §4.2.2). Raises EOFError when the client is done."""
    conversation = await connection.open()
    while True:
        async with asyncio.timeout(IDLE_S):
            length = int.from_bytes(await conversation.reader.readexactly(2))
            query = await conversation.reader.readexactly(length)
        reply = dns.reply(live.atlas, query, connection.endpoint.address, "tcp", connection.client)
        if reply.wire is not None:
            await asyncio.sleep(reply.delay_s)
            await conversation.send(len(reply.wire).to_bytes(2) + reply.wire)


async def serve_chat(connection: Connection) -> None:
    """Accept and listen, as a server does whose client has not yet said anything it understands."""
    conversation = await connection.open()
    await conversation.hold()
    await conversation.close()
