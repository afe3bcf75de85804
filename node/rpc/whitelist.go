package rpc

import (
	"maps"
	"strings"
)

// whitelist says which methods users may call (Core's -rpcwhitelist).
type whitelist struct {
	users  map[string]map[string]bool // methods by user
	others bool                       // whoever has no list may call nothing
}

// newWhitelist reads lines "user:method,method". Of several for one user only
// what all of them name is allowed.
func newWhitelist(lines []string, others bool) whitelist {
	w := whitelist{users: make(map[string]map[string]bool), others: others}
	for _, line := range lines {
		user, list, named := strings.Cut(line, ":")
		before, again := w.users[user]
		if !named {
			if !again {
				w.users[user] = map[string]bool{}
			}
			continue
		}
		methods := make(map[string]bool)
		for _, m := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
			methods[m] = true
		}
		if again {
			maps.DeleteFunc(methods, func(m string, _ bool) bool { return !before[m] })
		}
		w.users[user] = methods
	}
	return w
}

// limits says whether a user has a list.
func (w *whitelist) limits(user string) bool { return w.users[user] != nil }

// deniesAll says that a user may call nothing.
func (w *whitelist) deniesAll(user string) bool { return w.others && !w.limits(user) }

// allows says whether a user may call a method.
func (w *whitelist) allows(user, method string) bool {
	return !w.deniesAll(user) && (!w.limits(user) || w.users[user][method])
}
