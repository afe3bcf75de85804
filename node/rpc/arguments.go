package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
)

// args are a call's arguments after bind: as many as the method declares, of
// the declared types, with defaults in place of those left out. So reading
// one cannot fail; where the method must look closer, it has the raw value.
type args struct {
	values []json.RawMessage // nil: left out and without a default
	wallet string
}

func (a args) given(i int) bool                 { return a.values[i] != nil }
func (a args) raw(i int) json.RawMessage        { return a.values[i] }
func (a args) text(i int) (s string)            { a.read(i, &s); return s }
func (a args) flag(i int) (b bool)              { a.read(i, &b); return b }
func (a args) list(i int) (l []json.RawMessage) { a.read(i, &l); return l }

func (a args) integer(i int) int64 {
	n, _ := parseInteger(a.values[i], 64)
	return n
}

// read decodes into v, which keeps its zero value when there is nothing.
func (a args) read(i int, v any) {
	if a.values[i] != nil {
		_ = json.Unmarshal(a.values[i], v) // bind has seen the type
	}
}

// hash reads a hash as Core does (ParseHashV), which calls it name.
func (a args) hash(i int, name string) (wire.Hash, error) { return parseHash(a.text(i), name) }

func parseHash(s, name string) (wire.Hash, error) {
	h, err := wire.ParseHash(s)
	switch {
	case err == nil:
		return h, nil
	case len(s) != 2*wire.HashSize:
		return h, errorf(codeInvalid, "%s must be of length %d (not %d, for '%s')", name, 2*wire.HashSize, len(s), s)
	}
	return h, errorf(codeInvalid, "%s must be hexadecimal string (not '%s')", name, s)
}

// parseInteger reads a JSON number as univalue's getInt does: a fraction or an
// exponent is none.
func parseInteger(raw json.RawMessage, bits int) (int64, error) {
	n, err := strconv.ParseInt(string(raw), 10, bits)
	if err != nil {
		return 0, errorf(codeMisc, "JSON integer out of range")
	}
	return n, nil
}

// parseAmount reads coins, a number or string with up to 8 decimals, as
// satoshis (Core's AmountFromValue).
func parseAmount(raw json.RawMessage) (int64, error) {
	s := string(raw)
	switch typeName(raw) {
	case "number":
	case "string":
		_ = json.Unmarshal(raw, &s)
	default:
		return 0, errorf(codeType, "Amount is not a number or string")
	}
	v, ok := parseFixed(s, 8)
	if !ok {
		return 0, errorf(codeType, "Invalid amount")
	}
	if v < 0 || v > maxMoney {
		return 0, errorf(codeType, "Amount out of range")
	}
	return v, nil
}

// parseFixed reads a JSON number as an integer of units of 10^-decimals,
// exactly; a number with more decimals is none (Core's ParseFixedPoint).
func parseFixed(s string, decimals int) (int64, bool) {
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

// bind turns a request's params into the method's arguments.
func (m *method) bind(r *request) (args, error) {
	values, err := m.positional(r.params)
	if err != nil {
		return args{}, err
	}
	if len(values) < m.least() || len(values) > len(m.args) {
		return args{}, errorf(codeMisc, "%s", m.help())
	}
	for i := range values {
		values[i] = bytes.TrimSpace(values[i])
		if isNull(values[i]) && !m.args[i].need {
			values[i] = nil
		}
	}
	values = append(values, make([]json.RawMessage, len(m.args)-len(values))...)
	if err := m.check(values); err != nil {
		return args{}, err
	}
	for i := range values {
		if values[i] == nil && m.args[i].def != "" {
			values[i] = json.RawMessage(m.args[i].def)
		}
	}
	return args{values: values, wallet: r.wallet}, nil
}

// check compares types with the declared ones, then the range of integers.
func (m *method) check(values []json.RawMessage) error {
	var wrong []string
	for i, v := range values {
		want := m.args[i].kind.jsonType()
		if v == nil || want == "" || m.args[i].loose || typeName(v) == want {
			continue
		}
		wrong = append(wrong, fmt.Sprintf("    %q: %q", fmt.Sprintf("Position %d (%s)", i+1, m.args[i].name),
			wrongType(v, want)))
	}
	if wrong != nil {
		return errorf(codeType, "Wrong type passed:\n{\n%s\n}", strings.Join(wrong, ",\n"))
	}
	for i, v := range values {
		if v == nil || m.args[i].loose {
			continue
		}
		if err := m.args[i].kind.inRange(v); err != nil {
			return err
		}
	}
	return nil
}

func (k kind) inRange(v json.RawMessage) (err error) {
	switch k {
	case integer:
		_, err = parseInteger(v, 32)
	case long:
		_, err = parseInteger(v, 64)
	case number:
		var f float64
		if json.Unmarshal(v, &f) != nil || math.IsInf(f, 0) {
			err = errorf(codeMisc, "JSON double out of range")
		}
	}
	return err
}

func wrongType(v json.RawMessage, want string) string {
	return fmt.Sprintf("JSON value of type %s is not of expected type %s", typeName(v), want)
}
