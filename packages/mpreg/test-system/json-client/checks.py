"""What a client of the JSON protocol may expect of a node: `python3 checks.py URL`.

The node at URL has `wrap`, `fail`, `hold` and `release`; another of its cluster has `train` with the resources gpu and
model-v2. Prints a line per check. The last check prints "stop the node" and expects to be told.

Exit code 0 if every check has passed."""

import asyncio
import json
import sys
import time

import websockets
from client import PATIENCE_S, Client, command, ulid

LEVEL_FIELDS = ["request_id", "level_index", "level_results", "accumulated_results"]
LEVEL_FIELDS += ["total_levels", "completed_levels", "timestamp", "execution_time_ms"]
EMPTY = {"intermediate_results": [], "execution_summary": None}


def equal(actual, expected):
    assert actual == expected, f"\n  {actual}\ninstead of\n  {expected}"


def header(socket, side, name):
    """A header of the handshake; newer versions of the library hold it elsewhere."""
    old = getattr(socket, f"{side}_headers", None)
    return (old if old is not None else getattr(socket, side).headers).get(name)


async def deflate_is_declined(client):
    offered = header(client.socket, "request", "Sec-WebSocket-Extensions")
    assert offered is not None and "permessage-deflate" in offered, offered
    equal(header(client.socket, "response", "Sec-WebSocket-Extensions"), None)
    equal(client.socket.subprotocol, None)
    equal(await client.call("echo", "x" * 10_000), "x" * 10_000)


async def every_json_type_comes_back(client):
    value = [1, -1.5, "two", "ünïcödé 😀 \ud800", {"three": [3, None, True, {}]}, [], 1e300, 1795164200314864401]
    # a lone surrogate has no UTF-8, so all is escaped as ASCII
    reply = await client.ask(
        {"role": "rpc", "cmds": [command("echos", "echos", *value)], "u": ulid()},
        lambda text: json.dumps(json.loads(text)),
    )
    equal((await reply)["r"], {"echos": value})


async def a_reply_has_the_reference_s_fields_in_their_order(client):
    reply = await client.reply(command("echo", "echo", "hello"), u="01M7W1ZNH6D7YM34GNCWNJS0HN")
    expected = {"r": {"echo": "hello"}, "error": None, "u": "01M7W1ZNH6D7YM34GNCWNJS0HN", **EMPTY}
    equal(json.dumps(reply), json.dumps(expected))


async def text_binary_and_fragmented_frames_are_taken(client):
    for frame in (str, str.encode, lambda text: [text[:30], text[30:40], text[40:]]):
        message = {"role": "rpc", "cmds": [{"name": "x", "fun": "echo", "args": ["ü"]}], "u": ulid(), "zzz": 1}
        equal((await (await client.ask(message, frame)))["r"], {"x": "ü"})


async def pings_are_answered_while_a_call_runs(client):
    held = await client.request(command("h", "hold", "ping"))
    for payload in ("", b"1234", b"x" * 125):
        pong = await client.socket.ping(payload)
        await asyncio.wait_for(pong, PATIENCE_S)
    equal(await client.call("release", "ping"), True)
    equal((await held)["r"], {"h": "ping"})


async def many_requests_of_a_socket_are_answered_as_they_end(client):
    keys = [f"many {number}" for number in range(300)]
    held = [await client.request(command("h", "hold", key), u=key) for key in keys]
    for key in reversed(keys):
        equal(await client.call("release", key), True)
    for key, reply in zip(keys, held):
        equal((await asyncio.wait_for(reply, PATIENCE_S))["r"], {"h": key})
    equal([u for u in client.answered if u in set(keys)], keys[::-1])


async def a_request_larger_than_a_mebibyte_is_taken(client):
    reply = await client.reply(command("big", "echo", ["x" * 3_000_000]), command("size", "echo", "big.0.length"))
    equal(reply["r"], {"size": 3_000_000})


