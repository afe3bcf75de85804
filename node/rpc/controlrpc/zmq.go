package controlrpc

import (
	"context"

	"github.com/quernnet/quern/node/rpc/table"
)

// Notification is news that is published by ZeroMQ.
type Notification struct {
	Type      string `json:"type"` // pubhashblock, pubrawtx, …
	Address   string `json:"address"`
	HighWater int    `json:"hwm"` // most messages that wait for a subscriber; 0: no bound
}

func (n *node) zmqMethods() []table.Method {
	return []table.Method{{
		Name: "getzmqnotifications", Category: "zmq", About: "Returns information about the active ZeroMQ notifications.",
		Results: []table.Shape{table.Arr("", "", table.Obj("", "",
			table.Str("type", "Type of notification"),
			table.Str("address", "Address of the publisher"),
			table.Num("hwm", "Outbound message high water mark"),
		))},
		Examples: table.Both("getzmqnotifications", "", ""), Call: n.getZMQNotifications,
	}}
}

func (n *node) getZMQNotifications(context.Context, table.Args) (any, error) {
	if n.Notifications == nil {
		return []Notification{}, nil
	}
	return n.Notifications, nil
}
