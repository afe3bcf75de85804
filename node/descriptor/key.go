package descriptor

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"github.com/quernnet/quern/consensus"
)

// A ranged key ends in a star that stands for an index.
type star int

const (
	noStar star = iota
	plainStar
	hardStar
)

// key is a key expression (BIP380): a key, or an extended one and the path
// below it.
type key struct {
	origin       string // fingerprint and path as given, "" when none was
	pub          *btcec.PublicKey
	uncompressed bool
	extended     *hdkeychain.ExtendedKey // or
	path         []uint32
	star         star
}

// parseKey reads a key expression. Only Taproot's keys may be 32 bytes.
func parseKey(text string, p *consensus.Params, taproot bool) (*key, error) {
	k := new(key)
	if strings.HasPrefix(text, "[") {
		origin, rest, ok := strings.Cut(text[1:], "]")
		if !ok || len(origin) < 8 {
			return nil, errors.New("Key origin start '[ character expected but not found, or no ']'")
		}
		fingerprint, path, _ := strings.Cut(origin, "/")
		if raw, err := hex.DecodeString(fingerprint); err != nil || len(raw) != 4 {
			return nil, fmt.Errorf("Fingerprint '%s' is not hex of 4 bytes", fingerprint)
		}
		if path != "" {
			if _, err := parsePath(strings.Split(path, "/")); err != nil {
				return nil, err
			}
		}
		k.origin, text = strings.ReplaceAll(origin, "'", "h"), rest
	}
	steps := strings.Split(text, "/")
	if strings.Contains(text, "<") {
		return nil, errors.New("multipath descriptors are not supported")
	}
	if len(steps) == 1 && k.single(text, p, taproot) {
		return k, k.checkForm(taproot)
	}
	return k, k.extend(steps, p)
}

func (k *key) checkForm(taproot bool) error {
	if taproot && k.uncompressed {
		return errors.New("Uncompressed keys are not allowed")
	}
	return nil
}

// single reads a key that is not extended: hex or WIF.
func (k *key) single(text string, p *consensus.Params, taproot bool) bool {
	if raw, err := hex.DecodeString(text); err == nil {
		if taproot && len(raw) == schnorr.PubKeyBytesLen {
			k.pub, err = schnorr.ParsePubKey(raw)
			return err == nil
		}
		k.pub, err = btcec.ParsePubKey(raw)
		k.uncompressed = err == nil && len(raw) == 2*btcec.PubKeyBytesLenCompressed-1
		return err == nil && raw[0] <= 4
	}
	raw, version, err := base58.CheckDecode(text)
	if err != nil || version != p.PrivateKey || len(raw) < btcec.PrivKeyBytesLen || len(raw) > btcec.PrivKeyBytesLen+1 {
		return false
	}
	k.uncompressed = len(raw) == btcec.PrivKeyBytesLen
	_, k.pub = btcec.PrivKeyFromBytes(raw[:btcec.PrivKeyBytesLen])
	return k.uncompressed || raw[btcec.PrivKeyBytesLen] == 1
}

// extend reads an extended key and its path.
func (k *key) extend(steps []string, p *consensus.Params) (err error) {
	if k.extended, err = hdkeychain.NewKeyFromString(steps[0]); err != nil {
		return fmt.Errorf("key '%s' is not valid", steps[0])
	}
	if v := k.extended.Version(); !bytes.Equal(v, p.HDPublic[:]) && !bytes.Equal(v, p.HDPrivate[:]) {
		return fmt.Errorf("key '%s' is of another chain", steps[0])
	}
	steps = steps[1:]
	if len(steps) > 0 {
		switch steps[len(steps)-1] {
		case "*":
			k.star = plainStar
		case "*h", "*'":
			k.star = hardStar
		}
		if k.star != noStar {
			steps = steps[:len(steps)-1]
		}
	}
	k.path, err = parsePath(steps)
	return err
}

func parsePath(steps []string) (path []uint32, err error) {
	for _, s := range steps {
		digits := strings.TrimRight(s, "'h")
		n, err := strconv.ParseUint(digits, 10, 31)
		if err != nil || len(s)-len(digits) > 1 {
			return nil, fmt.Errorf("Key path value '%s' is not a valid uint32", s)
		}
		if digits != s {
			n += hdkeychain.HardenedKeyStart
		}
		path = append(path, uint32(n))
	}
	return path, nil
}

// at derives the key at an index, and says where it comes from.
func (k *key) at(index uint32) (*btcec.PublicKey, string, error) {
	if k.extended == nil {
		origin := k.origin
		if origin == "" {
			origin = fingerprint(serialize("", k.pub, k.uncompressed))
		}
		return k.pub, origin, nil
	}
	steps := k.path
	switch k.star {
	case plainStar:
		steps = append(steps[:len(steps):len(steps)], index)
	case hardStar:
		steps = append(steps[:len(steps):len(steps)], index+hdkeychain.HardenedKeyStart)
	}
	root, err := k.extended.ECPubKey()
	if err != nil {
		return nil, "", err
	}
	origin := k.origin
	if origin == "" {
		origin = fingerprint(root.SerializeCompressed())
	}
	x := k.extended
	for _, s := range steps {
		if x, err = x.Derive(s); err != nil {
			return nil, "", err
		}
		if s >= hdkeychain.HardenedKeyStart {
			origin += fmt.Sprintf("/%dh", s-hdkeychain.HardenedKeyStart)
		} else {
			origin += fmt.Sprintf("/%d", s)
		}
	}
	pub, err := x.ECPubKey()
	return pub, origin, err
}

// fingerprint is the first four bytes of a key's hash (BIP32), in hex.
func fingerprint(key []byte) string { return hex.EncodeToString(address.Hash160(key)[:4]) }
