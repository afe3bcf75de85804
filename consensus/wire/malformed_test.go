package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

const (
	version  = "01000000"
	lockTime = "00000000"
	prev     = "1111111111111111111111111111111111111111111111111111111111111111 02000000"
	sequence = "feffffff"
	in       = prev + "01 51" + sequence
	out      = "e803000000000000 01 51"
)

// TestDecodeTxEncodings holds every way in which a transaction's encoding may be
// odd, with what Core's UnserializeTransaction (witness allowed) says of it.
func TestDecodeTxEncodings(t *testing.T) {
	for _, c := range []struct {
		name, enc string
		want      string // in the error; "" when it decodes
	}{
		{"valid", version + "01" + in + "01" + out + lockTime, ""},
		{"valid with witness", version + "00 01 01" + in + "01" + out + "01 02 aabb" + lockTime, ""},
		{"valid with one witness of two", version + "00 01 02" + in + in + "01" + out + "00 01 00" + lockTime, ""},
		{"valid with empty witness item", version + "00 01 01" + in + "01" + out + "01 00" + lockTime, ""},
		{"no outputs", version + "01" + in + "00" + lockTime, ""},
		{"no inputs, no outputs", version + "00 00" + lockTime, ""},
		{"negative version and value", "ffffffff 01" + in + "01 ffffffffffffffff 00" + lockTime, ""},

		{"no inputs, one output: read as flag 1", version + "00 01" + out + lockTime, "inputs declared"},
		{"no inputs, two outputs: read as flag 2", version + "00 02" + out + out + lockTime, "unknown transaction flag 2"},
		{"flag 3", version + "00 03 01" + in + "01" + out + "01 00" + lockTime, "unknown transaction flag 3"},
		{"flag 255", version + "00 ff 01" + in + "01" + out + "01 00" + lockTime, "unknown transaction flag 255"},
		{"flag 0 before inputs", version + "00 00 01" + in + "01" + out + lockTime, "after the end"},
		{"marker twice", version + "00 01 00 01 01" + in + "01" + out + "01 00" + lockTime, "no input has a witness"},
		{"witness of no inputs", version + "00 01 00 00" + lockTime, "no input has a witness"},
		{"witness of no inputs, one output", version + "00 01 00 01" + out + lockTime, "no input has a witness"},
		{"superfluous witness", version + "00 01 01" + in + "01" + out + "00" + lockTime, "no input has a witness"},

		{"empty", "", "version needs 4 bytes"},
		{"marker alone", version + "00", "outputs needs 1 bytes"},
		{"marker and flag alone", version + "00 01", "inputs needs 1 bytes"},
		{"trailing byte", version + "01" + in + "01" + out + lockTime + "00", "1 bytes after the end"},
		{"two transactions", version + "00 00" + lockTime + version + "00 00" + lockTime, "10 bytes after the end"},
		{"witness without flag", version + "01" + in + "01" + out + "01 00" + lockTime, "2 bytes after the end"},

		{"input count in 3 bytes", version + "fd 0100" + in + "01" + out + lockTime, "inputs: length 1 is not encoded in its shortest form"},
		{"input count in 5 bytes", version + "fe 01000000" + in + "01" + out + lockTime, "shortest form"},
		{"input count in 9 bytes", version + "ff 0100000000000000" + in + "01" + out + lockTime, "shortest form"},
		{"marker in 3 bytes", version + "fd 0000 01" + in + "01" + out + "01 00" + lockTime, "shortest form"},
		{"output count not shortest", version + "01" + in + "fd 0100" + out + lockTime, "outputs: length 1 is not"},
		{"script length not shortest", version + "01" + prev + "fd 0100 51" + sequence + "01" + out + lockTime, "input script: length 1 is not"},
		{"output script length not shortest", version + "01" + in + "01 e803000000000000 fd 0100 51" + lockTime, "output script: length 1 is not"},
		{"witness count not shortest", version + "00 01 01" + in + "01" + out + "fd 0100 00" + lockTime, "witness items: length 1 is not"},
		{"witness item length not shortest", version + "00 01 01" + in + "01" + out + "01 fd 0000" + lockTime, "witness item: length 0 is not"},
		{"length 252 in 3 bytes", version + "fd fc00", "length 252 is not"},
		{"length 65535 in 5 bytes", version + "fe ffff0000", "length 65535 is not"},
		{"length 2^32-1 in 9 bytes", version + "ff ffffffff00000000", "length 4294967295 is not"},

		{"2^64-1 inputs", version + "ff ffffffffffffffff" + in, "18446744073709551615 inputs declared"},
		{"2^63 inputs", version + "ff 0000000000000080" + in, "9223372036854775808 inputs declared"},
		{"2^32-1 inputs", version + "fe ffffffff" + in, "4294967295 inputs declared"},
		{"one input too many", version + "02" + in + "01" + out + lockTime, "inputs declared"},
		{"2^64-1 outputs", version + "01" + in + "ff ffffffffffffffff" + out + lockTime, "outputs declared"},
		{"2^64-1 witness items", version + "00 01 01" + in + "01" + out + "ff ffffffffffffffff 00" + lockTime, "witness items declared"},
		{"script longer than the input", version + "01" + prev + "ff ffffffffffffffff" + sequence, "input script declared"},
		{"witness item longer than the input", version + "00 01 01" + in + "01" + out + "01 fe ffffff7f" + lockTime, "witness item declared"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := unhex(t, c.enc)
			tx, err := wire.DecodeTx(raw)
			checkDecode(t, err, c.want)
			if err == nil && string(tx.Append(nil)) != string(raw) {
				t.Errorf("encodes to %x", tx.Append(nil))
			}
		})
	}
}

