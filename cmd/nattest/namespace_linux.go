package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// namespace is one network of its own, as a machine on the Internet has.
type namespace struct {
	name string // among all of this machine
}

const namespaces = "/run/netns"

// The process is where its first thread is: for who lists a namespace's
// processes, to end them, that must never be inside one. So the main goroutine
// keeps that thread, and none of do's lands on it.
func init() { runtime.LockOSThread() }

// makeNamespace creates it, with its loopback up.
func makeNamespace(ctx context.Context, name string) (*namespace, error) {
	if _, err := command(ctx, "", "ip", "netns", "add", name); err != nil {
		return nil, err
	}
	n := &namespace{name}
	return n, n.ip(ctx, "link set lo up")
}

// remove ends what still runs inside, and the namespace with all its devices.
func (n *namespace) remove(ctx context.Context) error {
	out, err := command(ctx, "", "ip", "netns", "pids", n.name)
	if err != nil {
		return err
	}
	for pid := range strings.FieldsSeq(out) {
		if _, err := command(ctx, "", "kill", "-KILL", pid); err != nil && exists("/proc/"+pid) {
			return err
		}
	}
	_, err = command(ctx, "", "ip", "netns", "delete", n.name)
	return err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// ip runs lines of iproute2's commands inside.
func (n *namespace) ip(ctx context.Context, lines ...string) error {
	_, err := command(ctx, strings.Join(lines, "\n"), "ip", "-netns", n.name, "-batch", "-")
	return err
}

// nft adds rules inside.
func (n *namespace) nft(ctx context.Context, rules string) error {
	_, err := command(ctx, rules, "ip", "netns", "exec", n.name, "nft", "-f", "-")
	return err
}

// set writes a kernel setting inside, like net/ipv4/ip_forward.
func (n *namespace) set(key, value string) error {
	return n.do(func() error { return os.WriteFile(filepath.Join("/proc/sys", key), []byte(value), 0) })
}

// do runs f on a thread that is inside. Sockets and processes that f makes stay
// there. The thread ends with f: there is no way back that could fail.
func (n *namespace) do(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic in namespace %s: %v", n.name, p)
			}
		}()
		inside, err := os.Open(filepath.Join(namespaces, n.name))
		if err != nil {
			done <- fmt.Errorf("namespace: %w", err)
			return
		}
		defer inside.Close()
		if err := unix.Setns(int(inside.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("entering namespace %s: %w", n.name, err)
			return
		}
		done <- f()
	}()
	return <-done
}

// dial connects from inside.
func (n *namespace) dial(ctx context.Context, network, addr string) (c net.Conn, err error) {
	var d net.Dialer
	err = n.do(func() error {
		c, err = d.DialContext(ctx, network, addr)
		return err
	})
	return c, err
}

// command runs a program to its end and returns what it prints; what it says
// about a failure becomes part of the error.
func command(ctx context.Context, stdin string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.Env = strings.NewReader(stdin), plainEnv()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), nil
}
