package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Args are a call's arguments after Bind: as many as the method declares, of
// the declared types, with defaults in place of those left out. So reading
// one cannot fail; where the method must look closer, it has the raw value.
type Args struct {
	Values []json.RawMessage // nil: left out and without a default
	Sent   int               // how many the request had, explicit nulls among them
	method *Method
	path   string // of the request
}

// Given says whether argument i is there, by the caller or by default.
func (a Args) Given(i int) bool { return a.Values[i] != nil }

// Raw is argument i as it came, trimmed; nil for none.
func (a Args) Raw(i int) json.RawMessage { return a.Values[i] }

// Text is a string; "" for none.
func (a Args) Text(i int) string {
	if raw := a.Values[i]; raw != nil && raw[0] == '"' {
		return Unquote(raw)
	}
	return ""
}

// Flag is a boolean; false for none.
func (a Args) Flag(i int) bool { return string(a.Values[i]) == "true" }

// List is an array's elements; nil for none.
func (a Args) List(i int) (l []json.RawMessage) { a.Read(i, &l); return l }

// Integer is a number without fraction; 0 for none.
func (a Args) Integer(i int) int64 {
	n, _ := ParseInteger(a.Values[i], 64)
	return n
}

// Read decodes into v, which keeps its zero value when there is nothing.
func (a Args) Read(i int, v any) {
	if a.Values[i] != nil {
		_ = json.Unmarshal(a.Values[i], v) // Bind has seen the type
	}
}

// Help is the method's, for an argument that is as wrong as a missing one.
func (a Args) Help() string { return a.method.Help() }

// Wallet is the name of the wallet that the request's path asks for, which may
// be empty; given is false when the path names none.
func (a Args) Wallet() (name string, given bool) {
	if name, given = strings.CutPrefix(a.path, walletPath); !given {
		return "", false
	}
	return name, true
}

// Hash reads a hash as Core does (ParseHashV), which calls it name.
func (a Args) Hash(i int, name string) (wire.Hash, error) { return ParseHash(a.Text(i), name) }

// ParseHash reads a hash that messages call name.

func ParseHash(s, name string) (wire.Hash, error) {
	h, err := wire.ParseHash(s)
	switch {
	case err == nil:
		return h, nil
	case len(s) != 2*wire.HashSize:
		return h, Errorf(CodeInvalid, "%s must be of length %d (not %d, for '%s')", name, 2*wire.HashSize, len(s), s)
	}
	return h, Errorf(CodeInvalid, "%s must be hexadecimal string (not '%s')", name, s)
}

// ParseInteger reads a JSON number as univalue's getInt does: a fraction or an
// exponent is none.
func ParseInteger(raw json.RawMessage, bits int) (int64, error) {
	n, err := strconv.ParseInt(string(raw), 10, bits)
	if err != nil {
		return 0, Errorf(CodeMisc, "JSON integer out of range")
	}
	return n, nil
}

// ParseAmount reads coins, a number or string with up to 8 decimals, as
// satoshis (Core's AmountFromValue).
func ParseAmount(raw json.RawMessage) (int64, error) {
	s := string(raw)
	switch TypeName(raw) {
	case "number":
	case "string":
		_ = json.Unmarshal(raw, &s)
	default:
		return 0, Errorf(CodeType, "Amount is not a number or string")
	}
	v, ok := ParseFixed(s, 8)
	if !ok {
		return 0, Errorf(CodeType, "Invalid amount")
	}
	if v < 0 || v > consensus.MaxMoney {
		return 0, Errorf(CodeType, "Amount out of range")
	}
	return v, nil
}

