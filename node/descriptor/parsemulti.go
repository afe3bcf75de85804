package descriptor

import (
	"errors"
	"fmt"
	"strconv"
)

// Limits of keys and scripts.
const (
	maxMultisig   = 20  // keys of multi(), by consensus
	maxBare       = 3   // of multi() outside sh() and wsh(), by policy
	maxMultiA     = 999 // of multi_a(), by the stack's limit
	maxRedeem     = 520 // bytes of a P2SH redeem script
	multiOverhead = 3   // bytes of a multisig script besides its keys
)

// multi reads multi(), sortedmulti() and their cousins in leaves.
func (p *parser) multi(e string, k kind, w place) ([]*node, error) {
	rest := inside(e, k)
	text := expression(&rest)
	threshold, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("Multi threshold '%s' is not valid", text)
	}
	lists, size, err := p.multiKeys(rest, w)
	if err != nil {
		return nil, err
	}
	if err := checkMulti(k, w, threshold, len(lists), size); err != nil {
		return nil, err
	}
	n, ok := spread(lists)
	if !ok {
		return nil, errors.New("multi(): Multipath derivation paths have mismatched lengths")
	}
	nodes := make([]*node, n)
	for i := range nodes {
		nodes[i] = &node{kind: k, keys: column(lists, i), threshold: int(threshold)}
	}
	return nodes, nil
}

// multiKeys reads the keys and how many bytes their pushes take.
func (p *parser) multiKeys(rest string, w place) (lists [][]key, size int, err error) {
	for rest != "" {
		if !take(&rest, ",") {
			return nil, 0, fmt.Errorf("Multi: expected ',', got '%c'", rest[0])
		}
		list, err := p.key(expression(&rest), w)
		if err != nil {
			return nil, 0, fmt.Errorf("Multi: %w", err)
		}
		size += list[0].size() + 1
		lists = append(lists, list)
	}
	return lists, size, nil
}

func checkMulti(k kind, w place, threshold uint64, n, size int) error {
	leaf := k == kindMultiA || k == kindSortedA
	switch {
	case !leaf && (n == 0 || n > maxMultisig):
		return fmt.Errorf("Cannot have %d keys in multisig; must have between 1 and %d keys, inclusive", n, maxMultisig)
	case leaf && (n == 0 || n > maxMultiA):
		return fmt.Errorf("Cannot have %d keys in multi_a; must have between 1 and %d keys, inclusive", n, maxMultiA)
	case threshold < 1:
		return fmt.Errorf("Multisig threshold cannot be %d, must be at least 1", threshold)
	case threshold > uint64(n):
		return fmt.Errorf("Multisig threshold cannot be larger than the number of keys; threshold is %d but only %d keys specified", threshold, n)
	case w == top && n > maxBare:
		return fmt.Errorf("Cannot have %d pubkeys in bare multisig; only at most %d pubkeys", n, maxBare)
	case w == inSH && size+multiOverhead > maxRedeem:
		return fmt.Errorf("P2SH script is too large, %d bytes is larger than %d bytes", size+multiOverhead, maxRedeem)
	}
	return nil
}
