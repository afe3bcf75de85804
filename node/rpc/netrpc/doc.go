// Package netrpc is Bitcoin Core's methods about peers, over a swarm of libp2p
// peers. What has no word in Core is in quernrpc.
package netrpc
