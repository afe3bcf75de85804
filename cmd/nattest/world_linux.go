package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// world is the network of one scenario: an Internet, which is a bridge in a
// namespace of its own, and what hangs on it. Nothing of it touches the
// machine's own network.
type world struct {
	*lab
	name  string
	cable *namespace // holds the bridges

	mu     sync.Mutex // of the lists, which helpers fill side by side
	spaces []*namespace
	nodes  []*node
	others []*process
}

// sides is how many bridges there are: scenarios that cut the Internet in two
// move ports from one to the other.
const sides = 2

// newWorld makes an empty Internet.
func (l *lab) newWorld(ctx context.Context, name string) (*world, error) {
	w := &world{lab: l, name: name}
	var err error
	if w.cable, err = w.space(ctx, "net"); err != nil {
		return nil, errors.Join(err, w.close())
	}
	for i := range sides {
		b := bridge(i)
		err := w.cable.ip(ctx, "link add dev "+b+" type bridge", "link set "+b+" up")
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

func bridge(side int) string { return fmt.Sprintf("br%d", side) }

// close ends all processes and removes all namespaces, unless they are to be kept.
func (w *world) close() error {
	if w.keep {
		return nil
	}
	var wg sync.WaitGroup
	for _, n := range w.nodes {
		wg.Go(func() { n.kill() })
	}
	for _, p := range w.others {
		wg.Go(p.kill)
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	var errs []error
	for _, s := range w.spaces {
		errs = append(errs, s.remove(ctx))
	}
	return errors.Join(errs...)
}

// space makes a namespace that ends with the world.
func (w *world) space(ctx context.Context, name string) (*namespace, error) {
	n, err := makeNamespace(ctx, fmt.Sprintf("%s%s-%s-%s", prefix, w.id, w.name, name))
	if n != nil {
		w.mu.Lock()
		w.spaces = append(w.spaces, n)
		w.mu.Unlock()
	}
	return n, err
}

// plug gives a namespace a device on the Internet.
func (w *world) plug(ctx context.Context, at *namespace, device, port string) error {
	return w.cable.ip(ctx,
		fmt.Sprintf("link add dev %s type veth peer name %s netns %s", port, device, at.name),
		fmt.Sprintf("link set dev %s master %s up", port, bridge(0)))
}

// host puts a machine on the Internet, with a port of its own name. Addresses
// are with their prefix length, like 11.1.0.1/8.
func (w *world) host(ctx context.Context, name string, addrs ...string) (*namespace, error) {
	n, err := w.space(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := w.plug(ctx, n, "eth0", name); err != nil {
		return nil, err
	}
	lines := []string{"link set eth0 up"}
	for _, a := range addrs {
		lines = append(lines, "addr add "+a+" dev eth0 nodad")
	}
	return n, errors.Join(n.ip(ctx, lines...), n.nft(ctx, internetRules))
}

// router puts a home router on the Internet. Inside it is 192.168.1.1.
func (w *world) router(ctx context.Context, name, addr string, k kind) (*namespace, error) {
	n, err := w.space(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := w.plug(ctx, n, "wan", name); err != nil {
		return nil, err
	}
	return n, errors.Join(
		n.ip(ctx, "link set wan up", "addr add "+addr+" dev wan",
			"link add lan type bridge", "link set lan up", "addr add 192.168.1.1/24 dev lan"),
		n.set("net/ipv4/ip_forward", "1"),
		n.nft(ctx, routerRules(k)))
}

// behind puts a machine into a router's LAN, as 192.168.1.last.
func (w *world) behind(ctx context.Context, router *namespace, name string, last int) (*namespace, error) {
	n, err := w.space(ctx, name)
	if err != nil {
		return nil, err
	}
	return n, errors.Join(
		router.ip(ctx, fmt.Sprintf("link add dev %s type veth peer name eth0 netns %s", name, n.name),
			fmt.Sprintf("link set dev %s master lan up", name)),
		n.ip(ctx, "link set eth0 up", fmt.Sprintf("addr add 192.168.1.%d/24 dev eth0", last), "route add default via 192.168.1.1"))
}

// move puts the port of a host on another side of the Internet.
func (w *world) move(ctx context.Context, side int, hosts ...string) error {
	var lines []string
	for _, h := range hosts {
		lines = append(lines, fmt.Sprintf("link set dev %s master %s", h, bridge(side)))
	}
	return w.cable.ip(ctx, lines...)
}

// other runs a program that is not quern, until the world ends.
func (w *world) other(ctx context.Context, at *namespace, name, program string, args ...string) (*process, error) {
	dir := filepath.Join(w.dir, w.name, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p, err := at.start(ctx, name, filepath.Join(dir, "log"), program, args...)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.others = append(w.others, p)
	w.mu.Unlock()
	return p, nil
}
