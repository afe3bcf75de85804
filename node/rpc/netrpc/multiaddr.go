package netrpc

import (
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/rpc/table"
)

// splitAddr reads a multiaddr with /p2p/.
func splitAddr(text string) (addr string, id gossip.Peer, err error) {
	info, err := peer.AddrInfoFromString(text)
	if err != nil {
		return "", "", table.Errorf(table.CodeInvalid, "node %.200q is not a multiaddr with /p2p/: %v", text, err)
	}
	return text, info.ID, nil
}
