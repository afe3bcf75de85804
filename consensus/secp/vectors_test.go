package secp

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
)

// TestSchnorrVectors runs BIP340's verifications, messages of all lengths among
// them.
func TestSchnorrVectors(t *testing.T) {
	raw := realdata.Read(t, "bips/bip-0340-test-vectors.csv")
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	var cases []testCase
	for _, row := range rows[1:] {
		key, msg, sig := unhex(t, row[2]), unhex(t, row[4]), unhex(t, row[5])
		want := strings.EqualFold(row[6], "TRUE")
		if got := referenceSchnorr(key, sig, msg); got != want {
			t.Errorf("vector %s (%s): btcec says %v", row[0], row[7], got)
		}
		eachTierQuietly(func(tier string) {
			if got := verifySchnorr(key, sig, msg); got != want {
				t.Errorf("vector %s (%s), %s: got %v", row[0], row[7], tier, got)
			}
		})
		if len(msg) == 32 {
			cases = append(cases, testCase{"vector " + row[0], Claim{Schnorr, key, sig, [32]byte(msg)}, want})
		}
		ran++
	}
	t.Logf("%d vectors of BIP340, %d of them with messages that a claim can have", ran, len(cases))
	if want := 19; ran != want {
		t.Errorf("ran %d vectors, want %d", ran, want)
	}
	checkCases(t, cases)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
