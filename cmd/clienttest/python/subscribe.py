"""libzmq's subscribers hear of a block what the node says of it by RPC."""

import base64
import hashlib
import json
import os
import struct
import sys
import urllib.request

import zmq


def rpc(method, *params):
    login = "{}:{}".format(os.environ["QUERN_USER"], os.environ["QUERN_PASSWORD"]).encode()
    request = urllib.request.Request(
        "http://" + os.environ["QUERN_RPC"],
        json.dumps({"method": method, "params": params}).encode(),
        {"Authorization": "Basic " + base64.b64encode(login).decode()},
    )
    return json.load(urllib.request.urlopen(request))["result"]


def subscribe(endpoint):
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.setsockopt(zmq.RCVTIMEO, 60_000)
    socket.setsockopt(zmq.SUBSCRIBE, b"")
    monitor = socket.get_monitor_socket()
    socket.connect(endpoint)
    while struct.unpack("=hi", monitor.recv_multipart()[0])[0] != zmq.EVENT_HANDSHAKE_SUCCEEDED:
        pass
    socket.disable_monitor()
    return socket


hashes, blocks = subscribe(sys.argv[1]), subscribe(sys.argv[2])
heard = []
# Subscriptions travel behind the handshake: either socket may miss the first blocks.
while not any(topic == b"hashblock" for topic, _, _ in heard) or not blocks.poll(0):
    (block,) = rpc("generatetodescriptor", 1, "raw(51)")
    while hashes.poll(1000):
        heard.append(hashes.recv_multipart())

numbers = {}
for topic, body, number in heard:
    n = struct.unpack("<I", number)[0]
    assert numbers.get(topic, n - 1) == n - 1, "a message of {} was lost".format(topic)
    numbers[topic] = n
assert (b"hashblock", bytes.fromhex(block)) in [(t, b) for t, b, _ in heard]
assert (b"sequence", bytes.fromhex(block) + b"C") in [(t, b) for t, b, _ in heard]

topic, body, _ = blocks.recv_multipart()
assert topic == b"rawblock"
found = hashlib.sha256(hashlib.sha256(body[:80]).digest()).digest()[::-1].hex()
assert body.hex() == rpc("getblock", found, 0)
assert {n["type"] for n in rpc("getzmqnotifications")} == {"pubhashblock", "pubhashtx", "pubrawblock", "pubrawtx", "pubsequence"}
print("libzmq", zmq.zmq_version(), "heard of", block)
