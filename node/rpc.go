package node

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quernnet/quern/node/rpc"
)

func defaultRPC() RPC {
	return RPC{
		Enabled: true, REST: true, Auth: []string{}, CookiePerms: "owner", Whitelist: []string{}, Others: "auto",
		Threads: rpc.DefaultThreads, WorkQueue: rpc.DefaultWorkQueue, Timeout: rpc.DefaultTimeout,
	}
}

// validate reports what no server could run with.
func (c *RPC) validate(bad func(key, format string, args ...any)) {
	if (c.User == "") != (c.Password == "") {
		bad("rpc.user", "set both rpc.user and rpc.password, or neither")
	}
	if err := loopback(c.Listen); err != nil {
		bad("rpc.listen", "%v", err)
	}
	for _, line := range c.Auth {
		if err := rpc.CheckAuth(line); err != nil {
			bad("rpc.auth", "%v", err)
		}
	}
	if !slices.Contains([]string{"owner", "group", "all"}, c.CookiePerms) {
		bad("rpc.cookie_perms", "%q is none of owner, group, all", c.CookiePerms)
	}
	for _, line := range c.Whitelist {
		if user, _, _ := strings.Cut(line, ":"); user == "" {
			bad("rpc.whitelist", "%q names no user: write user:method,method", line)
		}
	}
	if !slices.Contains([]string{"auto", "on", "off"}, c.Others) {
		bad("rpc.whitelist_default", "%q is none of auto, on, off", c.Others)
	}
	if c.Threads < 1 || c.Threads > 1024 {
		bad("rpc.threads", "%d is not between 1 and 1024", c.Threads)
	}
	if c.WorkQueue < 1 || c.WorkQueue > 100_000 {
		bad("rpc.work_queue", "%d is not between 1 and 100000", c.WorkQueue)
	}
	if c.Timeout < time.Second {
		bad("rpc.timeout", "%v is too short for any client, use at least 1s", c.Timeout)
	}
}

// loopback refuses to serve the network: whoever reaches the RPC port owns the
// wallet.
func loopback(addr string) error {
	if addr == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q would offer the wallet to the network; listen on 127.0.0.1 or [::1] and tunnel to it", addr)
	}
	return nil
}

// listenRPC opens the RPC port; nil when RPC is off.
func (n *Node) listenRPC(ctx context.Context) (*rpc.Server, error) {
	c := n.config.RPC
	if !c.Enabled {
		return nil, nil
	}
	listen := c.Listen
	if listen == "" {
		params, err := n.config.Params()
		if err != nil {
			return nil, err
		}
		listen = net.JoinHostPort("localhost", strconv.Itoa(int(params.RPCPort)))
	}
	return rpc.Listen(ctx, rpc.Config{
		Listen: listen, User: c.User, Password: c.Password, Auth: c.Auth,
		Dir: n.config.Dir(), Cookie: c.Cookie, CookiePerms: c.CookiePerms,
		Whitelist: c.Whitelist, OthersNone: c.Others == "on" || c.Others == "auto" && len(c.Whitelist) > 0,
		Threads: c.Threads, WorkQueue: c.WorkQueue, Timeout: c.Timeout, Log: n.logs.For("rpc"),
	})
}