async def references_in_args_and_kwargs_over_two_nodes(client):
    reply = await client.reply(
        command("|third", "echos", "|second.args", "|second.kwargs.deep", ["|first", {"k": "|second.args.0"}], "|"),
        command("|first", "echo", "X"),
        command("|second", "train", "|first.length", locs=["model-v2", "gpu"], deep={"er": ["|wrapped.nested.deep"]}),
        command("|wrapped", "wrap", "|first"),
        command("lone", "echo", "hello |first"),
    )
    equal(reply["error"], None)
    equal(reply["r"], {"|third": [[1], {"er": ["X"]}, ["X", {"k": 1}], "|"], "lone": "hello |first"})


async def results_and_own_names_are_data(client):
    equal(await client.call("echo", "echo"), "echo")
    reply = await client.reply(
        command("secret", "echo", "s"),
        command("trap", "name_of_a_step"),
        command("out", "echos", "trap", "secrets", "out.x"),
    )
    equal(reply["r"], {"secret": "s", "out": ["secret", "secrets", "out.x"]})


async def every_error_has_its_code(client):
    async def failed(*cmds, **fields):
        reply = await client.reply(*cmds, **fields)
        equal([reply["r"], {key: reply[key] for key in EMPTY}], [None, EMPTY])
        error = reply["error"]
        equal(list(error), ["code", "message", "details"])
        details = error["details"] or {}
        equal(list(details), ["code", "step", "node", "outcome"] if details else [])
        return error["code"], details.get("code"), details.get("step"), details.get("outcome"), error["message"]

    one = command("x", "echo", 1)
    equal(
        [
            await failed(command("nope", "nope", 1)),
            await failed(command("echo", "echo", 1, locs=["gpu", "tape"])),
            await failed(command("a", "wrap", 1), command("b", "fail", "a.value")),
            await failed(command("a", "wrap", 1), command("b", "echo", "a.nested.shallow")),
            await failed(command("a", "echo", "b"), command("b", "echo", "a")),
            await failed(one, one),
            await failed(),
            await failed({"name": "x"}),
            await failed(one, role="martian"),
            await failed(one, role=None),
            await failed(role="server", server={"what": "HELLO"}),
            await failed(role="pubsub-gossip"),
        ],
        [
            (1001, "no-provider", "nope", "not-applied", 'Cannot call "nope": no node offers a function of that name'),
            (
                1001,
                "no-provider",
                "echo",
                "not-applied",
                'Cannot call "echo": no node offers it with [gpu, tape]; 1 node offers it with [gpu]',
            ),
            (1003, "handler-error", "b", "applied", '"fail" threw: out of paper: 1'),
            (1003, "path-missing", "b", "applied", 'Cannot take a.nested.shallow: a.nested has no "shallow"'),
            (1003, "cycle", "a", "not-applied", "The references form a cycle: a → b → a (each step needs the next)"),
            (1003, "duplicate-step", "x", "not-applied", 'Two steps of the request are named "x"'),
            (1003, "empty-request", None, "not-applied", "The request has no step"),
            (
                1003,
                "invalid-argument",
                None,
                "not-applied",
                "cmds[0].fun must be a name that is not empty, got undefined",
            ),
            (1004, None, None, None, "Invalid RPC request role: martian"),
            (1004, None, None, None, "Invalid RPC request role: None"),
            (1000, None, None, None, "Invalid server message: HELLO"),
            (1004, None, None, None, "Invalid RPC request role: pubsub-gossip"),
        ],
    )


async def status_is_answered(client):
    reply = await client.ask({"role": "server", "server": {"what": "STATUS"}, "u": "s"})
    equal(await reply, {"r": "STATUS", "error": None, "u": "s", **EMPTY})


