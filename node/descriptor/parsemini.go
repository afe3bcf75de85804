package descriptor

import (
	"errors"
	"fmt"

	"github.com/quernnet/quern/node/miniscript"
	"github.com/quernnet/quern/node/signing"
)

// miniscript reads what is none of descriptors' own functions (BIP379).
func (p *parser) miniscript(e string, w place) ([]*node, error) {
	ctx := miniscript.Tapscript
	if w == inWSH {
		ctx = miniscript.P2WSH
	}
	keyPlace := inTR
	if w == inWSH {
		keyPlace = inWSH
	}
	var lists [][]key
	var keyErr error
	tree, ok := miniscript.Parse(e, ctx, miniscript.Keys{
		Parse: func(text string) (int, bool) {
			list, err := p.key(text, keyPlace)
			if err != nil {
				keyErr = err
				return 0, false
			}
			lists = append(lists, list)
			return len(lists) - 1, true
		},
		Identity: func(i int) string { return identity(lists[i][0]) },
	})
	switch {
	case keyErr != nil:
		return nil, keyErr
	case ok && w != inWSH && w != inTR:
		return nil, errors.New("Miniscript expressions can only be used in wsh or tr.")
	case ok:
		return alternatives(tree, lists)
	case w == inSH:
		return nil, errors.New("A function is needed within P2SH")
	case w == inWSH:
		return nil, errors.New("A function is needed within P2WSH")
	}
	return nil, fmt.Errorf("'%s' is not a valid descriptor function", e)
}

// identity tells keys apart, as far as they can be derived without private keys:
// like Core it takes all others for one.
func identity(k key) string {
	if !k.selfExpands() {
		return ""
	}
	pub, err := k.derive(0, new(signing.Keyring))
	if err != nil {
		return ""
	}
	return string(pub)
}

// alternatives makes a descriptor of each multipath value.
func alternatives(tree *miniscript.Node, lists [][]key) ([]*node, error) {
	if err := checkSane(tree, lists); err != nil {
		return nil, err
	}
	n, ok := spread(lists)
	if !ok {
		return nil, errors.New("Miniscript: Multipath derivation paths have mismatched lengths")
	}
	nodes := make([]*node, n)
	for i := range nodes {
		nodes[i] = &node{kind: kindMiniscript, keys: column(lists, i), mini: tree}
	}
	return nodes, nil
}

// checkSane says, of the smallest part that is not sane, what is wrong.
func checkSane(tree *miniscript.Node, lists [][]key) error {
	_, satisfiable := tree.StackItems()
	if tree.Sane() && satisfiable {
		return nil
	}
	at := tree
	if sub := tree.Insane(); sub != nil {
		at = sub
	}
	text := at.Text(func(i int) string {
		t, _ := lists[i][0].text(public)
		return t
	})
	switch {
	case !at.Valid():
		text += " is invalid"
	case tree.Sane():
		text += " is not satisfiable"
	case !at.NonMalleable():
		text += " is not sane: malleable witnesses exist"
	case at == tree && !at.NeedsSignature():
		text += " is not sane: witnesses without signature exist"
	case !at.LocksApart():
		text += " is not sane: contains mixes of timelocks expressed in blocks and seconds"
	case !at.DistinctKeys():
		text += " is not sane: contains duplicate public keys"
	case !at.ValidSatisfactions():
		text += " is not sane: needs witnesses that may exceed resource limits"
	default:
		text += " is not sane"
	}
	return errors.New(text)
}

// warnings lists relative locks that are larger than they can be (BIP68).
func (n *node) warnings() (list []string) {
	if n.kind == kindMiniscript {
		n.mini.Each(func(m *miniscript.Node) {
			const timeFlag, mask = 1 << 22, 0xffff
			if m.Fragment != miniscript.Older || m.K&^timeFlag <= mask {
				return
			}
			if m.K&timeFlag != 0 {
				list = append(list, fmt.Sprintf("time-based relative locktime: older(%d) > (65535 * 512) seconds is unsafe", m.K))
			} else {
				list = append(list, fmt.Sprintf("height-based relative locktime: older(%d) > 65535 blocks is unsafe", m.K))
			}
		})
	}
	for _, sub := range n.subs {
		list = append(list, sub.warnings()...)
	}
	return list
}
