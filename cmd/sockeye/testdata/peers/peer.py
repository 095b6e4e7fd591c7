"""A WebSocket server or client on python websockets that logs what it sent and
received, for TestLivePeers.

    peer.py server HOST...   prints {"servers": [address...]}, then a log for every connection
    peer.py client           reads [{"url", "mode", "script"}...] from standard input, prints a log for each

Frames are logged where the library hands them to the socket or takes them from it.
"""
import asyncio, base64, hashlib, json, sys

from websockets.client import connect, WebSocketClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.exceptions import ConnectionClosed
from websockets.server import serve, WebSocketServerProtocol

OPS = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
OPTIONS = dict(max_size=None, max_queue=None, ping_interval=None)


class Log:
    """Puts frames together to messages."""

    def __init__(self):
        self.entries, self.op, self.payload, self.frames = [], None, b"", 0

    def frame(self, fin, opcode, data):
        data = bytes(data)
        if opcode >= 8:
            self.message(OPS[opcode], data, 1)
            return
        if opcode:
            self.op, self.payload, self.frames = OPS[opcode], b"", 0
        self.payload += data
        self.frames += 1
        if fin:
            self.message(self.op, self.payload, self.frames)

    def message(self, op, data, frames):
        close = ""
        if op == "close":
            close = f"{int.from_bytes(data[:2], 'big')} {data[2:].decode()}" if data else "-"
        sha256 = hashlib.sha256(data).hexdigest()
        self.entries.append(dict(op=op, length=len(data), sha256=sha256, close=close, frames=frames))


class Logging:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sent, self.received = Log(), Log()

    async def read_frame(self, max_size):
        frame = await super().read_frame(max_size)
        self.received.frame(frame.fin, frame.opcode, frame.data)
        return frame

    def write_frame_sync(self, fin, opcode, data):
        self.sent.frame(fin, opcode, data)
        super().write_frame_sync(fin, opcode, data)

    def tell(self, **more):
        print(json.dumps(dict(more, sent=self.sent.entries, received=self.received.entries)), flush=True)


class Server(Logging, WebSocketServerProtocol):
    pass


class Client(Logging, WebSocketClientProtocol):
    pass


def address(name):
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def say(ws, op, data, parts=0, ping=False):
    message = data.decode() if op == "text" else data
    if not parts:
        await ws.send(message)
        return

    async def cut():
        for i in range(parts):
            if i == 1 and ping:
                await ws.ping(f"between {parts} parts")
            yield message[len(message) * i // parts : len(message) * (i + 1) // parts]

    await ws.send(cut())


def echo(message):
    """The answer to a data message, as the Go servers give it."""
    if isinstance(message, str):
        return "text", b"echo " + message.encode() if message else b""
    return "binary", bytes(b ^ 0xFF for b in message)


async def answer(ws):
    # Addresses are gone once the connection is.
    who = dict(path=ws.path, client=address(ws.remote_address), server=address(ws.local_address))
    try:
        async for message in ws:
            if isinstance(message, str) and message.startswith("close:"):
                _, code, reason = message.split(":", 2)
                await ws.close(int(code), reason)
                continue
            if isinstance(message, str) and message.startswith("ping:"):
                await ws.ping(message[5:])
            op, data = echo(message)
            await say(ws, op, data, 3 if 1000 < len(data) < 5000 else 0)
    except ConnectionClosed:
        pass
    await ws.wait_closed()
    ws.tell(**who)


async def server(hosts):
    running = [await serve(answer, host, 0, create_protocol=Server, **OPTIONS) for host in hosts]
    print(json.dumps(dict(servers=[address(s.sockets[0].getsockname()) for s in running])), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def clients(conversations):
    for c in conversations:
        await client(**c)


async def client(url, mode, script):
    options = dict(OPTIONS)
    if mode == "plain":
        options["compression"] = None
    elif mode == "no-takeover":
        options["compression"] = None
        options["extensions"] = [ClientPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)]
    async with connect(url, create_protocol=Client, **options) as ws:
        who = dict(client=address(ws.local_address))
        owed = 0
        for step in script:
            op, data = step["op"], base64.b64decode(step["data"] or "")
            while owed and (op == "close" or len(data) > 100_000):
                await ws.recv()
                owed -= 1
            if op == "ping":
                await ws.ping(data)
            elif op == "close" and "code" in step:
                await ws.close(step["code"], step["reason"])
            elif op == "close":  # the library has no function for an empty one
                await ws.write_close_frame(None, b"")
            else:
                await say(ws, op, data, step.get("parts", 0), step.get("ping", False))
                owed += not data.startswith(b"close:")
        try:
            while True:
                await ws.recv()
        except ConnectionClosed:
            pass
        await ws.wait_closed()
        ws.tell(**who)


if sys.argv[1] == "server":
    asyncio.run(server(sys.argv[2:]))
else:
    asyncio.run(clients(json.load(sys.stdin)))
