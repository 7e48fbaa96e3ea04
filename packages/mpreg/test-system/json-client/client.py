"""A client of the JSON protocol, as the reference implementation's own client is one: a WebSocket of the library
`websockets` with its defaults (permessage-deflate offered, a ping every 20 s, frames up to 1 MiB), requests as text
frames with all their fields, replies told apart by their `u`."""

import asyncio
import json
import os
import time

import websockets

PATIENCE_S = 30
ULID_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid():
    number = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join(ULID_LETTERS[(number >> shift) & 31] for shift in range(125, -1, -5))


def command(name, fun, *args, locs=(), **kwargs):
    return {"name": name, "fun": fun, "args": list(args), "kwargs": kwargs, "locs": list(locs)}


class Client:
    def __init__(self, socket):
        self.socket = socket
        self.waiting = {}
        self.answered = []
        self.reading = asyncio.ensure_future(self.read())

    @staticmethod
    async def connect(url):
        return Client(await websockets.connect(url))

    async def read(self):
        async for frame in self.socket:
            assert isinstance(frame, bytes), f"a reply in a text frame: {frame}"
            reply = json.loads(frame)
            self.answered.append(reply["u"])
            self.waiting.pop(reply["u"]).set_result(reply)

    async def ask(self, message, frame=lambda text: text):
        """Sends a message and answers a future of its reply."""
        reply = self.waiting[message["u"]] = asyncio.get_running_loop().create_future()
        await self.socket.send(frame(json.dumps(message, ensure_ascii=False, separators=(",", ":"))))
        return reply

    async def request(self, *cmds, **fields):
        """Sends a request and answers a future of its reply."""
        message = {
            "role": "rpc",
            "cmds": list(cmds),
            "u": ulid(),
            "return_intermediate_results": False,
            "intermediate_result_callback_topic": None,
            "include_execution_summary": False,
            "debug_mode": False,
        }
        return await self.ask({**message, **fields})

    async def reply(self, *cmds, **fields):
        return await asyncio.wait_for(await self.request(*cmds, **fields), PATIENCE_S)

    async def call(self, fun, *args, locs=(), **kwargs):
        """What the reference's `call` does: one command named after its function; answers the bare result."""
        reply = await self.reply(command(fun, fun, *args, locs=locs, **kwargs))
        assert reply["error"] is None, reply
        return reply["r"][fun]

    async def close(self):
        await self.socket.close()
        await self.reading
