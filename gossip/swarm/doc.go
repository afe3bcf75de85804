// Package swarm finds peers and reaches them: identity, the libp2p host's
// settings, the gate that every connection passes, the book of known peers, the
// dialer, the swarm's own Kademlia DHT and mDNS.
//
// It brings connections about. What is spoken over them, who passes the
// handshake and who misbehaves it refuses to know: it is told.
package swarm
