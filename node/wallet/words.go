package wallet

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The list is BIP39's, sorted.
//
//go:embed english.txt
var englishText string

var english = strings.Fields(englishText)

const (
	bitsPerWord = 11
	entropySize = 16 // bytes, 12 words
)

// toWords writes entropy of 16 to 32 bytes as BIP39 words.
func toWords(entropy []byte) string {
	sum := sha256.Sum256(entropy)
	bits := append(slices.Clone(entropy), sum[0])
	n := len(entropy) * 8 * 33 / 32 / bitsPerWord
	words := make([]string, n)
	for i := range words {
		words[i] = english[readBits(bits, i*bitsPerWord)]
	}
	return strings.Join(words, " ")
}

// readBits reads 11 bits, most significant first.
func readBits(b []byte, at int) int {
	v := 0
	for i := at; i < at+bitsPerWord; i++ {
		v = v<<1 | int(b[i/8]>>(7-i%8)&1)
	}
	return v
}

// fromWords reads BIP39 words back and says which one is wrong.
func fromWords(text string) (entropy []byte, err error) {
	words := strings.Fields(strings.ToLower(text))
	if n := len(words); n < 12 || n > 24 || n%3 != 0 {
		return nil, fmt.Errorf("%d recovery words were given, there must be 12, 15, 18, 21 or 24", n)
	}
	bits := make([]byte, (len(words)*bitsPerWord+7)/8)
	for i, w := range words {
		v, ok := slices.BinarySearch(english, w)
		if !ok {
			return nil, fmt.Errorf("recovery word %d, %q, is not in the list of BIP39", i+1, w)
		}
		for j := range bitsPerWord {
			at := i*bitsPerWord + j
			bits[at/8] |= byte(v>>(bitsPerWord-1-j)&1) << (7 - at%8)
		}
	}
	entropy = bits[:len(words)/3*4]
	if toWords(entropy) != strings.Join(words, " ") {
		return nil, errors.New("the recovery words' checksum does not match: one is wrong or they are out of order")
	}
	return entropy, nil
}

// seedOf is BIP39's seed of words, with a passphrase that Quern leaves empty:
// the wallet's password protects its file, not its keys.
func seedOf(words, passphrase string) ([]byte, error) {
	return pbkdf2.Key(sha512.New, words, []byte("mnemonic"+passphrase), 2048, 64)
}
