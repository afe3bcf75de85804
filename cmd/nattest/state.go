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
