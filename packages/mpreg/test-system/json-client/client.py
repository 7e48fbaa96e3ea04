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
ACKNOWLEDGED = ("pubsub-publish", "pubsub-subscribe", "pubsub-unsubscribe")


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
        self.notified = asyncio.Queue()
        self.reading = asyncio.ensure_future(self.read())

    @staticmethod
    async def connect(url):
        return Client(await websockets.connect(url))

    async def read(self):
        async for frame in self.socket:
            assert isinstance(frame, bytes), f"a reply in a text frame: {frame}"
            reply = json.loads(frame)
            if reply.get("role") == "pubsub-notification":
                self.notified.put_nowait(reply)
                continue
            self.answered.append(reply["u"])
            self.waiting.pop(reply["u"]).set_result(reply)

    async def ask(self, message, frame=lambda text: text):
        """Sends a message and answers a future of its reply."""
        answer = f"ack_{message['u']}" if message["role"] in ACKNOWLEDGED else message["u"]
        reply = self.waiting[answer] = asyncio.get_running_loop().create_future()
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

    async def topics(self, role, **fields):
        """Sends a message about topics as the reference's client does, in a binary frame, and answers its ack."""
        message = {"role": role, **fields, "u": ulid()}
        return await asyncio.wait_for(await self.ask(message, str.encode), PATIENCE_S)

    async def publish(self, topic, payload, **headers):
        message = {
            "topic": topic,
            "payload": payload,
            "timestamp": time.time(),
            "message_id": ulid(),
            "publisher": "checks",
            "headers": headers,
            "routing_path": None,
            "current_hop": None,
        }
        return message, await self.topics("pubsub-publish", message=message)

    async def subscribe(self, *patterns, backlog_seconds=None):
        subscription = {
            "subscription_id": ulid(),
            "patterns": [{"pattern": pattern, "exact_match": not set(pattern) & set("*#")} for pattern in patterns],
            "subscriber": "checks",
            "created_at": time.time(),
            "get_backlog": backlog_seconds is not None,
            "backlog_seconds": 300 if backlog_seconds is None else backlog_seconds,
        }
        return subscription["subscription_id"], await self.topics("pubsub-subscribe", subscription=subscription)

    async def notification(self):
        return await asyncio.wait_for(self.notified.get(), PATIENCE_S)

    async def close(self):
        await self.socket.close()
        await self.reading
