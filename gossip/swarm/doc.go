// Package swarm finds peers and reaches them: identity, the libp2p host's
// settings, the gate that every connection passes, the book of known peers, the
// dialer and its slots by network, who leaves when a node is full, the swarm's own
// Kademlia DHT, mDNS, and the public DHT as a meeting point.
//
// It brings connections about. What is spoken over them, who passes the
// handshake and who misbehaves it refuses to know: it is told.
package swarm
