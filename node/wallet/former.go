package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/keys"
)

// formerFile is a version 1 wallet at rest: JSON in one line, and behind it the
// hash of that line. It had BIP39 words, and the accounts of BIP84 and BIP86 that
// follow from them; the words encrypted with the password, the accounts'
// public keys not.
type formerFile struct {
	Format   string       `json:"format"`
	Version  int          `json:"version"`
	Chain    string       `json:"chain"`
	Genesis  wire.Hash    `json:"genesis"`
	Secret   *sealed      `json:"secret"`   // BIP39 entropy
	Accounts [2]string    `json:"accounts"` // extended public keys, of P2WPKH and P2TR
	Next     [2][2]uint32 `json:"next"`     // first unused index, by account and branch
	Tip      wire.Hash    `json:"tip"`      // the last block read
	Height   uint32       `json:"height"`   // its height
	Txs      []formerTx   `json:"transactions"`
}

// formerTx is a transaction in it.
type formerTx struct {
	Raw      string    `json:"raw"` // hex, with witness
	Height   uint32    `json:"height,omitempty"`
	Block    wire.Hash `json:"block"`
	Time     int64     `json:"time"`
	Conflict wire.Hash `json:"conflict"`
}

const formerFormat = "quern wallet"

func decodeFormer(b []byte) (*formerFile, error) {
	line, sum, ok := bytes.Cut(b, []byte("\n"))
	want := sha256.Sum256(line)
	if !ok || string(bytes.TrimSpace(sum)) != hex.EncodeToString(want[:]) {
		return nil, errors.New("its checksum does not match: the file is damaged or was cut short; restore it from a backup or from its words")
	}
	f := new(formerFile)
	if err := json.Unmarshal(line, f); err != nil {
		return nil, err
	}
	switch {
	case f.Format != formerFormat:
		return nil, fmt.Errorf("its format is %q, not %q", f.Format, formerFormat)
	case f.Version != 1:
		return nil, fmt.Errorf("it is of version %d, this program knows version 1 of this form", f.Version)
	case f.Secret == nil:
		return nil, errors.New("it holds no keys")
	}
	return f, f.Secret.check()
}

// takeFormer makes w what a version 1 file says. Its private keys come when the
// password is first given.
func (w *Wallet) takeFormer(f *formerFile) error {
	if genesis := w.c.Params.Genesis.ID(); f.Genesis != genesis || f.Chain != w.c.Params.Name {
		return fmt.Errorf("it is of chain %s, this node is on %s: give it another --datadir or --swarm", f.Chain, w.c.Params.Name)
	}
	if err := w.born(0, f.Tip, f.Height); err != nil {
		return err
	}
	for i, t := range []AddressType{Bech32, Bech32m} {
		for branch := range 2 {
			form := []string{"wpkh(%s/%d/*)", "tr(%s/%d/*)"}[i]
			desc, err := w.parse(fmt.Sprintf(form, f.Accounts[i], branch))
			if err != nil {
				return fmt.Errorf("account %v: %w", t, err)
			}
			r, err := w.newRing(desc, 1, 0, 0, f.Next[i][branch])
			if err == nil {
				err = w.add(r)
			}
			if err != nil {
				return fmt.Errorf("account %v: %w", t, err)
			}
			w.setActive(r, true, branch == 1)
			if branch == 0 {
				if err := w.bookGiven(r); err != nil {
					return err
				}
			}
		}
	}
	w.former = f.Secret
	for i := range f.Txs {
		e, err := w.formerEntry(&f.Txs[i])
		if err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
		w.ledger.insert(e)
	}
	return nil
}

// bookGiven puts the addresses that were given out into the book.
func (w *Wallet) bookGiven(r *keyring) error {
	for i := range r.rec.Next {
		if err := w.giveOut(r, i); err != nil {
			return err
		}
	}
	return nil
}

func (w *Wallet) formerEntry(f *formerTx) (*entry, error) {
	raw, err := hex.DecodeString(f.Raw)
	if err != nil {
		return nil, err
	}
	t, err := wire.DecodeTx(raw)
	if err != nil {
		return nil, err
	}
	e := &entry{tx: t, order: w.ledger.next, received: f.Time, smart: f.Time}
	switch {
	case !f.Block.IsZero():
		e.state, e.block, e.height = confirmed, f.Block, f.Height
		if b, err := w.c.Chain.Block(f.Block); err == nil {
			e.index = uint32(max(0, slices.Index(b.TxIDs(), t.ID())))
		}
	case !f.Conflict.IsZero():
		h, _ := w.c.Chain.Header(f.Conflict)
		e.state, e.block, e.height = conflicted, f.Conflict, h.Height
	case t.IsCoinbase():
		e.state = abandoned
	}
	return e, nil
}

// adoptFormer opens a version 1 wallet's words for the first time: from now on
// they and the private keys that follow from them are encrypted as in any other
// wallet. mu is held.
func (w *Wallet) adoptFormer(password string) error {
	genesis := w.meta.Genesis
	entropy, err := w.former.open(password, genesis[:])
	if err != nil {
		return err
	}
	defer clear(entropy)
	master, box, err := w.vault.newMaster(password)
	if err != nil {
		return err
	}
	former, book := w.former, w.vault
	w.former, w.vault.box = nil, box
	w.vault.master, w.vault.until = master, w.c.Now().Add(maxUnlock)
	if err := w.adoptWords(entropy, 1); err != nil {
		w.former, w.vault = former, book
		return err
	}
	w.vault.lock()
	return w.rewrite()
}

// adoptWords keeps BIP39 entropy and gives the wallet the descriptors of its seed.
// What it has of them without private keys gets those. mu is held.
func (w *Wallet) adoptWords(entropy []byte, created int64) error {
	seed, err := seedOf(toWords(entropy), "")
	if err != nil {
		return err
	}
	defer clear(seed)
	if w.words, err = w.vault.keep(wordsKey, entropy); err != nil {
		return err
	}
	w.note(recordOf(wordsKey, w.words))
	master, err := keys.NewMaster(seed)
	if err != nil {
		return err
	}
	key := master.Text(w.c.Params)
	for _, change := range []bool{false, true} {
		for t := range AddressType(addressTypes) {
			desc, err := w.parse(accountText(key, w.c.Params.CoinType, t, change))
			if err != nil {
				return err
			}
			r, err := w.newRing(desc, created, 0, 0, 0)
			if err != nil {
				return err
			}
			if err := w.adoptRing(r, change); err != nil {
				return err
			}
		}
	}
	return nil
}

// adoptRing adds a descriptor, or puts it in the place of the one with the same scripts. mu is held.
func (w *Wallet) adoptRing(r *keyring, change bool) error {
	scripts, err := scriptsOf(r.desc, 0)
	if err != nil {
		return err
	}
	ps := w.places[string(scripts[0])]
	if len(ps) == 0 {
		if err := w.add(r); err != nil {
			return err
		}
		w.setActive(r, true, change)
		return nil
	}
	old := ps[0].ring
	w.note(record{Key: descKey + old.id})
	old.id, old.desc, old.rec.Text, old.rec.Private = r.id, r.desc, r.rec.Text, r.rec.Private
	w.note(old.record(), w.activeRecord())
	return nil
}
