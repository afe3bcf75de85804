package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node"
	"github.com/quernnet/quern/node/rpc"
)

// client reaches the node that the configuration describes.
func (s *settings) client() (*rpc.Client, node.Config, error) {
	c, _, err := s.load()
	if err != nil {
		return nil, c, err
	}
	addr, err := rpcAddr(c)
	if err != nil {
		return nil, c, err
	}
	cl := &rpc.Client{URL: "http://" + addr, User: c.RPC.User, Password: c.RPC.Password}
	if cl.Password != "" {
		return cl, c, nil
	}
	if err := cl.ReadCookie(c.Dir()); errors.Is(err, fs.ErrNotExist) {
		return nil, c, notRunning(c)
	} else if err != nil {
		return nil, c, fmt.Errorf("RPC cookie: %w", err)
	}
	return cl, c, nil
}

func rpcAddr(c node.Config) (string, error) {
	if c.RPC.Listen != "" {
		return c.RPC.Listen, nil
	}
	p, err := c.Params()
	if err != nil {
		return "", err
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(p.RPCPort))), nil
}

func notRunning(c node.Config) error {
	return fmt.Errorf("no node is running on %s: start one with `quern run` and the same --datadir, --chain and --swarm", c.Dir())
}

// call invokes one method and puts connection errors in plain words.
func (s *settings) call(ctx context.Context, method string, params, result any) error {
	cl, c, err := s.client()
	if err != nil {
		return err
	}
	err = cl.Call(ctx, method, params, result)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return notRunning(c)
	}
	return err
}

// show calls a method and prints its result, as JSON or in words.
func show[T any](s *settings, cmd *cobra.Command, asJSON bool, method string, params any, words func(io.Writer, T) error) error {
	var result T
	if err := s.call(cmd.Context(), method, params, &result); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), result)
	}
	return words(cmd.OutOrStdout(), result)
}

// asJSON adds the flag --json.
func asJSON(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON")
}

func printJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}
