package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node"
	"github.com/quernnet/quern/node/bench/rpcload"
	"github.com/quernnet/quern/node/blockfile"
	"github.com/quernnet/quern/node/rpc"
)

func (s *settings) benchRPC() *cobra.Command {
	var c rpcload.Config
	var cookie string
	cmd := &cobra.Command{
		Use:   "rpc FILE",
		Short: "Time what a node's RPC answers, Quern's own or another's",
		Long: "Asks a node that has the chain of a block file (see quern bench chain) for headers,\n" +
			"blocks and templates over connections that stay open, and sends it the payments of\n" +
			"the file's last block.\n\n" +
			"Without --url a node of its own is started on a temporary folder, with all blocks\n" +
			"of the file but the last. With it any node that speaks bitcoind's JSON-RPC is asked;\n" +
			"--short writes the file that such a node is to load.",
		Example: "  quern bench chain --inputs 60000 mixed.dat\n" +
			"  quern bench rpc mixed.dat\n" +
			"  quern bench rpc mixed.dat --short short.dat    # for another node\n" +
			"  bitcoind -regtest -datadir=DIR -loadblock=short.dat\n" +
			"  quern bench rpc mixed.dat --url http://127.0.0.1:18443 --cookie DIR/regtest/.cookie",
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&c.URL, "url", "", "http://host:port of a node that runs")
	cmd.Flags().StringVar(&cookie, "cookie", "", "its cookie file, or user:password")
	cmd.Flags().IntVar(&c.Clients, "clients", 16, "connections")
	cmd.Flags().DurationVar(&c.For, "for", 5*time.Second, "how long to ask for each kind")
	cmd.Flags().StringVar(&c.Only, "only", "", "ask for one kind, such as getblockheader or 'getblock 1'")
	short := cmd.Flags().String("short", "", "only write the file without its last block")
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if c.Clients < 1 || c.Clients > 1000 {
			return fmt.Errorf("flag --clients: %d is not between 1 and 1000", c.Clients)
		}
		last, cut, err := lastBlock(args[0])
		if err != nil {
			return err
		}
		if *short != "" {
			return copyStart(*short, args[0], cut)
		}
		if c.URL != "" {
			if c.Login, err = readLogin(cookie); err != nil {
				return err
			}
		} else {
			end, err := ownNode(cmd.Context(), &c, args[0], cut)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, end()) }()
		}
		var all []rpcload.Figures
		err = c.Plan(cmd.Context(), last.Txs[1:], func(f rpcload.Figures) {
			all = append(all, f)
			if !*asJSON {
				sayLoad(cmd.OutOrStdout(), f)
			}
		})
		if err == nil && *asJSON {
			err = printJSON(cmd.OutOrStdout(), all)
		}
		return err
	}
	return cmd
}

func sayLoad(w io.Writer, f rpcload.Figures) {
	fmt.Fprintf(w, "%-18s %2d clients  %9.1f/s  p50 %8.2f ms  p99 %8.2f ms  max %8.2f ms  %7.1f MB/s", f.Name, f.Clients, f.Rate, f.P50, f.P99, f.Max, f.MB)
	if f.Failed > 0 {
		fmt.Fprintf(w, "  %d of %d failed: %s", f.Failed, f.Calls, f.Error)
	}
	fmt.Fprintln(w)
}

// lastBlock is the block that ends a file, and where its record begins.
func lastBlock(path string) (*wire.Block, int64, error) {
	p, err := consensus.Chain("regtest")
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	entries, err := blockfile.Index(f, p.Magic)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	if len(entries) < 2 {
		return nil, 0, fmt.Errorf("%s has %d blocks: make one with `quern bench chain`", path, len(entries))
	}
	e := entries[len(entries)-1]
	b, err := blockfile.Read(f, e)
	return b, e.Offset - 8, err
}

// copyStart writes the first bytes of a file to another.
func copyStart(to, from string, size int64) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.CopyN(out, in, size)
	return err
}

// readLogin reads a cookie file; what is no file is the login itself.
func readLogin(cookie string) (string, error) {
	raw, err := os.ReadFile(cookie)
	if err != nil && strings.Contains(cookie, ":") {
		return cookie, nil
	}
	return string(bytes.TrimSpace(raw)), err
}

// ownNode starts this program as a node with the first bytes of a block file,
// and tells c where it is. end stops it and removes its folder.
func ownNode(ctx context.Context, c *rpcload.Config, file string, size int64) (end func() error, err error) {
	dir, err := os.MkdirTemp("", "quern-bench-")
	if err != nil {
		return nil, err
	}
	clean := func() error { return os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			err = errors.Join(err, clean())
		}
	}()
	blocks := filepath.Join(dir, "blocks.dat")
	if err := copyStart(blocks, file, size); err != nil {
		return nil, err
	}
	addr, err := unusedAddr(ctx)
	if err != nil {
		return nil, err
	}
	flags := []string{"--chain", "regtest", "--datadir", dir}
	if out, err := exec.CommandContext(ctx, os.Args[0], append([]string{"import", blocks}, flags...)...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("import: %w: %s", err, out)
	}
	run := exec.CommandContext(ctx, os.Args[0], append([]string{"run", "--p2p.enabled=false", "--rpc.listen", addr}, flags...)...)
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	if err := run.Start(); err != nil {
		return nil, err
	}
	stop := func() error {
		_ = run.Process.Signal(os.Interrupt) // gone is gone
		return errors.Join(run.Wait(), clean())
	}
	c.URL = "http://" + addr
	conf := node.Defaults()
	conf.Chain, conf.DataDir = "regtest", dir
	if c.Login, err = awaitNode(ctx, c.URL, rpc.CookieFile(conf.Dir())); err != nil {
		return nil, errors.Join(err, stop())
	}
	return stop, nil
}

// awaitNode asks until a node answers, and returns its login.
func awaitNode(ctx context.Context, url, cookie string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		login, err := readLogin(cookie)
		if err == nil {
			user, password, _ := strings.Cut(login, ":")
			cl := rpc.Client{URL: url, User: user, Password: password}
			if err = cl.Call(ctx, "uptime", nil, nil); err == nil {
				return login, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", fmt.Errorf("the node does not answer: %w", err)
		}
	}
}

// unusedAddr is an address of this machine that nobody listens on.
func unusedAddr(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
