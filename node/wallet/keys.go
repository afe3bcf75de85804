package wallet

import (
	"encoding/binary"
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/quernnet/quern/consensus"
	addr "github.com/quernnet/quern/node/address"
)

// defaultLookahead is how many unused addresses of a branch are watched beyond
// the last used one: Core's keypool, since miners use one a block.
const defaultLookahead = 1000

// Branches of an account (BIP44).
const (
	receiving = 0
	change    = 1
)

// path is an address's place in the wallet.
type path struct {
	Kind   Kind
	Branch uint32
	Index  uint32
}

// purpose is the first level of a kind's derivation path.
func (k Kind) purpose() uint32 {
	if k == Taproot {
		return 86
	}
	return 84
}

// account derives m/purpose'/coin'/0', private.
func account(seed []byte, k Kind, p *consensus.Params) (*hdkeychain.ExtendedKey, error) {
	key, err := hdkeychain.NewMaster(seed, &chaincfg.Params{HDPrivateKeyID: p.HDPrivate, HDPublicKeyID: p.HDPublic})
	if err != nil {
		return nil, err
	}
	for _, i := range []uint32{k.purpose(), p.CoinType, 0} {
		if key, err = key.Derive(hdkeychain.HardenedKeyStart + i); err != nil {
			return nil, err
		}
	}
	return key, nil
}

// public is the account's public half, which the file keeps in the clear.
func public(account *hdkeychain.ExtendedKey, p *consensus.Params) (*hdkeychain.ExtendedKey, error) {
	// Not Neuter: it consults a global list of networks.
	key, err := account.ECPubKey()
	if err != nil {
		return nil, err
	}
	fp := binary.BigEndian.AppendUint32(nil, account.ParentFingerprint())
	return hdkeychain.NewExtendedKey(p.HDPublic[:], key.SerializeCompressed(), account.ChainCode(),
		fp, account.Depth(), account.ChildIndex(), false), nil
}

// derive takes an account, private or public, down to one key.
func derive(account *hdkeychain.ExtendedKey, branch, index uint32) (*hdkeychain.ExtendedKey, error) {
	key, err := account.Derive(branch)
	if err != nil {
		return nil, err
	}
	return key.Derive(index)
}

// scriptOf is the output script that pays to a key.
func scriptOf(k Kind, key *btcec.PublicKey) []byte {
	if k == Taproot {
		return addr.PayToWitness(1, schnorr.SerializePubKey(txscript.ComputeTaprootKeyNoScript(key)))
	}
	return addr.PayToWitness(0, address.Hash160(key.SerializeCompressed()))
}

// book knows every script of the wallet up to lookahead beyond the last used.
type book struct {
	lookahead uint32
	accounts  [2]*hdkeychain.ExtendedKey // public, by Kind
	next      [2][2]uint32               // first index not yet used, by Kind and branch
	derived   [2][2]uint32               // first index not yet derived
	paths     map[string]path            // by script
	scripts   map[path][]byte
}

func newBook(accounts [2]*hdkeychain.ExtendedKey, next [2][2]uint32, lookahead uint32) (*book, error) {
	b := &book{lookahead: lookahead, accounts: accounts, next: next, paths: map[string]path{}, scripts: map[path][]byte{}}
	return b, b.extend()
}

// extend derives what lookahead asks for.
func (b *book) extend() error {
	for kind, acc := range b.accounts {
		for branch := range b.next[kind] {
			if err := b.extendBranch(acc, Kind(kind), uint32(branch)); err != nil {
				return fmt.Errorf("derive keys: %w", err)
			}
		}
	}
	return nil
}

func (b *book) extendBranch(acc *hdkeychain.ExtendedKey, k Kind, branch uint32) error {
	at := &b.derived[k][branch]
	until := b.next[k][branch] + b.lookahead
	if *at >= until {
		return nil
	}
	parent, err := acc.Derive(branch)
	if err != nil {
		return err
	}
	for ; *at < until; *at++ {
		child, err := parent.Derive(*at)
		if err != nil {
			return err
		}
		key, err := child.ECPubKey()
		if err != nil {
			return err
		}
		p := path{k, branch, *at}
		s := scriptOf(k, key)
		b.paths[string(s)], b.scripts[p] = p, s
	}
	return nil
}

// use marks an address, and those before it, as used.
func (b *book) use(p path) error {
	if p.Index < b.next[p.Kind][p.Branch] {
		return nil
	}
	b.next[p.Kind][p.Branch] = p.Index + 1
	return b.extend()
}

// peek is the next unused address of a branch.
func (b *book) peek(k Kind, branch uint32) []byte {
	return b.scripts[path{k, branch, b.next[k][branch]}]
}

// fresh takes the next unused address of a branch.
func (b *book) fresh(k Kind, branch uint32) ([]byte, error) {
	s := b.peek(k, branch)
	return s, b.use(path{k, branch, b.next[k][branch]})
}