// ParseFixed reads a JSON number as an integer of units of 10^-decimals,
// exactly; a number with more decimals is none (Core's ParseFixedPoint).
func ParseFixed(s string, decimals int) (int64, bool) {
	if !json.Valid([]byte(s)) || s == "" || (s[0] != '-' && (s[0] < '0' || s[0] > '9')) {
		return 0, false
	}
	mantissa, exponent := s, int64(0)
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.ParseInt(s[i+1:], 10, 32); err != nil {
			return 0, false
		}
		mantissa = s[:i]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	fraction = strings.TrimRight(fraction, "0")
	digits := whole + fraction
	exponent += int64(decimals) - int64(len(fraction))
	if strings.Trim(digits, "-0") == "" {
		return 0, true
	}
	for ; exponent < 0 && strings.HasSuffix(digits, "0"); exponent++ {
		digits = digits[:len(digits)-1]
	}
	if exponent < 0 || exponent > 18 {
		return 0, false
	}
	v, err := strconv.ParseInt(digits+strings.Repeat("0", int(exponent)), 10, 64)
	return v, err == nil && v > -1e18 && v < 1e18
}

// Bind turns a request's params, an array or object or nothing, into the
// method's arguments. path is the request's, which may name a wallet.
func (m *Method) Bind(params json.RawMessage, path string) (Args, error) {
	values, err := m.positional(params)
	if err != nil {
		return Args{}, err
	}
	if len(values) < m.Least() || len(values) > len(m.Args) {
		return Args{}, Errorf(CodeMisc, "%s", m.Help())
	}
	for i := range values {
		values[i] = bytes.TrimSpace(values[i])
		if IsNull(values[i]) && !m.Args[i].Need {
			values[i] = nil
		}
	}
	sent := len(values)
	values = append(values, make([]json.RawMessage, len(m.Args)-len(values))...)
	if err := m.check(values); err != nil {
		return Args{}, err
	}
	for i := range values {
		if values[i] == nil && m.Args[i].Def != "" {
			values[i] = json.RawMessage(m.Args[i].Def)
		}
	}
	return Args{Values: values, Sent: sent, method: m, path: path}, nil
}

// check compares types with the declared ones, then the range of integers.
func (m *Method) check(values []json.RawMessage) error {
	var wrong []string
	for i, v := range values {
		want := m.Args[i].Kind.JSONType()
		if v == nil || want == "" || m.Args[i].Loose || TypeName(v) == want {
			continue
		}
		wrong = append(wrong, fmt.Sprintf("    %q: %q", fmt.Sprintf("Position %d (%s)", i+1, m.Args[i].Name),
			WrongType(v, want)))
	}
	if wrong != nil {
		return Errorf(CodeType, "Wrong type passed:\n{\n%s\n}", strings.Join(wrong, ",\n"))
	}
	for i, v := range values {
		if v == nil || m.Args[i].Loose {
			continue
		}
		if err := m.Args[i].Kind.inRange(v); err != nil {
			return err
		}
	}
	return nil
}

func (k Kind) inRange(v json.RawMessage) (err error) {
	switch k {
	case Integer:
		_, err = ParseInteger(v, 32)
	case Long:
		_, err = ParseInteger(v, 64)
	case Number:
		var f float64
		if json.Unmarshal(v, &f) != nil || math.IsInf(f, 0) {
			err = Errorf(CodeMisc, "JSON double out of range")
		}
	}
	return err
}

// WrongType words a value of another type than is wanted.
func WrongType(v json.RawMessage, want string) string {
	return fmt.Sprintf("JSON value of type %s is not of expected type %s", TypeName(v), want)
}

// walletPath is where requests that name a wallet go.
const walletPath = "/wallet/"

// IsNull says whether a value is JSON's null.
func IsNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// Verbosity reads a level that may also be a boolean (Core's ParseVerbosity).
func Verbosity(raw json.RawMessage) (int64, error) {
	switch TypeName(raw) {
	case "bool":
		if raw[0] == 't' {
			return 1, nil
		}
		return 0, nil
	case "number":
		return ParseInteger(raw, 32)
	}
	return 0, Errorf(CodeType, "%s", WrongType(raw, "number"))
}
