package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// gateway is a node behind a router that maps ports for whoever asks by UPnP.
func gateway(ctx context.Context, t *trial) error {
	public, err := t.publics(ctx, 4, false)
	if err != nil {
		return err
	}
	t.public(ctx, public, time.Now())
	router, err := t.router(ctx, "router", "11.101.0.1/8", cone)
	if err != nil {
		return err
	}
	if err := t.openGateway(ctx, router); err != nil {
		return err
	}
	at, err := t.behind(ctx, router, "gus", 2)
	if err != nil {
		return err
	}
	gus, err := t.node(at, "gus", "regtest")
	if err != nil {
		return err
	}
	gus.knows(public[0].addr("ip4/11.1.0.1", "tcp"))
	started := time.Now()
	if err := gus.start(ctx); err != nil {
		return err
	}
	var port string
	if err := t.sideBySide(
		func() {
			t.within(ctx, "the router maps a port", started, 30*time.Second, func(ctx context.Context) bool {
				rules, err := router.rules(ctx)
				port = mappedPort(rules, "udp")
				return err == nil && port != ""
			})
		},
		func() {
			t.within(ctx, "the node says that it is mapped", started, 60*time.Second, func(ctx context.Context) bool { return gus.says(ctx, "mapped") })
		},
	); err != nil {
		return err
	}
	if port == "" {
		return errors.New("no mapping, so nothing to reach the node by")
	}
	at, err = t.host(ctx, "out", "11.201.0.1/8")
	if err != nil {
		return err
	}
	out, err := t.node(at, "out", "regtest", "--p2p.dht=false")
	if err != nil {
		return err
	}
	addr := fmt.Sprintf("/ip4/11.101.0.1/udp/%s/quic-v1/p2p/%s", port, gus.id)
	out.knows(addr)
	began := time.Now()
	if err := out.start(ctx); err != nil {
		return err
	}
	t.within(ctx, "a node that is told the mapped address alone reaches it", began, 10*time.Second, func(ctx context.Context) bool {
		return out.direct(ctx, gus, "quic-v1")
	})
	return t.mineFor(ctx, out, append(public, gus, out))
}

// openGateway runs miniupnpd on a router.
func (t *trial) openGateway(ctx context.Context, router *namespace) error {
	dir := filepath.Join(t.dir, t.name, "miniupnpd")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, []byte(gatewayConfig(dir)), 0o600); err != nil {
		return err
	}
	if err := router.nft(ctx, gatewayRules); err != nil {
		return err
	}
	// -d: stay in the foreground, and say what is done.
	_, err := t.other(ctx, router, "miniupnpd", "miniupnpd", "-d", "-f", conf, "-P", filepath.Join(dir, "pid"))
	return err
}

// needsGateway says that miniupnpd is missing.
func needsGateway() string {
	if _, err := exec.LookPath("miniupnpd"); err != nil {
		return "miniupnpd is not installed (Debian: apt-get install miniupnpd)"
	}
	return ""
}

// rules are the namespace's packet filter rules.
func (n *namespace) rules(ctx context.Context) (string, error) {
	return command(ctx, "", "ip", "netns", "exec", n.name, "nft", "list", "ruleset")
}
