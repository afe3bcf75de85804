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
	for _, row := range rows[1:] {
		key, msg, sig := unhex(t, row[2]), unhex(t, row[4]), unhex(t, row[5])
		if got, want := referenceSchnorr(key, sig, msg), strings.EqualFold(row[6], "TRUE"); got != want {
			t.Errorf("vector %s (%s): got %v, want %v", row[0], row[7], got, want)
		}
		ran++
	}
	t.Logf("%d vectors of BIP340", ran)
	if want := 19; ran != want {
		t.Errorf("ran %d vectors, want %d", ran, want)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