async def levels_are_told_when_asked_for(client):
    before = time.time()
    reply = await client.reply(
        command("first", "wrap", "X"),
        command("second", "train", "first.value"),
        u="my-request-id",
        return_intermediate_results=True,
        include_execution_summary=True,
        debug_mode=True,
    )
    first, second = {"value": "X", "nested": {"deep": "X"}}, {"args": ["X"], "kwargs": {}}
    equal(reply["r"], {"second": second})
    levels = reply["intermediate_results"]
    equal([list(level) for level in levels], [LEVEL_FIELDS] * 2)
    equal(
        [[level[field] for field in LEVEL_FIELDS[:6]] for level in levels],
        [
            ["my-request-id", 0, {"first": first}, {"first": first}, 2, 1],
            ["my-request-id", 1, {"second": second}, {"first": first, "second": second}, 2, 2],
        ],
    )
    assert before - 1 < levels[0]["timestamp"] <= levels[1]["timestamp"] < time.time() + 1, levels
    summary = reply["execution_summary"]
    times = [level["execution_time_ms"] for level in levels]
    equal(
        {**summary, "total_execution_time_ms": None},
        {
            "request_id": "my-request-id",
            "total_execution_time_ms": None,
            "total_levels": 2,
            "level_execution_times": times,
            "bottleneck_level_index": times.index(max(times)),
            "average_level_time_ms": sum(times) / 2,
            "parallel_commands_executed": 2,
            "cross_cluster_hops": 1,
        },
    )
    assert summary["total_execution_time_ms"] >= max(times) > 0, summary


async def a_callback_topic_gets_each_level_before_the_reply(client):
    u = ulid()
    topic = f"mpreg.rpc.request.{u}.progress"
    name, ack = await client.subscribe(topic)
    equal(acked(ack), None)
    cmds = [command("first", "echo", "X"), command("second", "echo", "first")]
    reply = await client.reply(*cmds, u=u, intermediate_result_callback_topic=topic)
    equal([reply["r"], reply["error"], reply.get("notices")], [{"second": "X"}, None, None])
    equal(client.notified.qsize(), 2)
    told = [(await client.notification())["message"]["payload"] for _ in range(2)]
    equal([list(level) for level in told], [LEVEL_FIELDS] * 2)
    equal([level["level_results"] for level in told], [{"first": "X"}, {"second": "X"}])
    equal([level["completed_levels"] / level["total_levels"] for level in told], [0.5, 1.0])
    refused = await client.reply(*cmds, intermediate_result_callback_topic=topic)
    equal([refused["r"], refused["error"]["code"], refused["error"]["details"]["code"]], [None, 1003, "denied"])
    equal(acked(await client.topics("pubsub-unsubscribe", subscription_id=name)), None)


def acked(ack, success=True):
    equal(list(ack)[:5], ["role", "operation_id", "success", "error", "u"])
    equal([ack["role"], ack["success"], ack["u"]], ["pubsub-ack", success, f"ack_{ack['operation_id']}"])
    return ack["error"]


async def what_is_published_comes_as_it_was_sent(client):
    name, ack = await client.subscribe("user.*.login", "order.#")
    equal(acked(ack), None)
    values = [{"username": "älice"}, [1, -1.5, None, True], "text", 1795164200314864401, None]
    for topic, value in zip(["user.1.login", "order", "order.new.eu", "order.2", "user..login"], values):
        sent, ack = await client.publish(topic, value, content_type="json", priority=7, mine={"deep": [1]})
        equal(acked(ack), None)
        u = f"notification_{sent['message_id']}_{name}"
        expected = {"role": "pubsub-notification", "message": sent, "subscription_id": name, "u": u}
        equal(json.dumps(await client.notification()), json.dumps(expected))
    _, ack = await client.publish("user.1.profile.login", 1)
    equal([acked(ack), client.notified.qsize()], [None, 0])
    equal(acked(await client.topics("pubsub-unsubscribe", subscription_id=name)), None)
    _, ack = await client.publish("order", 1)
    equal([acked(ack), client.notified.qsize()], [None, 0])


