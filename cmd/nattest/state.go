package main

import (
	"strings"
)

// peerState is what nattest reads of getpeerinfo.
type peerState struct {
	Addr      string `json:"addr"`
	PeerID    string `json:"peer_id"`
	Source    string `json:"source"`
	Inbound   bool   `json:"inbound"`
	Transport string `json:"transport_protocol_type"`
}

// relayed tells whether the connection goes through another peer.
func (p peerState) relayed() bool { return strings.Contains(p.Addr, "/p2p-circuit") }

// walletTx is what nattest reads of gettransaction.
type walletTx struct {
	Confirmations int      `json:"confirmations"`
	Conflicts     []string `json:"walletconflicts"`
	Hex           string   `json:"hex"`
}

// coinSet is what nattest compares of gettxoutsetinfo.
type coinSet struct {
	Best  string  `json:"bestblock"`
	Hash  string  `json:"hash_serialized_3"`
	Coins int     `json:"txouts"`
	Total float64 `json:"total_amount"`
}

// reserved tells whether a node offers an address through a relay.
func reserved(addresses []string) bool {
	for _, a := range addresses {
		if strings.Contains(a, "/p2p-circuit") {
			return true
		}
	}
	return false
}

// reason shortens an error to what is worth counting.
func reason(err error) string {
	text := err.Error()
	for _, r := range []struct{ word, short string }{
		{"connection refused", "not running"}, {"connection reset", "killed meanwhile"}, {"EOF", "killed meanwhile"},
		{"no such file", "not running"}, {"refuses: 503", "starting"}, {"insufficient funds", "no coins"},
		{"refuses this user", "starting"}, {"Loading block index", "starting"}, {"deadline exceeded", "no answer in time"}, {"Timeout", "no answer in time"},
	} {
		if strings.Contains(text, r.word) {
			return r.short
		}
	}
	text, _, _ = strings.Cut(text, "\n")
	return text
}

// faultIn is the first line of a log that nobody may find there; "" for none. A
// cut makes branches that are left again, which the node rightly warns of.
func faultIn(log string) string {
	for line := range strings.Lines(log) {
		for _, word := range []string{"panic:", "fatal error:", "DATA RACE", "level=ERROR"} {
			if strings.Contains(line, word) && !strings.Contains(line, `msg="deep reorganisation`) {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
}
