"""python3-bitcoinlib's proxy, as its examples use it, against a node."""

import os

import bitcoin
import bitcoin.rpc
from bitcoin.core import COIN, CMutableTransaction, CMutableTxOut, lx, b2lx
from bitcoin.wallet import CBitcoinAddress

bitcoin.SelectParams("regtest")
url = "http://{}:{}@{}".format(os.environ["QUERN_USER"], os.environ["QUERN_PASSWORD"], os.environ["QUERN_RPC"])


def raw(*args):
    return bitcoin.rpc.RawProxy(service_url=url)._call(*args)


proxy = bitcoin.rpc.Proxy(service_url=url)
raw("createwallet", "python")
address = proxy.getnewaddress()
assert len(list(proxy.generatetoaddress(101, address))) == 101
assert proxy.getblockcount() == 101

best = proxy.getbestblockhash()
assert proxy.getblockhash(101) == best
block = proxy.getblock(best)
assert block.GetHash() == best
assert proxy.getblockheader(best).GetHash() == best
assert proxy.getbalance() == 50 * COIN

coins = proxy.listunspent(1)
assert len(coins) == 1 and coins[0]["amount"] == 50 * COIN

# Paid by the wallet, and by hand.
txid = proxy.sendtoaddress(str(proxy.getnewaddress()), 1 * COIN)
assert txid in proxy.getrawmempool()
tx = proxy.getrawtransaction(txid)
assert tx.GetTxid() == txid

list(proxy.generatetoaddress(1, address))
assert proxy.gettransaction(txid)["confirmations"] == 1

mine = CMutableTransaction([], [CMutableTxOut(2 * COIN, proxy.getnewaddress().to_scriptPubKey())])
funded = proxy.fundrawtransaction(mine)["tx"]
signed = proxy.signrawtransactionwithwallet(funded) if hasattr(proxy, "signrawtransactionwithwallet") else None
if signed is None:
    answer = raw("signrawtransactionwithwallet", funded.serialize().hex())
    assert answer["complete"], answer
    sent = lx(raw("sendrawtransaction", answer["hex"]))
else:
    assert signed["complete"]
    sent = proxy.sendrawtransaction(signed["tx"])
assert sent in proxy.getrawmempool()

try:
    proxy.getblockhash(5000)
    raise AssertionError("a height beyond the tip has a block")
except IndexError:
    pass
try:
    proxy.getblock(lx("00" * 32))
    raise AssertionError("an unknown block was found")
except IndexError:
    pass
print("python3-bitcoinlib: paid", b2lx(sent))
