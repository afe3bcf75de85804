package script

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"slices"

	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // deprecated for new designs; Bitcoin's outputs are made with it

	"github.com/quernnet/quern/consensus/wire"
)

func (m *machine) push(item []byte) { m.stack = append(m.stack, item) }

// top is the item i below the topmost.
func (m *machine) top(i int) []byte { return m.stack[len(m.stack)-1-i] }

func (m *machine) drop(n int) { m.stack = m.stack[:len(m.stack)-n] }

// number reads the item i below the topmost.
func (m *machine) number(i int) (number, *Error) {
	return parseNumber(m.top(i), m.Flags&MinimalData != 0, numberSize)
}

// shuffle is an operation that only rearranges the topmost items: it takes need
// of them and puts back those that out names, by their place below the top.
type shuffle struct {
	need int
	out  []int
}

var shuffles = [256]shuffle{
	op2Drop: {2, nil},
	op2Dup:  {2, []int{1, 0, 1, 0}},
	op3Dup:  {3, []int{2, 1, 0, 2, 1, 0}},
	op2Over: {4, []int{3, 2, 1, 0, 3, 2}},
	op2Rot:  {6, []int{3, 2, 1, 0, 5, 4}},
	op2Swap: {4, []int{1, 0, 3, 2}},
	opDrop:  {1, nil},
	opDup:   {1, []int{0, 0}},
	opNip:   {2, []int{0}},
	opOver:  {2, []int{1, 0, 1}},
	opRot:   {3, []int{1, 0, 2}},
	opSwap:  {2, []int{0, 1}},
	opTuck:  {2, []int{0, 1, 0}},
}

func (m *machine) shuffle(s shuffle) *Error {
	if len(m.stack) < s.need {
		return errStack
	}
	var taken [6][]byte
	for i := range s.need {
		taken[i] = m.top(i)
	}
	m.drop(s.need)
	for _, i := range s.out {
		m.push(taken[i])
	}
	return nil
}

// verify pops a true item; a false one fails the script with err.
func (m *machine) verify(err *Error) *Error {
	if len(m.stack) < 1 {
		return errStack
	}
	if !truth(m.top(0)) {
		return err
	}
	m.drop(1)
	return nil
}

// answer pushes a boolean, or insists on it: false then fails with err.
func (m *machine) answer(v, insist bool, err *Error) *Error {
	switch {
	case !insist:
		m.push(boolean(v))
		return nil
	case v:
		return nil
	}
	return err
}

func (m *machine) altStack(op byte) *Error {
	from, to, err := &m.stack, &m.alt, errStack
	if op == opFromAltStack {
		from, to, err = to, from, errAltStack
	}
	last := len(*from) - 1
	if last < 0 {
		return err
	}
	*to = append(*to, (*from)[last])
	*from = (*from)[:last]
	return nil
}

func (m *machine) ifDup() *Error {
	if len(m.stack) < 1 {
		return errStack
	}
	if item := m.top(0); truth(item) {
		m.push(item)
	}
	return nil
}

func (m *machine) size() *Error {
	if len(m.stack) < 1 {
		return errStack
	}
	m.push(number(len(m.top(0))).bytes())
	return nil
}

func (m *machine) pick(roll bool) *Error {
	if len(m.stack) < 2 {
		return errStack
	}
	v, err := m.number(0)
	if err != nil {
		return err
	}
	n := v.clamp()
	m.drop(1)
	if n < 0 || n >= len(m.stack) {
		return errStack
	}
	item := m.top(n)
	if roll {
		i := len(m.stack) - 1 - n
		m.stack = slices.Delete(m.stack, i, i+1)
	}
	m.push(item)
	return nil
}

func (m *machine) equal(insist bool) *Error {
	if len(m.stack) < 2 {
		return errStack
	}
	same := bytes.Equal(m.top(0), m.top(1))
	m.drop(2)
	return m.answer(same, insist, errEqualVerify)
}

func (m *machine) unary(op byte) *Error {
	if len(m.stack) < 1 {
		return errStack
	}
	v, err := m.number(0)
	if err != nil {
		return err
	}
	switch op {
	case op1Add:
		v++
	case op1Sub:
		v--
	case opNegate:
		v = -v
	case opAbs:
		v = max(v, -v)
	case opNot:
		v = truthNumber(v == 0)
	case op0NotEqual:
		v = truthNumber(v != 0)
	}
	m.drop(1)
	m.push(v.bytes())
	return nil
}

func (m *machine) binary(op byte) *Error {
	if len(m.stack) < 2 {
		return errStack
	}
	a, err := m.number(1)
	if err != nil {
		return err
	}
	b, err := m.number(0)
	if err != nil {
		return err
	}
	m.drop(2)
	if op == opNumEqualVerify {
		return m.answer(a == b, true, errNumEqualVerify)
	}
	m.push(combine(op, a, b).bytes())
	return nil
}

func combine(op byte, a, b number) number {
	switch op {
	case opAdd:
		return a + b
	case opSub:
		return a - b
	case opMin:
		return min(a, b)
	case opMax:
		return max(a, b)
	}
	return truthNumber(compare(op, a, b))
}

func compare(op byte, a, b number) bool {
	switch op {
	case opBoolAnd:
		return a != 0 && b != 0
	case opBoolOr:
		return a != 0 || b != 0
	case opNumEqual:
		return a == b
	case opNumNotEqual:
		return a != b
	case opLessThan:
		return a < b
	case opGreaterThan:
		return a > b
	case opLessThanOrEqual:
		return a <= b
	}
	return a >= b // OP_GREATERTHANOREQUAL
}

func truthNumber(v bool) number {
	if v {
		return 1
	}
	return 0
}

func (m *machine) within() *Error {
	if len(m.stack) < 3 {
		return errStack
	}
	var v [3]number
	for i := range v {
		var err *Error
		if v[i], err = m.number(2 - i); err != nil {
			return err
		}
	}
	m.drop(3)
	m.push(boolean(v[1] <= v[0] && v[0] < v[2]))
	return nil
}

func (m *machine) hash(op byte) *Error {
	if len(m.stack) < 1 {
		return errStack
	}
	item := m.top(0)
	m.drop(1)
	switch op {
	case opRipemd160:
		m.push(ripemd(item))
	case opSha1:
		sum := sha1.Sum(item)
		m.push(sum[:])
	case opSha256:
		sum := sha256.Sum256(item)
		m.push(sum[:])
	case opHash160:
		sum := hash160(item)
		m.push(sum[:])
	case opHash256:
		sum := wire.DoubleSHA256(item)
		m.push(sum[:])
	}
	return nil
}

func ripemd(b []byte) []byte {
	h := ripemd160.New()
	h.Write(b)
	return h.Sum(nil)
}

// hash160 is the hash of keys and scripts in outputs: RIPEMD-160 of SHA-256.
func hash160(b []byte) [keyHashSize]byte {
	sum := sha256.Sum256(b)
	h := ripemd160.New()
	h.Write(sum[:])
	var room [keyHashSize]byte
	return [keyHashSize]byte(h.Sum(room[:0]))
}
