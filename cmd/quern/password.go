package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// passwordFlag adds --password-file. A password never stands on a command
// line, where every user of the machine could read it.
func passwordFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("password-file", "", "file whose first line is the wallet's password (default: QUERN_WALLET_PASSWORD, or asked for)")
}

// password comes from the file, the environment or the terminal, in that order.
// repeat asks twice, for a new password.
func password(cmd *cobra.Command, file string, repeat bool) (string, error) {
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("password: %w", err)
		}
		first, _, _ := strings.Cut(string(b), "\n")
		return strings.TrimSuffix(first, "\r"), nil
	}
	if p, ok := os.LookupEnv("QUERN_WALLET_PASSWORD"); ok {
		return p, nil
	}
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return "", errors.New("no terminal to ask for the wallet's password on: use --password-file or QUERN_WALLET_PASSWORD")
	}
	p, err := ask(cmd, in, "Password of the wallet: ")
	if err != nil || !repeat {
		return p, err
	}
	again, err := ask(cmd, in, "The same once more: ")
	if err != nil {
		return "", err
	}
	if p != again {
		return "", errors.New("the two passwords differ")
	}
	return p, nil
}

func ask(cmd *cobra.Command, fd int, prompt string) (string, error) {
	fmt.Fprint(cmd.ErrOrStderr(), prompt)
	b, err := term.ReadPassword(fd)
	fmt.Fprintln(cmd.ErrOrStderr())
	return string(b), err
}

// readWords reads recovery words from standard input, so that they stay off
// the command line as well.
func readWords(cmd *cobra.Command) (string, error) {
	if f, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(cmd.ErrOrStderr(), "The words, on one line: ")
	}
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if words := strings.Join(strings.Fields(line), " "); words != "" {
		return words, nil
	}
	return "", errors.Join(errors.New("no words on standard input"), err)
}
