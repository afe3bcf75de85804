package descriptor

import (
	"errors"
	"fmt"
	"strings"
)

// musig reads musig(KEY,KEY,...) and the path that may follow (BIP390).
func (p *parser) musig(text string, w place) ([]key, error) {
	if w != inTR {
		return nil, errors.New("musig() is only allowed in tr() and rawtr()")
	}
	parts := strings.SplitAfter(text, ")")
	inner := parts[0]
	switch {
	case len(parts) > 2:
		return nil, errors.New("Too many ')' in musig() expression")
	case !call(&inner, "musig"):
		return nil, errors.New("Invalid musig() expression")
	}
	lists, err := p.participants(inner)
	if err != nil {
		return nil, err
	}
	paths, s := [][]uint32{nil}, noStar
	if len(parts) == 2 && strings.HasPrefix(parts[1], "/") {
		if paths, s, err = aggregatePath(parts[1], lists); err != nil {
			return nil, err
		}
	}
	return p.aggregates(lists, paths, s)
}

// participants reads the keys, each of which may be a multipath one.
func (p *parser) participants(inner string) (lists [][]key, err error) {
	for inner != "" {
		if lists != nil && !take(&inner, ",") {
			return nil, fmt.Errorf("musig(): expected ',', got '%c'", inner[0])
		}
		list, err := p.key(expression(&inner), inMusig)
		if err != nil {
			return nil, fmt.Errorf("musig(): %w", err)
		}
		lists = append(lists, list)
	}
	if lists == nil {
		return nil, errors.New("musig(): Must contain key expressions")
	}
	return lists, nil
}

// aggregatePath reads the steps below the aggregate key.
func aggregatePath(text string, lists [][]key) ([][]uint32, star, error) {
	extended, ranged := true, false
	for _, list := range lists {
		extended = extended && list[0].extended()
		ranged = ranged || list[0].ranged()
	}
	switch {
	case !extended:
		return nil, noStar, errors.New("musig(): derivation requires all participants to be xpubs or xprvs")
	case ranged:
		return nil, noStar, errors.New("musig(): Cannot have ranged participant keys if musig() also has derivation")
	}
	var apostrophe bool
	steps, s := parseStar(strings.Split(text, "/"), &apostrophe)
	if s == hardStar {
		return nil, noStar, errors.New("musig(): Cannot have hardened child derivation")
	}
	path := pathParser{multi: true}
	paths, err := path.parse(steps)
	switch {
	case err != nil:
		return nil, noStar, fmt.Errorf("musig(): %w", err)
	case path.hardened:
		return nil, noStar, errors.New("musig(): cannot have hardened derivation steps")
	}
	return paths, s, nil
}

// aggregates makes one key of each multipath value.
func (p *parser) aggregates(lists [][]key, paths [][]uint32, s star) ([]key, error) {
	n, ok := spread(lists)
	switch {
	case n > 1 && len(paths) > 1:
		return nil, errors.New("musig(): Cannot have multipath participant keys if musig() is also multipath")
	case !ok:
		return nil, errors.New("musig(): Multipath derivation paths have mismatched lengths")
	}
	out := make([]key, max(n, len(paths)))
	for i := range out {
		out[i] = newMusig(p.known, column(lists, i), paths[min(i, len(paths)-1)], s)
	}
	return out, nil
}

// spread is how many descriptors lists of multipath values make: all lists have
// that many or one; not ok when they have not.
func spread[T any](lists [][]T) (n int, ok bool) {
	n = 1
	for _, list := range lists {
		n = max(n, len(list))
	}
	for _, list := range lists {
		if len(list) != 1 && len(list) != n {
			return n, false
		}
	}
	return n, true
}

// column takes of each list the i-th value, or the one there is.
func column[T any](lists [][]T, i int) []T {
	out := make([]T, len(lists))
	for j, list := range lists {
		out[j] = list[min(i, len(list)-1)]
	}
	return out
}