async def the_backlog_comes_when_it_is_asked_for(client):
    sent, _ = await client.publish("kept.1", {"early": True})
    name, ack = await client.subscribe("kept.*", backlog_seconds=300)
    equal(acked(ack), None)
    told = await client.notification()
    equal([told["message"], told["u"]], [sent, f"backlog_{sent['message_id']}_{name}"])
    equal(acked(await client.topics("pubsub-unsubscribe", subscription_id=name)), None)


async def refusals_of_topics_say_why(client):
    other = await Client.connect(URL)
    name, _ = await other.subscribe("a")
    why = acked(await client.topics("pubsub-unsubscribe", subscription_id=name), False)
    equal(why, f'This connection has no subscription "{name}"')
    _, ack = await client.publish("mpreg.cluster.member", 1)
    why = 'Cannot publish to "mpreg.cluster.member": "mpreg.#" belongs to the cluster; other topics work'
    equal(acked(ack, False), why)
    sent, _ = await client.publish("a", 1)
    equal((await other.notification())["message"], sent)
    await other.close()


async def a_request_over_topics_is_answered_at_its_reply_topic(client):
    answering = await Client.connect(URL)
    await answering.subscribe("question")
    reply_topic = f"reply.{ulid()}"
    await client.subscribe(reply_topic)
    await client.publish("question", 21, reply_to=reply_topic, correlation_id="c")
    asked = (await answering.notification())["message"]
    await answering.publish(
        asked["headers"]["reply_to"], asked["payload"] * 2, correlation_id=asked["headers"]["correlation_id"]
    )
    answer = (await client.notification())["message"]
    equal([answer["payload"], answer["headers"]], [42, {"correlation_id": "c"}])
    await answering.close()


async def what_is_no_json_ends_its_connection_alone(client):
    bad = await websockets.connect(URL)
    await bad.send("{nope")
    await asyncio.wait_for(bad.wait_closed(), PATIENCE_S)
    equal(bad.close_code, 1002)
    assert bad.close_reason.startswith("a frame that is not JSON"), bad.close_reason
    equal(await client.call("echo", 1), 1)


async def a_client_s_close_is_answered(_client):
    leaving = await Client.connect(URL)
    equal(await leaving.call("echo", 1), 1)
    await leaving.close()
    equal(leaving.socket.close_code, 1000)


async def the_node_s_end_is_told(client):
    print("stop the node", flush=True)
    await asyncio.wait_for(client.socket.wait_closed(), PATIENCE_S)
    equal([client.socket.close_code, client.socket.close_reason], [1001, 'Node "entry" is closing'])


async def main():
    client = await Client.connect(URL)
    failures = 0
    for check in CHECKS:
        try:
            await asyncio.wait_for(check(client), 2 * PATIENCE_S)
            print("passed", check.__name__, flush=True)
        except Exception as error:  # told, and counted
            failures += 1
            print("FAILED", check.__name__, repr(error), flush=True)
    return failures


URL = sys.argv[1]
CHECKS = [
    deflate_is_declined,
    every_json_type_comes_back,
    a_reply_has_the_reference_s_fields_in_their_order,
    text_binary_and_fragmented_frames_are_taken,
    pings_are_answered_while_a_call_runs,
    many_requests_of_a_socket_are_answered_as_they_end,
    a_request_larger_than_a_mebibyte_is_taken,
    references_in_args_and_kwargs_over_two_nodes,
    results_and_own_names_are_data,
    every_error_has_its_code,
    status_is_answered,
    levels_are_told_when_asked_for,
    a_callback_topic_gets_each_level_before_the_reply,
    what_is_published_comes_as_it_was_sent,
    the_backlog_comes_when_it_is_asked_for,
    refusals_of_topics_say_why,
    a_request_over_topics_is_answered_at_its_reply_topic,
    what_is_no_json_ends_its_connection_alone,
    a_client_s_close_is_answered,
    the_node_s_end_is_told,
]
sys.exit(asyncio.run(main()))
