package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node/rpc/table"
)

func rpcCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rpc METHOD [ARGUMENT ...]",
		Short: "Call a JSON-RPC method of the running node",
		Long: "Calls a method of the running node, as bitcoin-cli would. An argument that is\n" +
			"JSON (a number, true, [..], {..}) is sent as such, all else as a string; put\n" +
			"quotes inside quotes to send text that looks like JSON: '\"123\"'. A negative\n" +
			"number goes behind --: quern rpc METHOD -- -1.\n" +
			"`quern rpc help` lists the methods. The exit code is the error's code, mod 256.",
		Example: "  quern rpc getblockchaininfo\n  quern rpc getblock 0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206 2",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			params := make([]any, 0, len(args)-1)
			for _, a := range args[1:] {
				params = append(params, jsonOrText(a))
			}
			var result json.RawMessage
			err := s.call(cmd.Context(), args[0], params, &result)
			var fail *table.Error
			if errors.As(err, &fail) {
				return exitCode{
					code: max(fail.Code, -fail.Code) % 256,
					err:  fmt.Errorf("error code: %d\nerror message:\n%s", fail.Code, fail.Message),
				}
			}
			if err != nil {
				return err
			}
			var text string
			if json.Unmarshal(result, &text) == nil {
				if text != "" {
					fmt.Fprintln(cmd.OutOrStdout(), text)
				}
				return nil
			}
			return printJSON(cmd.OutOrStdout(), result)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w (a negative number goes behind --: quern rpc METHOD -- -1)", err)
	})
	return cmd
}

func jsonOrText(s string) any {
	if json.Valid([]byte(s)) {
		return json.RawMessage(s)
	}
	return s
}
