package psbt_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"

	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/signing"
)

// vectors are those of BIP174, BIP370, BIP371 and BIP373, as Bitcoin Core's
// test/functional/data/rpc_psbt.json has them.
type vectors struct {
	Invalid        []string    `json:"invalid"`
	InvalidWithMsg [][2]string `json:"invalid_with_msg"`
	Valid          []string    `json:"valid"`
	Signer         []struct {
		Privkeys []string `json:"privkeys"`
		PSBT     string   `json:"psbt"`
		Result   string   `json:"result"`
	} `json:"signer"`
	Combiner []struct {
		Combine []string `json:"combine"`
		Result  string   `json:"result"`
	} `json:"combiner"`
	Finalizer []struct {
		Finalize string `json:"finalize"`
		Result   string `json:"result"`
	} `json:"finalizer"`
	Extractor []struct {
		Extract string `json:"extract"`
		Result  string `json:"result"`
	} `json:"extractor"`
}

func readVectors(t testing.TB) (v vectors) {
	t.Helper()
	raw, err := os.ReadFile("testdata/rpc_psbt.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func decode(t testing.TB, text string) *psbt.Packet {
	t.Helper()
	p, err := psbt.DecodeBase64(text)
	if err != nil {
		t.Fatalf("%.60s…: %v", text, err)
	}
	return p
}

func TestInvalidVectors(t *testing.T) {
	v := readVectors(t)
	for i, text := range v.Invalid {
		if _, err := psbt.DecodeBase64(text); err == nil {
			t.Errorf("invalid vector %d was taken", i)
		}
	}
	for i, x := range v.InvalidWithMsg {
		if _, err := psbt.DecodeBase64(x[0]); err == nil || !strings.Contains(err.Error(), x[1]) {
			t.Errorf("vector %d: %v, want %q", i, err, x[1])
		}
	}
}

// TestValidVectors writes what it read. A second round must change nothing.
func TestValidVectors(t *testing.T) {
	for i, text := range readVectors(t).Valid {
		once := decode(t, text).Base64()
		if twice := decode(t, once).Base64(); twice != once {
			t.Errorf("valid vector %d changes when written again", i)
		}
	}
}

func TestSignerVectors(t *testing.T) {
	for i, v := range readVectors(t).Signer {
		p := decode(t, v.PSBT)
		var ring signing.Keyring
		for _, text := range v.Privkeys {
			wif, err := btcutil.DecodeWIF(text)
			if err != nil {
				t.Fatal(err)
			}
			ring.Add(signing.NewKey(wif.PrivKey, wif.CompressPubKey))
		}
		s, err := psbt.NewSigner(p)
		if err != nil {
			t.Fatal(err)
		}
		for in := range p.Ins {
			if _, err := s.Sign(in, &ring, psbt.Options{Sighash: p.Ins[in].Sighash}); err != nil && !errors.Is(err, psbt.ErrIncomplete) {
				t.Errorf("vector %d, input %d: %v", i, in, err)
			}
		}
		if got := p.Base64(); got != v.Result {
			t.Errorf("signer vector %d:\n%s\nwant\n%s", i, got, v.Result)
		}
	}
}

func TestCombinerVectors(t *testing.T) {
	for i, v := range readVectors(t).Combiner {
		var ps []*psbt.Packet
		for _, text := range v.Combine {
			ps = append(ps, decode(t, text))
		}
		out, ok := psbt.Combine(ps)
		if !ok || out.Base64() != v.Result {
			t.Errorf("combiner vector %d: %v", i, ok)
		}
	}
}

func TestFinalizerVectors(t *testing.T) {
	for i, v := range readVectors(t).Finalizer {
		p := decode(t, v.Finalize)
		if !p.Finalize() || p.Base64() != v.Result {
			t.Errorf("finalizer vector %d: %s", i, p.Base64())
		}
	}
}

func TestExtractorVectors(t *testing.T) {
	for i, v := range readVectors(t).Extractor {
		tx, ok := decode(t, v.Extract).Extract()
		if !ok || hex.EncodeToString(tx.Append(nil)) != v.Result {
			t.Errorf("extractor vector %d: %v", i, ok)
		}
	}
}
