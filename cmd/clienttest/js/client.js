// npm's bitcoin-core (RPC, batches, REST) and bitcoinjs-lib (P2PKH, P2WPKH and
// P2TR: built, signed, sent) against a node.
const assert = require('node:assert');
const Client = require('bitcoin-core');
const bitcoin = require('bitcoinjs-lib');
const { ECPairFactory } = require('ecpair');
const ecc = require('tiny-secp256k1');

bitcoin.initEccLib(ecc);
const network = bitcoin.networks.regtest;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const client = new Client({
  host: `http://${process.env.QUERN_RPC}`,
  username: process.env.QUERN_USER,
  password: process.env.QUERN_PASSWORD,
  version: '0.21.0',
  logger: quiet,
});

// Keys of three kinds of outputs, and how each is spent.
const key = ECPairFactory(ecc).fromPrivateKey(Buffer.alloc(32, 7), { network });
const xOnly = key.publicKey.subarray(1, 33);
const tweaked = key.tweak(bitcoin.crypto.taggedHash('TapTweak', xOnly));
const kinds = {
  p2pkh: { payment: bitcoin.payments.p2pkh({ pubkey: key.publicKey, network }), signer: key, input: (raw) => ({ nonWitnessUtxo: raw }) },
  p2wpkh: { payment: bitcoin.payments.p2wpkh({ pubkey: key.publicKey, network }), signer: key, input: (_, witnessUtxo) => ({ witnessUtxo }) },
  p2tr: {
    payment: bitcoin.payments.p2tr({ internalPubkey: xOnly, network }),
    signer: tweaked,
    input: (_, witnessUtxo) => ({ witnessUtxo, tapInternalKey: xOnly }),
  },
};

// pay spends a block's reward of one kind to another.
async function pay(kind, reward, to) {
  const tx = bitcoin.Transaction.fromHex(reward.hex);
  const out = tx.outs[0];
  const psbt = new bitcoin.Psbt({ network });
  psbt.addInput({ hash: tx.getId(), index: 0, ...kind.input(Buffer.from(reward.hex, 'hex'), { script: out.script, value: out.value }) });
  psbt.addOutput({ address: to.payment.address, value: out.value - 1000n });
  psbt.signInput(0, kind.signer);
  psbt.finalizeAllInputs();
  const raw = psbt.extractTransaction();
  const id = await client.sendRawTransaction(raw.toHex());
  assert.strictEqual(id, raw.getId());
  return id;
}

async function rpc() {
  assert.strictEqual(await client.getBlockCount(), 0);
  for (const kind of Object.values(kinds)) {
    await client.generateToAddress(1, kind.payment.address);
  }
  await client.generateToAddress(100, kinds.p2wpkh.payment.address);
  assert.strictEqual((await client.getBlockchainInfo()).blocks, 103);

  const named = await client.getBlockHash({ height: 3 });
  assert.strictEqual(named, await client.getBlockHash(3));
  const batch = await client.command([
    { method: 'getblockhash', parameters: [1] },
    { method: 'getblockhash', parameters: [1000] },
    { method: 'getblockcount', parameters: [] },
  ]);
  assert.strictEqual(batch[0], await client.getBlockHash(1));
  assert.strictEqual(batch[1].code, -8);
  assert.strictEqual(batch[2], 103);
  await assert.rejects(client.getBlockHash(1000), { code: -8, message: 'Block height out of range' });
  await assert.rejects(new Client({ host: client.host, username: 'x', password: 'y', logger: quiet }).getBlockCount(), { code: 401 });
}

async function payments() {
  const names = Object.keys(kinds);
  const ids = [];
  for (const [i, name] of names.entries()) {
    const block = await client.getBlock(await client.getBlockHash(i + 1), 2);
    ids.push(await pay(kinds[name], block.tx[0], kinds[names[(i + 1) % names.length]]));
  }
  assert.deepStrictEqual((await client.getRawMempool()).sort(), [...ids].sort());
  assert.deepStrictEqual(Object.keys(await client.getMemoryPoolContent()).sort(), [...ids].sort());
  assert.strictEqual((await client.getMemoryPoolInformation()).size, 3);
  await client.generateToAddress(1, kinds.p2tr.payment.address);
  assert.strictEqual((await client.getMemoryPoolInformation()).size, 0);
  return ids;
}

async function rest(ids) {
  const best = await client.getBestBlockHash();
  const block = await client.getBlockByHash(best);
  assert.strictEqual(block.tx.length, 4);
  assert.deepStrictEqual((await client.getBlockByHash(best, { summary: true })).tx.slice(1).sort(), [...ids].sort());
  const raw = await client.getBlockByHash(best, { extension: 'bin' });
  assert.strictEqual(bitcoin.Block.fromBuffer(raw).getId(), best);
  assert.strictEqual((await client.getBlockByHash(best, { extension: 'hex' })).trim(), raw.toString('hex'));
  const headers = await client.getBlockHeadersByHash(best, 1);
  assert.strictEqual(headers[0].height, 104);
  assert.strictEqual((await client.getBlockchainInformation()).chain, 'regtest');
  const coins = await client.getUnspentTransactionOutputs(ids.map((id) => ({ id, index: 0 })));
  assert.strictEqual(coins.bitmap, '111');
  assert.strictEqual((await client.getTransactionByHash(ids[0])).txid, ids[0]);
  await assert.rejects(client.getTransactionByHash('00'.repeat(32)), { code: 404 });
}

(async () => {
  await rpc();
  const ids = await payments();
  await rest(ids);
  console.log('bitcoin-core and bitcoinjs-lib: paid', ids.join(' '));
})().catch((err) => {
  console.error(err);
  process.exit(1);
});
