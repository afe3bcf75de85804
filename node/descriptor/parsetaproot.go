package descriptor

import (
	"errors"
	"fmt"
)

// taproot reads tr(KEY) and tr(KEY,TREE) (BIP386).
func (p *parser) taproot(internal, rest string) ([]*node, error) {
	list, err := p.key(internal, inTR)
	if err != nil {
		return nil, fmt.Errorf("tr(): %w", err)
	}
	var leaves [][]*node
	var depths []int
	if rest != "" {
		if !take(&rest, ",") {
			return nil, fmt.Errorf("tr: expected ',', got '%c'", rest[0])
		}
		if leaves, depths, err = p.tree(rest); err != nil {
			return nil, err
		}
	}
	n, ok := spread(leaves)
	n = max(n, len(list))
	for _, leaf := range leaves {
		ok = ok && (len(leaf) == 1 || len(leaf) == n)
	}
	switch {
	case !ok:
		return nil, errors.New("tr(): Multipath subscripts have mismatched lengths")
	case len(list) > 1 && len(list) != n:
		return nil, errors.New("tr(): Multipath internal key mismatches multipath subscripts lengths")
	}
	nodes := make([]*node, n)
	for i := range nodes {
		nodes[i] = &node{kind: kindTR, keys: []key{list[min(i, len(list)-1)]}, subs: column(leaves, i), depths: depths}
	}
	return nodes, nil
}

// tree reads leaves and how deep in braces each lies.
func (p *parser) tree(rest string) (leaves [][]*node, depths []int, err error) {
	var right []bool // for each open brace: whether its comma has come
	for {
		for take(&rest, "{") {
			if right = append(right, false); len(right) > maxDepth {
				return nil, nil, fmt.Errorf("tr() supports at most %d nesting levels", maxDepth)
			}
		}
		e := expression(&rest)
		leaf, err := p.script(&e, inTR)
		if err != nil {
			return nil, nil, err
		}
		leaves, depths = append(leaves, leaf), append(depths, len(right))
		for len(right) > 0 && right[len(right)-1] {
			if !take(&rest, "}") {
				return nil, nil, errors.New("tr(): expected '}' after script expression")
			}
			right = right[:len(right)-1]
		}
		if len(right) == 0 {
			break
		}
		if !take(&rest, ",") {
			return nil, nil, errors.New("tr(): expected ',' after script expression")
		}
		right[len(right)-1] = true
	}
	if rest != "" {
		return nil, nil, errors.New("tr(): expected ')' after script expression")
	}
	return leaves, depths, nil
}