// checkDecode wants a DecodeError that says what, or none.
func checkDecode(t *testing.T, err error, want string) {
	t.Helper()
	var broken *wire.DecodeError
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && !errors.As(err, &broken):
		t.Errorf("error %v, want a DecodeError with %q", err, want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("error %q, want %q in it", err, want)
	}
}

// Every prefix of a valid encoding is refused, and so is one with a byte more.
func TestTruncated(t *testing.T) {
	decoders := map[string]struct {
		raw    []byte
		decode func([]byte) error
	}{
		"tx":     {unhex(t, witnessTx), func(b []byte) error { _, err := wire.DecodeTx(b); return err }},
		"block":  {smallBlock(t), func(b []byte) error { _, err := wire.DecodeBlock(b); return err }},
		"header": {unhex(t, genesisHeader), func(b []byte) error { _, err := wire.DecodeHeader(b); return err }},
	}
	for name, d := range decoders {
		if err := d.decode(d.raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for n := range d.raw {
			var broken *wire.DecodeError
			if err := d.decode(d.raw[:n]); !errors.As(err, &broken) {
				t.Errorf("%s: %d of %d bytes give %v", name, n, len(d.raw), err)
			} else if broken.Offset > n {
				t.Errorf("%s: %d bytes, error at byte %d", name, n, broken.Offset)
			}
		}
		checkDecode(t, d.decode(append(d.raw[:len(d.raw):len(d.raw)], 0)), "1 bytes after the end of the")
	}
}

func TestDecodeBlockEncodings(t *testing.T) {
	empty := version + "00 00" + lockTime
	for _, c := range []struct{ name, enc, want string }{
		{"no transactions", genesisHeader + "00", ""},
		{"empty transactions", genesisHeader + "02" + empty + empty, ""},
		{"no count", genesisHeader, "transactions needs 1 bytes"},
		{"one too many", genesisHeader + "03" + empty + empty, "3 transactions declared, 20 bytes left"},
		{"one too few", genesisHeader + "01" + empty + empty, "10 bytes after the end of the block"},
		{"2^64-1 transactions", genesisHeader + "ff ffffffffffffffff" + empty, "transactions declared"},
		{"count not shortest", genesisHeader + "fd 0100" + empty, "shortest form"},
		{"second broken", genesisHeader + "02" + empty + version + "00 02" + lockTime, "malformed encoding at byte 95"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := wire.DecodeBlock(unhex(t, c.enc))
			checkDecode(t, err, c.want)
		})
	}
}
